#pragma once

#include <memory>
#include <string>

#include "text/sentence_piece/piece_sink.h"
#include "text/sentence_piece/piece_table.h"

namespace kerf::text {

/// Cuts normalized texts into pieces, as one kind of SentencePiece models does. Const and thread-safe.
class PieceCutter {
 public:
  virtual ~PieceCutter() = default;
  virtual void cut(std::string normalized, PieceSink& sink) const = 0;
};

// `table` must outlive what they make.

/// The pieces with the best sum of scores.
std::unique_ptr<PieceCutter> make_unigram_cutter(const PieceTable& table);
/// Characters, and again and again of all neighbours that are a piece together those with the best score, the leftmost
/// of several, become it.
std::unique_ptr<PieceCutter> make_bpe_cutter(const PieceTable& table);
/// What stands between spaces.
std::unique_ptr<PieceCutter> make_word_cutter(const PieceTable& table);
std::unique_ptr<PieceCutter> make_character_cutter(const PieceTable& table);

}  // namespace kerf::text
