#include "ops/pooling.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

using I = std::int64_t;
using Ints = std::vector<I>;

std::vector<float> pooled(const char* op, graph::Attributes attributes) {
  const Tensor x = test::tensor_of<float>({1, 1, 5}, {1, 4, 2, 8, 6});
  const Tensor y = test::run_op({.op = op, .inputs = {x}, .attributes = std::move(attributes)})[0];
  return {y.data<float>(), y.data<float>() + y.size()};
}

TEST(Pooling, MeansCountPaddingOnlyIfAsked) {
  graph::Attributes attributes = {{"kernel_shape", Ints{3}}, {"pads", Ints{1, 1}}, {"strides", Ints{2}}};
  EXPECT_EQ(pooled("AveragePool", attributes), (std::vector<float>{2.5F, 14.0F / 3, 7}));
  attributes.set("count_include_pad", I{1});
  EXPECT_EQ(pooled("AveragePool", attributes), (std::vector<float>{5.0F / 3, 14.0F / 3, 14.0F / 3}));
}

/// What lies behind the padding is never counted.
TEST(Pooling, AWindowThatReachesBeyondIsShorter) {
  const graph::Attributes attributes = {
      {"kernel_shape", Ints{2}}, {"strides", Ints{2}}, {"ceil_mode", I{1}}, {"count_include_pad", I{1}}};
  EXPECT_EQ(pooled("AveragePool", attributes), (std::vector<float>{2.5F, 5, 6}));
  EXPECT_EQ(pooled("MaxPool", attributes), (std::vector<float>{4, 8, 6}));
}

TEST(Pooling, WhereTheLargestIsFollowsTheStorageOrder) {
  const Tensor x = test::tensor_of<float>({1, 2, 2, 2}, {0, 3, 1, 2, 9, 8, 7, 6});
  graph::Attributes attributes = {{"kernel_shape", Ints{2, 2}}};
  const auto places = [&] {
    const Tensor indices = test::run_op({.op = "MaxPool", .inputs = {x}, .attributes = attributes, .outputs = 2})[1];
    return Ints(indices.data<I>(), indices.data<I>() + indices.size());
  };
  EXPECT_EQ(places(), (Ints{1, 4}));
  attributes.set("storage_order", I{1});
  EXPECT_EQ(places(), (Ints{2, 4}));
}

TEST(Pooling, WhatDoesNotFitIsRefused) {
  test::expect_error(ErrorCode::kInput, "attribute kernel_shape is missing", [] { pooled("MaxPool", {}); });
  test::expect_error(ErrorCode::kInput, "expected 3 axes or more", [] {
    pooling_window(test::node_of({.op = "MaxPool"}), {3, 4});
  });
  test::expect_error(ErrorCode::kInput, "attribute kernel_shape: found [1073741824]", [] {
    pooled("MaxPool", {{"kernel_shape", Ints{I{1} << 30}}, {"pads", Ints{I{1} << 30, I{1} << 30}}});
  });
}

/// A pool of constants is computed on reading: few bytes must not ask for 2^40 terms.
TEST(Pooling, ManyTermsOfConstantsAreRefused) {
  constexpr I kTaps = I{1} << 20;
  const graph::Attributes attributes = {{"kernel_shape", Ints{kTaps}}, {"pads", Ints{kTaps - 1, kTaps - 1}}};
  TensorSpec x{DType::kF32, {1, 1, 5}};
  const SlidingWindow window = pooling_window(test::node_of({.op = "MaxPool", .attributes = attributes}), x.shape);
  EXPECT_EQ(pooled_shape(x, window), (Shape{1, 1, kTaps + 4}));
  x.known = test::tensor_of<float>({1, 1, 5}, {1, 4, 2, 8, 6});
  test::expect_error(ErrorCode::kInput, "a pool of constants with too many terms", [&] { pooled_shape(x, window); });
}

}  // namespace
}  // namespace kerf::ops
