#pragma once

#include <memory>

#include "description/sentence_piece.h"
#include "text/model.h"

namespace kerf::text {

/// A SentencePiece model as classes of transformers use it. `json` says what stands around it:
///
/// vocab                     every piece and its id; the model's own id plus id_offset, unless they differ here
/// prefix                    what is put before a text, once; null: what the model itself adds to each part of one
/// keeps_spaces_after        a text that goes before a part that begins with a space, so that the model does not take
///                           the space away, and is cut off again; the space's own sign in a text then is a space;
///                           null: none of that
/// splits_comma_after_digit  pieces such as "9," become that of "9" and that of "," (ALBERT)
///
/// Error(kInput) naming the file if the model's table of characters is not sound.
std::unique_ptr<Model> make_sentence_piece_model(std::shared_ptr<const description::SentencePieceModel> model,
                                                 const JsonCursor& json);

}  // namespace kerf::text
