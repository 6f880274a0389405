// Windows by hand from the formulas of https://onnx.ai/onnx/operators/onnx__Conv.html and onnx__MaxPool.html.

#include "ops/sliding_window.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::ops {
namespace {

using I = std::int64_t;
using Ints = std::vector<I>;

graph::Node node_with(graph::Attributes attributes) {
  return {.op = "", .domain = "", .name = "", .inputs = {}, .outputs = {}, .attributes = std::move(attributes)};
}

TEST(SlidingWindows, AreCountedAsTheSpecificationSays) {
  const auto windows = [](graph::Attributes attributes, const Shape& in, const Shape& kernel) {
    return sliding_window(node_with(std::move(attributes)), in, kernel).out;
  };
  EXPECT_EQ(windows({}, {7}, {3}), Shape{5});
  EXPECT_EQ(windows({{"strides", Ints{2}}}, {8}, {3}), Shape{3});
  EXPECT_EQ(windows({{"strides", Ints{2}}, {"ceil_mode", I{1}}}, {8}, {3}), Shape{4});
  // The window that would begin behind the data and its padding is none.
  EXPECT_EQ(windows({{"strides", Ints{3}}, {"ceil_mode", I{1}}, {"pads", Ints{0, 1}}}, {3}, {1}), Shape{1});
  EXPECT_EQ(windows({{"dilations", Ints{3}}, {"pads", Ints{1, 2}}}, {7}, {3}), Shape{4});
  EXPECT_EQ(windows({{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 3}}}, {7, 7}, {3, 3}), (Shape{4, 3}));
  EXPECT_EQ(windows({{"auto_pad", std::string("VALID")}, {"pads", Ints{9, 9}}}, {7}, {3}), Shape{5});
}

TEST(SlidingWindows, AnOddElementOfPaddingIsOnTheSideThatIsNamed) {
  const auto window = [](const char* mode) {
    return sliding_window(node_with({{"auto_pad", std::string(mode)}}), Shape{5}, Shape{4});
  };
  EXPECT_EQ(window("SAME_UPPER").before, Shape{1});
  EXPECT_EQ(window("SAME_UPPER").after, Shape{2});
  EXPECT_EQ(window("SAME_LOWER").before, Shape{2});
}

TEST(SlidingWindows, SourcesAreByTap) {
  const SlidingWindow window =
      sliding_window(node_with({{"pads", Ints{1, 0, 0, 0}}, {"dilations", Ints{1, 2}}}), Shape{2, 3}, Shape{2, 2});
  ASSERT_EQ(window.out, (Shape{2, 1}));
  EXPECT_EQ(window.sources(0, 2), (Ints{-1, 0, -1, 2, 0, 3, 2, 5}));
  EXPECT_EQ(window.sources(1, 1), (Ints{0, 2, 3, 5}));
}

TEST(SlidingWindows, ThoseOfATransposeFollowFromItsInput) {
  const SlidingWindow plain = transposed_window(
      node_with({{"strides", Ints{3}}, {"output_padding", Ints{1}}, {"pads", Ints{1, 1}}}), Shape{4}, Shape{3});
  EXPECT_EQ(plain.in, Shape{11});
  const SlidingWindow given =
      transposed_window(node_with({{"strides", Ints{3}}, {"output_shape", Ints{10}}}), Shape{4}, Shape{3});
  EXPECT_EQ(given.in, Shape{10});
  EXPECT_EQ(given.before, Shape{1});
}

TEST(SlidingWindows, WhatDoesNotFitIsRefused) {
  const auto refuse = [](std::string message, graph::Attributes attributes, Shape in, Shape kernel) {
    test::expect_error(ErrorCode::kInput, message,
                       [&] { sliding_window(node_with(std::move(attributes)), in, kernel); });
  };
  refuse("found windows of 3 at axis 2, which has 2", {}, {2}, {3});
  refuse("attribute strides: found 0, expected 1 or more", {{"strides", Ints{0}}}, {4}, {3});
  refuse("attribute strides: found 2 numbers, expected 1", {{"strides", Ints{1, 1}}}, {4}, {3});
  refuse("attribute pads: found -1, expected 0 or more", {{"pads", Ints{-1, 0}}}, {4}, {3});
  refuse("attribute auto_pad: found 'SAME'", {{"auto_pad", std::string("SAME")}}, {4}, {3});
  refuse("attribute kernel_shape: found [4], the weight has [3]", {{"kernel_shape", Ints{4}}}, {4}, {3});
  refuse("found a kernel of 1 axes for 2 axes", {}, {4, 4}, {3});
  refuse("attribute dilations: found 4611686018427387904", {{"dilations", Ints{I{1} << 62}}}, {4}, {3});
}

}  // namespace
}  // namespace kerf::ops
