#include "ops/strided_copy.h"

#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

template <typename T>
Tensor counted(Shape shape) {
  Tensor tensor(DTypeOf<T>::value, std::move(shape));
  std::iota(tensor.values<T>().begin(), tensor.values<T>().end(), T{0});
  return tensor;
}

template <typename T>
std::vector<T> values(const Tensor& tensor) {
  return {tensor.values<T>().begin(), tensor.values<T>().end()};
}

template <typename T>
class StridedCopy : public testing::Test {};
using Elements = testing::Types<std::int8_t, std::uint16_t, float, std::int64_t>;
TYPED_TEST_SUITE(StridedCopy, Elements);

TYPED_TEST(StridedCopy, TransposesSlicesAndReverses) {
  using T = TypeParam;
  const Tensor source = counted<T>({2, 3});  // 0 1 2 / 3 4 5
  EXPECT_EQ(values<T>(strided_copy(source, {3, 2}, 0, {1, 3})), (std::vector<T>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(values<T>(strided_copy(source, {2, 2}, 1, {3, 1})), (std::vector<T>{1, 2, 4, 5}));
  EXPECT_EQ(values<T>(strided_copy(source, {2, 3}, 5, {-3, -1})), (std::vector<T>{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(values<T>(strided_copy(source, {2, 2}, 2, {0, 3})), (std::vector<T>{2, 5, 2, 5}));
  EXPECT_EQ(values<T>(strided_copy(source, {}, 4, {})), (std::vector<T>{4}));
  EXPECT_EQ(strided_copy(source, {0, 3}, 0, {3, 1}).size(), 0);
}

TEST(StridedCopyStrides, AreRowMajor) {
  EXPECT_EQ(row_major_strides({2, 3, 4}), (std::vector<std::int64_t>{12, 4, 1}));
  EXPECT_TRUE(row_major_strides({}).empty());
}

/// Slice's parameters come from files: extremes must neither overflow nor read outside.
TEST(StridedCopySlices, ExtremeParametersStayInside) {
  constexpr auto kLow = std::numeric_limits<std::int64_t>::min(), kHigh = std::numeric_limits<std::int64_t>::max();
  const auto slice = [](std::int64_t start, std::int64_t end, std::int64_t step) {
    const auto one = [](std::int64_t v) { return test::tensor_of<std::int64_t>({1}, {v}); };
    return values<float>(
        test::run_op({.op = "Slice", .inputs = {counted<float>({4}), one(start), one(end), one(0), one(step)}})[0]);
  };
  EXPECT_EQ(slice(kLow, kHigh, 1), (std::vector<float>{0, 1, 2, 3}));
  EXPECT_EQ(slice(kHigh, kLow, -1), (std::vector<float>{3, 2, 1, 0}));
  EXPECT_EQ(slice(0, kHigh, kHigh), (std::vector<float>{0}));
  EXPECT_EQ(slice(kHigh, kLow, kLow), (std::vector<float>{3}));
  EXPECT_EQ(slice(kHigh, kHigh, 1), (std::vector<float>{}));
  EXPECT_EQ(slice(-2, -1, 1), (std::vector<float>{2}));
}

}  // namespace
}  // namespace kerf::ops
