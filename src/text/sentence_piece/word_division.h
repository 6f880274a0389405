#pragma once

#include <string_view>
#include <vector>

#include "text/pieces.h"
#include "text/sentence_piece/piece_table.h"

namespace kerf::text {

/// Divides a normalized text into words that no merge of a SentencePiece model joins, so that each can be cut by
/// itself: at spaces, on the side of them where no piece goes on, and around user-defined pieces.
class WordDivision {
 public:
  /// `table` must outlive it.
  explicit WordDivision(const PieceTable& table);
  std::vector<Span> divide(std::string_view text) const;

 private:
  const PieceTable& table_;
  bool before_spaces_ = true, behind_spaces_ = true;
};

}  // namespace kerf::text
