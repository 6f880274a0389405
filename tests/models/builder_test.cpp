#include "models/builder.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"
#include "tests/support/reference_executor.h"

namespace kerf::models {
namespace {

using graph::Role;
using graph::ValueId;

graph::SourceMap tensors() {
  graph::SourceMap map;
  const auto add = [&](const std::string& name, Shape shape, std::uint64_t seed) {
    map[name] = graph::make_memory_source(test::random_tensor(std::move(shape), seed), name);
  };
  add("m.proj.weight", {3, 4}, 1);
  add("m.proj.bias", {3}, 2);
  add("m.turned.weight", {4, 3}, 3);
  add("m.norm.weight", {4}, 4);
  return map;
}

TEST(Builder, AWeightIsOneValueHoweverOftenItIsUsed) {
  const auto map = tensors();
  Builder builder(map, "config.json", {"m."});
  builder.set_layer(2);
  const ValueId first = builder.weight("norm.weight", {4}, Role::kNorm);
  builder.set_layer(3);
  EXPECT_EQ(builder.weight("norm.weight", {4}, Role::kOther), first);
  const graph::Weight& weight = builder.graph().value(first).weight;
  EXPECT_EQ(weight.name, "m.norm.weight");
  EXPECT_EQ(weight.role, Role::kNorm);
  EXPECT_EQ(weight.layer, 2);
}

TEST(Builder, ARepeatedNameOfANodeGetsANumber) {
  const graph::SourceMap none;
  Builder builder(none, "config.json", {});
  const ValueId x = builder.graph().add_input("x", DType::kF32);
  for (int i = 0; i < 3; ++i) builder.node("Cos", "again", {x});
  EXPECT_EQ(builder.graph().nodes()[0].name, "again");
  EXPECT_EQ(builder.graph().nodes()[1].name, "again#2");
  EXPECT_EQ(builder.graph().nodes()[2].name, "again#3");
}

TEST(Builder, AnAffineNormScalesAndShiftsOnly) {
  auto map = tensors();
  map["m.norm.bias"] = graph::make_memory_source(test::random_tensor({4}, 5), "m.norm.bias");
  Builder builder(map, "config.json", {"m."});
  const ValueId x = builder.graph().add_input("x", DType::kF32);
  builder.graph().add_output("y", builder.norm({.name = "norm", .kind = NormKind::kAffine, .bias = true}, x, 4));
  const Tensor input = test::random_tensor({3, 4}, 6), weight = map["m.norm.weight"]->read(),
               bias = map["m.norm.bias"]->read();
  const Tensor found = test::run_graph(builder.graph(), {{"x", input}}).front();
  for (std::int64_t i = 0; i < 12; ++i) {
    const float expected = input.data<float>()[i] * weight.data<float>()[i % 4] + bias.data<float>()[i % 4];
    EXPECT_NEAR(found.data<float>()[i], expected, 1e-6F);
  }
}

TEST(Builder, NodesCarryTheLayer) {
  const graph::SourceMap none;
  Builder builder(none, "config.json", {});
  const ValueId x = builder.graph().add_input("x", DType::kF32);
  builder.node("Cos", builder.label("outside"), {x});
  builder.set_layer(5);
  builder.node("Cos", builder.label("inside"), {x});
  EXPECT_EQ(builder.graph().nodes()[0].name, "outside");
  EXPECT_EQ(builder.graph().nodes()[0].layer, -1);
  EXPECT_EQ(builder.graph().nodes()[1].name, "layers.5.inside");
  EXPECT_EQ(builder.graph().nodes()[1].layer, 5);
}

/// A matrix stored as [in, out] gives what its transpose gives.
TEST(Builder, LinearLayersOfBothOrientations) {
  const auto map = tensors();
  Builder builder(map, "config.json", {"m."});
  const ValueId x = builder.graph().add_input("x", DType::kF32);
  const Linear plain{.name = "proj", .bias = true}, turned{.name = "turned", .transposed = true};
  builder.graph().add_output("plain", builder.linear(plain, x, 3, 4, Role::kUp));
  builder.graph().add_output("turned", builder.linear(turned, x, 3, 4, Role::kUp));
  const Tensor input = test::random_tensor({2, 4}, 9);
  const auto outputs = test::run_graph(builder.graph(), {{"x", input}});
  const Tensor w = map.at("m.proj.weight")->read(), b = map.at("m.proj.bias")->read();
  const Tensor t = test::run_op({.op = "Transpose", .inputs = {map.at("m.turned.weight")->read()}})[0];
  EXPECT_TRUE(
      test::same_bits(outputs[0], test::run_op({.op = "Linear", .domain = "kerf", .inputs = {input, w, b}})[0]));
  EXPECT_TRUE(test::same_bits(outputs[1], test::run_op({.op = "Linear", .domain = "kerf", .inputs = {input, t}})[0]));
}

TEST(Builder, NormsOfBothKinds) {
  const auto map = tensors();
  Builder builder(map, "config.json", {"m."});
  const ValueId x = builder.graph().add_input("x", DType::kF32);
  builder.norm({.name = "norm", .kind = NormKind::kRms, .epsilon = 1e-3}, x, 4);
  builder.norm({.name = "norm", .kind = NormKind::kLayer, .epsilon = 1e-4}, x, 4);
  EXPECT_EQ(builder.graph().nodes()[0].op, "RMSNormalization");
  EXPECT_EQ(builder.graph().nodes()[0].attributes.float_or("epsilon", 0), 1e-3);
  EXPECT_EQ(builder.graph().nodes()[1].op, "LayerNormalization");
  EXPECT_EQ(builder.graph().nodes()[1].attributes.float_or("epsilon", 0), 1e-4);
}

TEST(Builder, SplitsTheLastAxis) {
  const graph::SourceMap none;
  Builder builder(none, "config.json", {});
  const ValueId x = builder.graph().add_input("x", DType::kF32);
  constexpr std::array<std::int64_t, 3> kSizes{2, 1, 3};
  for (const ValueId part : builder.split("parts", x, kSizes)) builder.graph().add_output("part", part);
  const auto outputs = test::run_graph(builder.graph(), {{"x", test::random_tensor({5, 6}, 1)}});
  ASSERT_EQ(outputs.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(outputs[i].shape(), (Shape{5, kSizes[i]}));
}

}  // namespace
}  // namespace kerf::models
