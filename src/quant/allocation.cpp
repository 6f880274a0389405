#include "quant/allocation.h"

#include <algorithm>

namespace kerf::quant {
namespace {

/// Options on a site's lower convex hull, by rising bytes and falling loss.
std::vector<std::size_t> hull_of(const std::vector<AllocationOption>& options) {
  std::vector<std::size_t> order(options.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return options[a].bytes != options[b].bytes ? options[a].bytes < options[b].bytes
                                                : options[a].loss < options[b].loss;
  });
  const auto slope = [&](std::size_t a, std::size_t b) {
    return (options[a].loss - options[b].loss) / static_cast<double>(options[b].bytes - options[a].bytes);
  };
  std::vector<std::size_t> hull;
  for (const std::size_t i : order) {
    if (!hull.empty() &&
        (options[i].loss >= options[hull.back()].loss || options[i].bytes == options[hull.back()].bytes))
      continue;
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) <= slope(hull.back(), i)) hull.pop_back();
    hull.push_back(i);
  }
  return hull;
}

/// From one hull option of a site to the next.
struct Step {
  std::size_t site = 0, to = 0;  ///< place in the site's hull
  double gain = 0;
  std::uint64_t bytes = 0;
  double slope() const { return gain / static_cast<double>(bytes); }
};

struct Ladder {
  std::vector<std::vector<std::size_t>> hulls;
  std::vector<Step> steps;  ///< steepest first; a site's own in their order, since its hull is convex
};

Ladder make_ladder(const AllocationProblem& problem) {
  Ladder ladder;
  for (std::size_t site = 0; site < problem.size(); ++site) {
    ladder.hulls.push_back(hull_of(problem[site]));
    const auto& hull = ladder.hulls.back();
    for (std::size_t i = 1; i < hull.size(); ++i) {
      const AllocationOption &from = problem[site][hull[i - 1]], &to = problem[site][hull[i]];
      ladder.steps.push_back({site, i, from.loss - to.loss, to.bytes - from.bytes});
    }
  }
  std::stable_sort(ladder.steps.begin(), ladder.steps.end(),
                   [](const Step& a, const Step& b) { return a.slope() > b.slope(); });
  return ladder;
}

Allocation smallest(const Ladder& ladder) {
  Allocation allocation;
  for (const auto& hull : ladder.hulls) allocation.push_back(hull.front());
  return allocation;
}

}  // namespace

double total_loss(const AllocationProblem& problem, const Allocation& allocation) {
  double sum = 0;
  for (std::size_t site = 0; site < problem.size(); ++site) sum += problem[site][allocation[site]].loss;
  return sum;
}

std::uint64_t total_bytes(const AllocationProblem& problem, const Allocation& allocation) {
  std::uint64_t sum = 0;
  for (std::size_t site = 0; site < problem.size(); ++site) sum += problem[site][allocation[site]].bytes;
  return sum;
}

Allocation allocate_bytes(const AllocationProblem& problem, std::uint64_t budget) {
  const Ladder ladder = make_ladder(problem);
  Allocation allocation = smallest(ladder);
  std::uint64_t used = total_bytes(problem, allocation);
  if (used > budget) return {};
  std::vector<std::size_t> reached(problem.size(), 0);
  for (const Step& step : ladder.steps) {
    // A step that did not fit ends its site's way.
    if (step.to != reached[step.site] + 1 || step.bytes > budget - used) continue;
    used += step.bytes;
    reached[step.site] = step.to;
    allocation[step.site] = ladder.hulls[step.site][step.to];
  }
  return allocation;
}

Allocation allocate_loss(const AllocationProblem& problem, double limit) {
  const Ladder ladder = make_ladder(problem);
  Allocation allocation = smallest(ladder);
  double loss = total_loss(problem, allocation);
  for (const Step& step : ladder.steps) {
    if (loss <= limit) break;
    loss -= step.gain;
    allocation[step.site] = ladder.hulls[step.site][step.to];
  }
  return total_loss(problem, allocation) <= limit ? allocation : Allocation{};
}

}  // namespace kerf::quant
