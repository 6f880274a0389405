#pragma once

#include <string>
#include <string_view>

#include "description/sentence_piece.h"

namespace kerf::formats::tokenizer_files {

/// Reads a tokenizer.model: the protocol buffer ModelProto of the SentencePiece library (sentencepiece_model.proto), as
/// far as it says how texts are cut. Error(kInput) naming `file` and the place: pieces that are empty, long, twice
/// there or no UTF-8; no unknown piece, or several; scores that are not finite; pieces of bytes that do not fit
/// byte_fallback. The charsmap is handed on as it is: text::CharacterMap checks it.
description::SentencePieceModel parse_sentence_piece_model(std::string_view bytes, const std::string& file);

}  // namespace kerf::formats::tokenizer_files
