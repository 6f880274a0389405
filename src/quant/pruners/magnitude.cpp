#include <algorithm>
#include <cmath>
#include <vector>

#include "core/threads.h"
#include "quant/pruner.h"

namespace kerf::quant {
namespace {

PruneOutcome prune(const PruneProblem& problem, const GroupState* /*state*/) {
  PruneOutcome outcome{problem.weights.clone()};
  const auto values = outcome.weights.values<float>();
  const std::size_t cols = static_cast<std::size_t>(problem.weights.dim(1));
  std::vector<float> scores(values.size());
  std::transform(values.begin(), values.end(), scores.begin(), [](float v) { return std::abs(v); });
  if (!problem.pattern.by_group()) {
    zero_lowest(scores, problem.pattern.zeros_of(std::ssize(values)), values);
    return outcome;
  }
  parallel_for(problem.weights.dim(0), [&](std::int64_t row) {
    const std::size_t at = static_cast<std::size_t>(row) * cols;
    zero_row(std::span<const float>(scores).subspan(at, cols), problem.pattern, values.subspan(at, cols));
  });
  return outcome;
}

}  // namespace

extern const PrunerInfo magnitude_pruner;
const PrunerInfo magnitude_pruner{
    .name = "magnitude",
    .summary = "the smallest of a matrix (of each M with N:M) become zero",
    .source = "Han et al. 2015, arXiv:1506.02626",
    .observers = {},
    .prepare = nullptr,
    .prune = prune,
};

}  // namespace kerf::quant
