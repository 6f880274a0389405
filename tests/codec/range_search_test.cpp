#include "codec/range_search.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "codec/weighted_rounding.h"
#include "tests/codec/quantize.h"

namespace kerf::codec {
namespace {

float error_of(const Grid& grid, std::span<const float> values, std::span<const float> importance,
               const GroupParams& params) {
  return WeightedRounding(grid, values, importance).round(params);
}

GroupParams search(const Scheme& scheme, std::span<const float> values, std::span<const float> importance) {
  const auto grid = make_grid(scheme);
  bool overflow = false;
  return search_params(*grid, scheme, values, importance, grid->fit(values, overflow));
}

/// The least error that any scale in small steps has, of either sign.
float best_symmetric(const Scheme& scheme, std::span<const float> values, std::span<const float> importance) {
  const auto grid = make_grid(scheme);
  bool overflow = false;
  const GroupParams start = grid->fit(values, overflow);
  float least = std::numeric_limits<float>::infinity();
  for (int i = -1300; i <= 1300; ++i) {
    least = std::min(least,
                     error_of(*grid, values, importance, {start.scale * static_cast<float>(i) / 1000, start.zero, 0}));
  }
  return least;
}

TEST(RangeSearch, ComesNearTheBestScaleThereIs) {
  for (const char* name : {"int4-g32", "int3-g32", "iq4_nl", "nf4-g32"}) {
    Scheme scheme = parse_scheme(name);
    double found = 0, best = 0, by_range = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const std::vector<float> values = random_weights(seed, 32);
      std::vector<float> importance = random_weights(seed + 100, 32);
      for (float& value : importance) value = std::abs(value) * 100;
      const auto grid = make_grid(scheme);
      bool overflow = false;
      found += error_of(*grid, values, importance, search(scheme, values, importance));
      best += best_symmetric(scheme, values, importance);
      by_range += error_of(*grid, values, importance, grid->fit(values, overflow));
    }
    EXPECT_LT(found, 1.06 * best) << name;
    EXPECT_GT(by_range, 1.1 * best) << name;
  }
}

TEST(RangeSearch, ValuesOfTheGridAreFoundExactly) {
  // A line from 0.25 in steps of 0.125: 16 values.
  std::vector<float> values;
  for (int i = 0; i < 16; ++i) values.push_back(0.25F + 0.125F * static_cast<float>(i));
  const Scheme scheme = parse_scheme("int4-g16-min");
  EXPECT_EQ(error_of(*make_grid(scheme), values, {}, search(scheme, values, {})), 0);
}

TEST(RangeSearch, MinimaStayBelowZeroWhereTheyMust) {
  const Scheme scheme = parse_scheme("int4-g32-min");
  const auto grid = make_grid(scheme);
  std::vector<float> values = random_weights(3, 32);
  for (float& value : values) value = std::abs(value) + 0.01F;
  const GroupParams start{0.05F / 15, 0, 0};
  const GroupParams found = search_params(*grid, scheme, values, {}, start, -1);
  EXPECT_LE(found.minimum, 0);
  EXPECT_LE(error_of(*grid, values, {}, found), error_of(*grid, values, {}, start));
  EXPECT_GT(search_params(*grid, scheme, values, {}, start).minimum, 0);
}

}  // namespace
}  // namespace kerf::codec
