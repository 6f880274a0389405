#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "text/sentence_piece/piece_cutter.h"
#include "text/sentence_piece/piece_normalizer.h"

namespace kerf::text {

/// Cuts texts into the pieces of a SentencePiece model, as the SentencePiece library does
/// (SentencePieceProcessor::Encode of version 0.1.97 and later; tests/oracle compares them). Const and thread-safe.
class PieceEncoder {
 public:
  /// Error(kInput) naming `file` if the model's charsmap is not sound.
  PieceEncoder(std::shared_ptr<const description::SentencePieceModel> model, const std::string& file);
  PieceEncoder(const PieceEncoder&) = delete;  // its parts refer to each other

  /// Appends the ids of the pieces of valid UTF-8, and the number of characters that have none.
  void encode(std::string_view text, EncodedIds& out) const;
  const PieceTable& table() const { return table_; }

 private:
  PieceTable table_;
  PieceNormalizer normalizer_;
  std::unique_ptr<PieceCutter> cutter_;
};

}  // namespace kerf::text
