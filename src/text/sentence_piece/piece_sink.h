#pragma once

#include <string_view>

#include "text/model.h"
#include "text/sentence_piece/piece_table.h"

namespace kerf::text {

/// Takes the pieces of one text in order and makes ids of them: a run of what has no piece is one unknown piece, or
/// with byte_fallback the pieces of its bytes.
class PieceSink {
 public:
  /// Appends to `out`; both must outlive it.
  PieceSink(const PieceTable& table, EncodedIds& out) : table_(table), out_(out), begin_(out.ids.size()) {}

  /// `id` is the unknown piece's where `text` has none.
  void append(std::int32_t id, std::string_view text);
  EncodedIds& out() { return out_; }

 private:
  const PieceTable& table_;
  EncodedIds& out_;
  std::size_t begin_;  ///< where the text's ids begin
};

}  // namespace kerf::text
