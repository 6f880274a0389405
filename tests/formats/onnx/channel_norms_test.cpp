// Norms of [batch, channels, ...] and pools of all of it, on constants, by hand. Those of opset 17 are the ONNX
// project's node tests too.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/onnx/flatten.h"
#include "formats/onnx/inputs.h"
#include "formats/onnx/lowerings/spatial_axes.h"
#include "formats/onnx/model_file.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::onnx {
namespace {

/// "x" [1, 4, 2]: a channel has 2i and 2i + 1.
struct Channels : ModelBuilder {
  explicit Channels(std::int64_t opset = 17) : ModelBuilder(opset) {
    std::vector<float> values;
    for (int i = 0; i < 8; ++i) values.push_back(static_cast<float>(i));
    numbers("x", {1, 4, 2}, values);
    output("y");
  }
  void numbers(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    fill(*graph().add_initializer(), name, shape, proto::TensorProto::FLOAT, values.data(), values.size() * 4);
  }
  std::vector<float> result() {
    ModelFile file = open_model_file(source_of(bytes()));
    const Draft draft = flatten(file, bind_input);
    const Tensor y = draft.constant(draft.outputs.front().second)->values();
    return {y.data<float>(), y.data<float>() + y.size()};
  }
};

void expect_near(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4F) << i;
}

TEST(OnnxChannelNorms, GroupsOfChannels) {
  const float d = std::sqrt(1.25F);
  for (const std::int64_t opset : {18, 21}) {
    Channels m(opset);
    // One number a group before opset 21, one a channel since.
    m.numbers("scale", {opset < 21 ? 2 : 4}, opset < 21 ? std::vector<float>{2, 4} : std::vector<float>{2, 2, 4, 4});
    m.numbers("shift", {opset < 21 ? 2 : 4}, opset < 21 ? std::vector<float>{1, 0} : std::vector<float>{1, 1, 0, 0});
    ModelBuilder::attribute(m.node("GroupNormalization", {"x", "scale", "shift"}, {"y"}), "num_groups",
                            std::int64_t{2});
    expect_near(m.result(), {1 - 3 / d, 1 - 1 / d, 1 + 1 / d, 1 + 3 / d, -6 / d, -2 / d, 2 / d, 6 / d});
  }
}

TEST(OnnxChannelNorms, LengthsOfOne) {
  Channels m;
  ModelBuilder::attribute(m.node("LpNormalization", {"x"}, {"y"}), "p", std::int64_t{1});
  expect_near(m.result(), {0, 1, 2.0F / 5, 3.0F / 5, 4.0F / 9, 5.0F / 9, 6.0F / 13, 7.0F / 13});
}

TEST(OnnxChannelNorms, PoolsOfEverything) {
  Channels average, most;
  average.node("GlobalAveragePool", {"x"}, {"y"});
  most.node("GlobalMaxPool", {"x"}, {"y"});
  expect_near(average.result(), {0.5F, 2.5F, 4.5F, 6.5F});
  expect_near(most.result(), {1, 3, 5, 7});
}

TEST(OnnxChannelNorms, WhatDoesNotFitIsRefused) {
  Channels m;
  m.numbers("flat", {2, 3}, {1, 2, 3, 4, 5, 6});
  m.node("GlobalAveragePool", {"flat"}, {"y"});
  test::expect_error(ErrorCode::kInput, "fewer than 3 axes", [&] { m.result(); });
  Channels groups;
  groups.numbers("scale", {4}, {1, 1, 1, 1});
  ModelBuilder::attribute(groups.node("GroupNormalization", {"x", "scale", "scale"}, {"y"}), "num_groups",
                          std::int64_t{3});
  test::expect_error(ErrorCode::kInput, "attribute num_groups: found 3 for 4 channels", [&] { groups.result(); });
}

}  // namespace
}  // namespace kerf::formats::onnx
