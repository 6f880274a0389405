#include "ops/convolution.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

using I = std::int64_t;
using Ints = std::vector<I>;

/// The definition, element by element.
Tensor by_definition(const Tensor& x, const Tensor& w, I groups, const SlidingWindow& window) {
  const I out = w.dim(0), each = w.dim(1), places = window.places(), taps = window.taps(), size = numel(window.in);
  Tensor y = Tensor::zeros(DType::kF32, {x.dim(0), out, places});
  const auto sources = window.sources(0, places);
  for (I n = 0; n < x.dim(0); ++n) {
    for (I o = 0; o < out; ++o) {
      for (I p = 0; p < places; ++p) {
        double sum = 0;
        for (I c = 0; c < each; ++c) {
          for (I t = 0; t < taps; ++t) {
            const I source = sources[static_cast<std::size_t>(t * places + p)];
            if (source < 0) continue;
            const I channel = o / (out / groups) * each + c;
            sum += static_cast<double>(x.data<float>()[(n * x.dim(1) + channel) * size + source]) *
                   static_cast<double>(w.data<float>()[(o * each + c) * taps + t]);
          }
        }
        y.data<float>()[(n * out + o) * places + p] = static_cast<float>(sum);
      }
    }
  }
  return y;
}

void expect_near(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.size(), b.size());
  for (I i = 0; i < a.size(); ++i) ASSERT_NEAR(a.data<float>()[i], b.data<float>()[i], 2e-5F) << i;
}

TEST(Convolutions, AreWhatTheDefinitionSays) {
  struct Case {
    Shape x, w;
    I groups;
    graph::Attributes attributes;
  };
  const std::vector<Case> cases = {
      {{2, 3, 401}, {5, 3, 7}, 1, {{"pads", Ints{3, 3}}}},
      {{1, 6, 37}, {6, 1, 9}, 6, {{"pads", Ints{4, 4}}}},
      {{2, 4, 9, 8}, {6, 2, 3, 2}, 2, {{"strides", Ints{2, 3}}, {"dilations", Ints{1, 2}}, {"pads", Ints{1, 0, 2, 1}}}},
      {{1, 2, 4, 5, 6}, {3, 2, 2, 3, 1}, 1, {{"strides", Ints{1, 2, 3}}}}};
  for (const Case& c : cases) {
    graph::Attributes attributes = c.attributes;
    attributes.set("group", c.groups);
    const Tensor x = test::random_tensor(c.x, 1), w = test::random_tensor(c.w, 2);
    const test::OpCall call{.op = "Conv", .inputs = {x, w}, .attributes = attributes};
    const Tensor found = test::run_op(call)[0];
    const SlidingWindow window =
        sliding_window(test::node_of(call), std::span(c.x).subspan(2), std::span(c.w).subspan(2));
    expect_near(found, by_definition(x, w, c.groups, window));
  }
}

/// <transposed(y), x> = <y, forward(x)>
TEST(Convolutions, TheTransposeIsTheTranspose) {
  const graph::Attributes attributes = {{"strides", Ints{2}}, {"pads", Ints{1, 2}}, {"group", I{2}}};
  const Tensor x = test::random_tensor({2, 4, 10}, 1), w = test::random_tensor({6, 2, 3}, 2);
  const Tensor y = test::run_op({.op = "Conv", .inputs = {x, w}, .attributes = attributes})[0];
  const Tensor z = test::random_tensor(y.shape(), 3);
  graph::Attributes back = attributes;
  back.set("output_shape", Ints{10});
  back.set("auto_pad", std::string("SAME_UPPER"));
  Tensor t = test::run_op({.op = "ConvTranspose", .inputs = {z, w}, .attributes = back})[0];
  ASSERT_EQ(t.shape(), x.shape());
  double a = 0, b = 0;
  for (I i = 0; i < x.size(); ++i)
    a += static_cast<double>(t.data<float>()[i]) * static_cast<double>(x.data<float>()[i]);
  for (I i = 0; i < y.size(); ++i)
    b += static_cast<double>(z.data<float>()[i]) * static_cast<double>(y.data<float>()[i]);
  EXPECT_NEAR(a, b, 1e-4);
}

TEST(Convolutions, ABiasIsOfAChannel) {
  Tensor y = Tensor::zeros(DType::kF32, {2, 3, 2});
  add_channel_bias(y, test::tensor_of<float>({3}, {1, 2, 3}));
  EXPECT_EQ(std::vector<float>(y.data<float>(), y.data<float>() + 12),
            (std::vector<float>{1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3}));
  const Tensor sums = sum_by_channel(y);
  EXPECT_EQ(std::vector<float>(sums.data<float>(), sums.data<float>() + 3), (std::vector<float>{4, 8, 12}));
}

TEST(Convolutions, WhatDoesNotFitIsRefused) {
  const auto refuse = [](std::string message, const Shape& x, const Shape& w, graph::Attributes attributes) {
    test::expect_error(ErrorCode::kInput, message, [&] {
      test::infer_op({.op = "Conv",
                      .inputs = {Tensor::zeros(DType::kF32, x), Tensor::zeros(DType::kF32, w)},
                      .attributes = std::move(attributes)});
    });
  };
  refuse("found 3 channels in 1 groups, the weight is [5, 2, 3]", {1, 3, 8}, {5, 2, 3}, {});
  refuse("found 4 channels in 3 groups", {1, 4, 8}, {3, 1, 3}, {{"group", I{3}}});
  refuse("found 4 channels in 0 groups", {1, 4, 8}, {3, 4, 3}, {{"group", I{0}}});
  refuse("expected 3 axes or more", {4, 8}, {3, 4}, {});
}

/// What is constant is computed on reading: few bytes must not ask for 2^40 terms.
TEST(Convolutions, ManyTermsOfConstantsAreRefused) {
  constexpr I kTaps = I{1} << 20;
  const graph::Node node = test::node_of({.op = "Conv", .attributes = {{"pads", Ints{kTaps - 1, kTaps - 1}}}});
  const Ints in{5}, kernel{kTaps};
  const Convolution convolution{
      .window = sliding_window(node, in, kernel), .batch = 1, .wide_channels = 1, .narrow_channels = 1};
  TensorSpec x{DType::kF32, {1, 1, 5}}, weight{DType::kF32, {1, 1, kTaps}};
  x.known = Tensor::zeros(DType::kF32, x.shape);
  EXPECT_NO_THROW(expect_quick_if_known(x, weight, convolution));
  weight.known = Tensor::zeros(DType::kF32, weight.shape);
  test::expect_error(ErrorCode::kInput, "a convolution of constants with too many terms",
                     [&] { expect_quick_if_known(x, weight, convolution); });
}

}  // namespace
}  // namespace kerf::ops
