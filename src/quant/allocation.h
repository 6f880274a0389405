#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kerf::quant {

/// One scheme that a site may have: what it costs in quality, and its bytes.
struct AllocationOption {
  double loss = 0;
  std::uint64_t bytes = 0;
};
/// By site; each has at least one option.
using AllocationProblem = std::vector<std::vector<AllocationOption>>;
/// The option of each site.
using Allocation = std::vector<std::size_t>;

/// Least sum of losses with a sum of bytes within `budget`: steps along each site's lower convex hull, the steepest
/// first (the Lagrangian solution, then whatever still fits). Empty if the smallest options do not fit.
Allocation allocate_bytes(const AllocationProblem& problem, std::uint64_t budget);
/// Least sum of bytes with a sum of losses of at most `limit`, by the same steps. Empty if the best options do not
/// reach it.
Allocation allocate_loss(const AllocationProblem& problem, double limit);

double total_loss(const AllocationProblem& problem, const Allocation& allocation);
std::uint64_t total_bytes(const AllocationProblem& problem, const Allocation& allocation);

}  // namespace kerf::quant
