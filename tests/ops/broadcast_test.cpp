#include "ops/broadcast.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

/// Element of `x` that meets index `flat` of a result of `shape`.
float meeting(const Tensor& x, const Shape& shape, std::int64_t flat) {
  std::int64_t offset = 0, step = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t extent = shape[shape.size() - 1 - i], at = flat % extent;
    flat /= extent;
    if (i >= x.rank()) continue;
    const std::int64_t own = x.dim(x.rank() - 1 - i);
    if (own > 1) offset += at * step;
    step *= own;
  }
  return x.data<float>()[offset];
}

TEST(Broadcast, EveryKindOfMeeting) {
  const std::vector<std::pair<Shape, Shape>> pairs = {{{4, 5}, {4, 5}},
                                                      {{4, 5}, {5}},
                                                      {{5}, {4, 5}},
                                                      {{4, 5}, {4, 1}},
                                                      {{4, 1}, {1, 5}},
                                                      {{}, {3}},
                                                      {{3}, {}},
                                                      {{}, {}},
                                                      {{2, 3, 4}, {3, 1}},
                                                      {{2, 1, 4}, {1, 3, 1}},
                                                      {{2, 3, 4}, {1}},
                                                      {{1, 1}, {2, 1, 3}},
                                                      {{2, 3, 4, 5}, {3, 1, 5}},
                                                      {{70000}, {70000}},
                                                      {{300, 300}, {300, 1}}};
  for (const auto& [a_shape, b_shape] : pairs) {
    const Tensor a = test::random_tensor(a_shape, 1), b = test::random_tensor(b_shape, 2);
    const Tensor found = test::run_op({.op = "Sub", .inputs = {a, b}})[0];
    const Shape shape = broadcast_shape(a_shape, b_shape);
    ASSERT_EQ(found.shape(), shape);
    for (std::int64_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found.data<float>()[i], meeting(a, shape, i) - meeting(b, shape, i))
          << to_string(a_shape) << " with " << to_string(b_shape) << " at " << i;
    }
  }
}

TEST(Broadcast, UsesAsFewAxesAsPossible) {
  EXPECT_EQ(Broadcast({2, 3, 4}, {2, 3, 4}, {2, 3, 4}).axes.size(), 1U);
  EXPECT_EQ(Broadcast({2, 3, 4}, {4}, {2, 3, 4}).axes.size(), 2U);
  EXPECT_EQ(Broadcast({2, 3, 4}, {3, 4}, {2, 3, 4}).axes.size(), 2U);
  EXPECT_EQ(Broadcast({2, 3, 4}, {1}, {2, 3, 4}).axes.size(), 1U);
  EXPECT_EQ(Broadcast({1, 1}, {1}, {1, 1}).axes.size(), 1U);
}

TEST(Broadcast, IntegersWrapAndDivideTowardsZero) {
  constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
  const auto integers = [](std::vector<std::int64_t> v) {
    return test::tensor_of<std::int64_t>({static_cast<std::int64_t>(v.size())}, v);
  };
  const auto run = [&](std::string op, std::vector<std::int64_t> a, std::vector<std::int64_t> b) {
    const Tensor found = test::run_op({.op = std::move(op), .inputs = {integers(a), integers(b)}})[0];
    return std::vector<std::int64_t>(found.values<std::int64_t>().begin(), found.values<std::int64_t>().end());
  };
  EXPECT_EQ(run("Div", {7, -7, 5, kLowest}, {2, 2, 0, -1}), (std::vector<std::int64_t>{3, -3, 0, kLowest}));
  EXPECT_EQ(run("Sub", {kLowest, 3}, {1, 5}),
            (std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::max(), -2}));
  EXPECT_EQ(run("Mul", {kLowest, 3}, {2, 5}), (std::vector<std::int64_t>{0, 15}));
  EXPECT_EQ(run("Add", {1, 2}, {10, 20}), (std::vector<std::int64_t>{11, 22}));
}

}  // namespace
}  // namespace kerf::ops
