#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "eval/scorer.h"
#include "sweep/walker.h"
#include "text/windows.h"

namespace kerf::eval {

/// Places whose logits exist at once, per subject and thread.
inline constexpr std::size_t kTilePlaces = 64;

/// A model under measurement: a graph, perhaps with an overlay, and its stream over the text.
struct Subject {
  const sweep::Walker* walker = nullptr;
  const sweep::Overlay* overlay = nullptr;  ///< null: the graph as it is
  sweep::Stream stream;                     ///< of all windows, or only the first of them: then only those are measured
};

/// Measures several models on one text together, so that no logits are ever stored: all streams are walked to the last
/// block, and that block (the head) runs on the scored places alone, in tiles of them, for all subjects at once. With a
/// reference, subject 0 is it.
class Evaluator {
 public:
  /// `windows`, of which the places count, must outlive this. `classes`: of classifiers, whose whole distributions are
  /// kept; 0: language models. `reverse_kl`: measure it too.
  Evaluator(std::span<const text::Window> windows, bool has_reference, std::int64_t classes = 0,
            bool reverse_kl = false);

  /// Returns its index.
  std::size_t add(Subject subject);
  /// Walks one subject over a block; the last block is left to finish(). `shared`: operands of the subject's graph
  /// without an overlay, or null.
  void advance(std::size_t subject, const sweep::Block& block, const sweep::Operands* shared);
  /// Runs the last block of all subjects and measures. Series in the order of add(), their places in text order.
  /// `heads_at_once`: whose last blocks' weights may be in memory together, the reference and another at least; with
  /// fewer than there are subjects, the reference's last block runs again for each few.
  std::vector<Series> finish(std::size_t heads_at_once = std::numeric_limits<std::size_t>::max());

  /// Places in the first `count` windows.
  std::size_t places_in(std::size_t count) const;

 private:
  struct Head;
  /// Of the subjects from `next` on, behind the reference's. Returns the subject behind them.
  std::size_t make_heads(std::size_t next, std::size_t at_once, std::vector<Head>& heads) const;
  void score_window(std::size_t window, std::size_t first, const std::vector<Head>& heads,
                    std::vector<Series>& series) const;

  std::span<const text::Window> windows_;
  bool has_reference_;
  std::int64_t classes_;
  bool reverse_kl_;
  std::vector<Subject> subjects_;
};

}  // namespace kerf::eval
