#include "quant/allocation.h"

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::quant {
namespace {

AllocationProblem random_problem(std::uint64_t seed) {
  Random random(seed);
  AllocationProblem problem(6);
  for (auto& options : problem) {
    for (int i = 0; i < 4; ++i) options.push_back({random.uniform(), 1 + random.below(30)});
  }
  return problem;
}

/// The best of all combinations.
double best_loss(const AllocationProblem& problem, std::uint64_t budget) {
  double best = 1e9;
  for (std::size_t code = 0; code < 4096; ++code) {
    Allocation allocation;
    for (std::size_t site = 0; site < 6; ++site) allocation.push_back(code >> (2 * site) & 3);
    if (total_bytes(problem, allocation) <= budget) best = std::min(best, total_loss(problem, allocation));
  }
  return best;
}

TEST(Allocate, IsNearTheBestOfAllCombinationsAndWithinTheBudget) {
  double greedy = 0, best = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const AllocationProblem problem = random_problem(seed);
    const std::uint64_t budget = 100 + seed;
    const Allocation allocation = allocate_bytes(problem, budget);
    ASSERT_EQ(allocation.size(), 6U);
    EXPECT_LE(total_bytes(problem, allocation), budget);
    greedy += total_loss(problem, allocation);
    best += best_loss(problem, budget);
  }
  EXPECT_LT(greedy, 1.1 * best);
}

TEST(Allocate, ALimitOfTheLossIsKeptWithFewBytes) {
  const AllocationProblem problem = random_problem(3);
  const Allocation richest = allocate_loss(problem, 2.0);
  ASSERT_FALSE(richest.empty());
  EXPECT_LE(total_loss(problem, richest), 2.0);
  const Allocation poorer = allocate_loss(problem, 3);
  EXPECT_LE(total_loss(problem, poorer), 3);
  EXPECT_LE(total_bytes(problem, poorer), total_bytes(problem, richest));
}

TEST(Allocate, WhatCannotBeReachedIsEmpty) {
  const AllocationProblem problem = {{{0.5, 10}, {0.1, 20}}};
  EXPECT_TRUE(allocate_bytes(problem, 9).empty());
  EXPECT_TRUE(allocate_loss(problem, 0.05).empty());
  EXPECT_EQ(allocate_bytes(problem, 19), Allocation{0});
  EXPECT_EQ(allocate_bytes(problem, 20), Allocation{1});
}

/// What is worse for more bytes, or above the line between its neighbours, is passed over.
TEST(Allocate, DominatedOptionsAreNeverTaken) {
  const AllocationProblem problem = {{{1, 10}, {2, 15}, {0.9, 20}, {0.1, 30}}};
  for (std::uint64_t budget = 10; budget < 40; ++budget) {
    const Allocation allocation = allocate_bytes(problem, budget);
    EXPECT_EQ(allocation.front(), budget < 30 ? 0U : 3U) << budget;
  }
}

}  // namespace
}  // namespace kerf::quant
