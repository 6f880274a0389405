#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "eval/scorer.h"
#include "sweep/walker.h"

namespace kerf::eval {

/// One window's ids and which predictions in it count: positions [first_scored, ids.size() - 1), each predicting the
/// token after it.
struct ScoredWindow {
  std::vector<std::int64_t> ids;
  std::int64_t first_scored = 0;
  std::int64_t scored() const { return static_cast<std::int64_t>(ids.size()) - 1 - first_scored; }
};

/// A model under measurement: a graph, perhaps with an overlay, and its stream over the text.
struct Subject {
  const sweep::Walker* walker = nullptr;
  const sweep::Overlay* overlay = nullptr;  ///< null: the graph as it is
  sweep::Stream stream;
};

/// Measures several models on one text together, so that no logits are ever stored: all streams are walked to the last
/// block, and that block (the head) runs in tiles of positions for all subjects at once. With a reference, subject 0 is
/// it.
class Evaluator {
 public:
  Evaluator(std::vector<ScoredWindow> windows, bool has_reference)
      : windows_(std::move(windows)), has_reference_(has_reference) {}

  /// Returns its index.
  std::size_t add(Subject subject);
  /// Walks one subject over a block; the last block is left to finish(). `shared`: operands of the subject's graph
  /// without an overlay, or null.
  void advance(std::size_t subject, const sweep::Block& block, const sweep::Operands* shared);
  /// Runs the last block of all subjects and measures. Series in the order of add().
  std::vector<Series> finish();

  std::int64_t positions() const;

 private:
  struct Head;
  void score_window(std::size_t window, std::size_t first, std::vector<Head>& heads, std::vector<Series>& series) const;

  std::vector<ScoredWindow> windows_;
  bool has_reference_;
  std::vector<Subject> subjects_;
};

}  // namespace kerf::eval
