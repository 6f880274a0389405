#pragma once

#include <memory>
#include <string>

#include "text/model.h"

namespace kerf::text {

/// A model that the SentencePiece library cuts text by. `model` holds the bytes of a tokenizer.model whose contents
/// were checked when they were read: the library trusts them. `json` says what stands around the library:
///
/// vocab                     every piece and its id; ids of the library's own plus id_offset, unless they differ here
/// unk_token                 the library's unknown piece
/// prefix                    what is put before a text, once; null: what the model itself adds to each part of one
/// keeps_spaces_after        a text that goes before a part that begins with a space, so that the library does not take
///                           the space away, and is cut off again; the space's own sign in a text then is a space;
///                           null: none of that
/// splits_comma_after_digit  pieces such as "9," become that of "9" and that of "," (ALBERT)
///
/// Error(kInput) naming the file if the library refuses the model.
std::unique_ptr<Model> make_sentence_piece_model(const std::string& model, const JsonCursor& json);

}  // namespace kerf::text
