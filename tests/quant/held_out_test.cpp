#include "quant/held_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::size_t> held_out_of(std::size_t windows, double share) {
  const WindowSplit split(windows, share);
  std::vector<std::size_t> held;
  for (std::size_t w = 0; w < windows; ++w) {
    if (split.holds_out(w)) held.push_back(w);
  }
  EXPECT_EQ(held.size(), split.count());
  return held;
}

TEST(WindowSplit, IsEvenlySpread) {
  EXPECT_THAT(held_out_of(16, 0.125), ElementsAre(7, 15));
  EXPECT_THAT(held_out_of(10, 0.1), ElementsAre(9));
  EXPECT_THAT(held_out_of(6, 0.5), ElementsAre(1, 3, 5));
  EXPECT_EQ(held_out_of(128, 0.125).size(), 16U);
}

TEST(WindowSplit, OfEightWindowsAtLeastOne) {
  EXPECT_THAT(held_out_of(8, 0.01), ElementsAre(7));
  EXPECT_THAT(held_out_of(7, 0.01), IsEmpty());
  EXPECT_THAT(held_out_of(8, 0), IsEmpty());
  EXPECT_FALSE(WindowSplit().any());
  EXPECT_FALSE(WindowSplit().holds_out(0));
}

/// What is held out and the rest are all there is; the drift too.
TEST(InputCollector, PartsAddUp) {
  constexpr std::int64_t kCols = 6, kRows = 5;
  InputCollector collector(kCols, {"outer_product", "sum_squares"}, WindowSplit(8, 0.25));
  Statistics rest(kCols, {"outer_product", "sum_squares"}), held(rest);
  held = Statistics(kCols, {"outer_product", "sum_squares"});
  for (std::size_t w = 0; w < 8; ++w) {
    const Tensor x = test::random_normal({kRows, kCols}, static_cast<unsigned>(w + 1));
    const Tensor r = test::random_normal({kRows, kCols}, static_cast<unsigned>(w + 100));
    Statistics& part = w % 4 == 3 ? held : rest;
    part.observe(x.data<float>(), kRows);
    part.observe_drift(r.data<float>(), x.data<float>(), kRows);
    collector.observe(w, x.data<float>(), kRows);
    collector.observe_drift(w, r.data<float>(), x.data<float>(), kRows);
  }
  const SeenInputs seen = collector.finish();
  EXPECT_EQ(seen.all->tokens(), 8 * kRows);
  EXPECT_EQ(seen.held_out->tokens(), 2 * kRows);
  const Statistics without = seen.all->without(*seen.held_out);
  EXPECT_EQ(without.tokens(), 6 * kRows);
  const auto near = [](const Tensor& a, const Tensor& b, double tolerance) {
    double largest = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(a.data<float>()[i] - b.data<float>()[i])));
    }
    return largest <= tolerance;
  };
  EXPECT_TRUE(near(seen.held_out->state("outer_product"), held.state("outer_product"), 0));
  EXPECT_TRUE(near(without.state("outer_product"), rest.state("outer_product"), 1e-4));
  EXPECT_TRUE(near(without.drift(), rest.drift(), 1e-4));
  EXPECT_FALSE(near(without.state("outer_product"), seen.all->state("outer_product"), 1e-1));
  for (std::int64_t c = 0; c < kCols; ++c) {
    EXPECT_NEAR(without.state("sum_squares").data<double>()[c], rest.state("sum_squares").data<double>()[c], 1e-9);
  }
}

}  // namespace
}  // namespace kerf::quant
