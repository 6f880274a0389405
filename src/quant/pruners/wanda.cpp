// Wanda (Sun et al. 2023, arXiv:2306.11695, equation 1): a weight counts as much as its magnitude times the norm of the
// inputs it multiplies, and is compared with the others of its row. What stays is not changed.
#include <cmath>
#include <vector>

#include "core/threads.h"
#include "quant/importance.h"
#include "quant/pruner.h"

namespace kerf::quant {
namespace {

PruneOutcome prune(const PruneProblem& problem, const GroupState* /*state*/) {
  PruneOutcome outcome{problem.weights.clone()};
  const auto values = outcome.weights.values<float>();
  const std::size_t cols = static_cast<std::size_t>(problem.weights.dim(1));
  const std::vector<double> energies = channel_energies(*problem.statistics);
  parallel_for(problem.weights.dim(0), [&](std::int64_t row) {
    const auto part = values.subspan(static_cast<std::size_t>(row) * cols, cols);
    std::vector<float> scores(cols);
    for (std::size_t c = 0; c < cols; ++c) {
      scores[c] = static_cast<float>(std::abs(static_cast<double>(part[c])) * std::sqrt(energies[c]));
    }
    zero_row(scores, problem.pattern, part);
  });
  return outcome;
}

}  // namespace

extern const PrunerInfo wanda_pruner;
const PrunerInfo wanda_pruner{
    .name = "wanda",
    .summary = "those of least |weight| times root mean square of its input, row by row",
    .source = "Sun et al. 2023, arXiv:2306.11695, equation 1",
    .observers = {"sum_squares"},
    .prepare = nullptr,
    .prune = prune,
};

}  // namespace kerf::quant
