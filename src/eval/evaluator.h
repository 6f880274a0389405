#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "eval/scorer.h"
#include "sweep/walker.h"
#include "text/windows.h"

namespace kerf::eval {

/// A model under measurement: a graph, perhaps with an overlay, and its stream over the text.
struct Subject {
  const sweep::Walker* walker = nullptr;
  const sweep::Overlay* overlay = nullptr;  ///< null: the graph as it is
  sweep::Stream stream;
};

/// Measures several models on one text together, so that no logits are ever stored: all streams are walked to the last
/// block, and that block (the head) runs on the scored places alone, in tiles of them, for all subjects at once. With a
/// reference, subject 0 is it.
class Evaluator {
 public:
  /// `windows`, of which the places count, must outlive this. `classes`: of classifiers, whose whole distributions are
  /// kept; 0: language models.
  Evaluator(std::span<const text::Window> windows, bool has_reference, std::int64_t classes = 0);

  /// Returns its index.
  std::size_t add(Subject subject);
  /// Walks one subject over a block; the last block is left to finish(). `shared`: operands of the subject's graph
  /// without an overlay, or null.
  void advance(std::size_t subject, const sweep::Block& block, const sweep::Operands* shared);
  /// Runs the last block of all subjects and measures. Series in the order of add(), their places in text order.
  std::vector<Series> finish();

  std::int64_t positions() const;

 private:
  struct Head;
  void score_window(std::size_t window, std::size_t first, std::vector<Head>& heads, std::vector<Series>& series) const;

  std::span<const text::Window> windows_;
  bool has_reference_;
  std::int64_t classes_;
  std::vector<Subject> subjects_;
};

}  // namespace kerf::eval
