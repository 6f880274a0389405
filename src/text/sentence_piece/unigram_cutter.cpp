#include <limits>
#include <utility>
#include <vector>

#include "text/best_cut.h"
#include "text/sentence_piece/piece_cutter.h"

namespace kerf::text {
namespace {

using Type = PieceTable::Type;

/// Nearly 0, whatever the length, where normal pieces score below it as they do: better than they are.
double user_defined_score(std::size_t bytes, float best) {
  constexpr double kPenalty = 0.1;
  return double{static_cast<float>(bytes) * best} - kPenalty;
}

BestCut<float> best_cut_of(const PieceTable& table) {
  float worst = std::numeric_limits<float>::max(), best = std::numeric_limits<float>::min();
  for (const auto& piece : table.model().pieces) {
    if (piece.type != Type::kNormal) continue;
    worst = std::min(worst, piece.score);
    best = std::max(best, piece.score);
  }
  std::vector<TokenTrie::Entry> entries;
  std::vector<double> scores;
  for (std::int32_t id = 0; id < table.count(); ++id) {
    const auto& [text, score, type] = table.piece(id);
    scores.push_back(type == Type::kUserDefined ? user_defined_score(text.size(), best) : double{score});
    if (table.is_text(id) && type != Type::kUnused) entries.push_back({text, id});
  }
  const auto unknown_score = static_cast<float>(double{worst} - kUnknownPenalty);
  return {TokenTrie(entries), std::move(scores), unknown_score};
}

class UnigramCutter : public PieceCutter {
 public:
  explicit UnigramCutter(const PieceTable& table) : best_cut_(best_cut_of(table)), unknown_(table.unknown_id()) {}

  void cut(std::string text, PieceSink& sink) const override {
    BestCut<float>::Scratch scratch;
    const auto unknown_id = [&](std::string_view) { return unknown_; };
    best_cut_.run(text, scratch, unknown_id, [&](Span place, std::int32_t id) {
      sink.append(id, std::string_view(text).substr(place.begin, place.end - place.begin));
    });
  }

 private:
  BestCut<float> best_cut_;
  std::int32_t unknown_;
};

}  // namespace

std::unique_ptr<PieceCutter> make_unigram_cutter(const PieceTable& table) {
  return std::make_unique<UnigramCutter>(table);
}

}  // namespace kerf::text
