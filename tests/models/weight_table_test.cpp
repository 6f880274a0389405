#include "models/weight_table.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::models {
namespace {

graph::SourcePtr zeros(Shape shape, const std::string& name) {
  return graph::make_memory_source(Tensor::zeros(DType::kF32, std::move(shape)),
                                   "m.safetensors: tensor '" + name + "'");
}

graph::SourceMap tensors(const std::vector<std::string>& names) {
  graph::SourceMap map;
  for (const std::string& name : names) map[name] = zeros({2, 3}, name);
  return map;
}

using test::expect_error;

TEST(WeightTable, FindsNamesUnderEachPrefix) {
  const auto map = tensors({"model.a", "lm_head"});
  WeightTable table(map, "config.json", {"model.", ""});
  EXPECT_TRUE(table.has("a"));
  EXPECT_FALSE(table.has("b"));
  EXPECT_EQ(table.full_name("a"), "model.a");
  EXPECT_EQ(table.full_name("lm_head"), "lm_head");
  EXPECT_EQ(table.take("a", {2, 3}), map.at("model.a"));
}

TEST(WeightTable, MissingTensorsAreNamedAsTheCheckpointWould) {
  const auto bare = tensors({"a"});
  WeightTable table(bare, "config.json", {"model.", ""});
  expect_error(ErrorCode::kInput, "config.json: tensor 'model.b': the checkpoint has none, expected shape [4]",
               [&] { table.take("b", {4}); });
  table.take("a", {2, 3});
  expect_error(ErrorCode::kInput, "tensor 'b': the checkpoint has none", [&] { table.take("b", {4}); });
}

TEST(WeightTable, ShapesMustFit) {
  const auto map = tensors({"a"});
  WeightTable table(map, "config.json", {});
  expect_error(ErrorCode::kInput, "m.safetensors: tensor 'a': found shape [2, 3], expected [3, 2]", [&] {
    table.take("a", {3, 2});
  });
}

/// A tensor of integers that no scheme explains is no weight.
class IntegerSource final : public graph::TensorSource {
 public:
  IntegerSource() : TensorSource(DType::kI64, {2}, "m.safetensors: tensor 'a'") {}
  void read_rows(std::int64_t, std::int64_t, float*) const override {}
};

TEST(WeightTable, IntegersAreRefused) {
  const graph::SourceMap map{{"a", std::make_shared<IntegerSource>()}};
  WeightTable table(map, "config.json", {});
  expect_error(ErrorCode::kInput, "found i64 values and nothing that says their scale, expected a floating dtype",
               [&] { table.take("a", {2}); });
}

TEST(WeightTable, WhatIsLeftOverMustBeExplained) {
  const auto map = tensors({"a", "h.0.mask", "h.1.mask", "extra"});
  WeightTable table(map, "config.json", {});
  table.take("a", {2, 3});
  const std::vector<Ignorable> masks{{"*.mask", "masks are computed"}};
  expect_error(ErrorCode::kInput, "tensor 'extra': found a tensor that no part of a toy model reads",
               [&] { table.finish(masks, "toy"); });
  const std::vector<Ignorable> both{{"*.mask", "masks are computed"}, {"extra", "a buffer"}, {"other", "absent"}};
  EXPECT_EQ(table.finish(both, "toy"),
            (std::vector<std::string>{"tensor 'h.0.mask' and 1 more left aside: masks are computed",
                                      "tensor 'extra' left aside: a buffer"}));
}

}  // namespace
}  // namespace kerf::models
