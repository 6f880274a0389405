// Fused operators against the plain ones that they stand for. ctest -L interop compares them with ONNX Runtime.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/onnx/lowering.h"
#include "models/model_graph.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"
#include "tests/support/reference_executor.h"

namespace kerf::formats::onnx {
namespace {

Tensor run(const ModelBuilder& builder) {
  const auto imported = builder.import();
  const models::ModelGraph model{imported->description, imported->graph, {}};
  return test::run_model(model, {{"input_ids", test::tensor_of<std::int64_t>({2, 3}, {1, 4, 7, 10, 2, 5})}});
}

/// "x" and its product with a square matrix, "z".
ModelBuilder streams() {
  ModelBuilder builder;
  builder.embed();
  builder.weight("mix", {8, 8}, 3);
  builder.weight("scale", {8}, 4);
  builder.weight("shift", {8}, 5);
  builder.node("MatMul", {"x", "mix"}, {"z"});
  return builder;
}

void expect_same(ModelBuilder fused, ModelBuilder plain) {
  fused.head("y");
  plain.head("y");
  const Tensor a = run(fused), b = run(plain);
  ASSERT_EQ(a.shape(), b.shape());
  for (std::int64_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a.data<float>()[i], b.data<float>()[i], 1e-5F) << i;
}

TEST(OnnxMicrosoft, ANormOfASum) {
  ModelBuilder fused = streams(), plain = streams();
  auto& node =
      fused.node("SkipLayerNormalization", {"x", "z", "scale", "shift"}, {"n", "", "", "sum"}, "com.microsoft");
  ModelBuilder::attribute(node, "epsilon", 1e-6F);
  fused.node("Add", {"n", "sum"}, {"y"});
  plain.node("Add", {"x", "z"}, {"sum"});
  auto& norm = plain.node("LayerNormalization", {"sum", "scale", "shift"}, {"n"});
  ModelBuilder::attribute(norm, "epsilon", 1e-6F);
  plain.node("Add", {"n", "sum"}, {"y"});
  expect_same(fused, plain);
}

TEST(OnnxMicrosoft, AnActivationOfASum) {
  ModelBuilder fused = streams(), plain = streams();
  fused.node("BiasGelu", {"z", "shift"}, {"y"}, "com.microsoft");
  plain.node("Add", {"z", "shift"}, {"sum"});
  plain.node("BiasGelu", {"sum"}, {"y"}, "com.microsoft");
  expect_same(fused, plain);
}

TEST(OnnxMicrosoft, AttentionOfOneMatrix) {
  const auto with_heads = [](proto::NodeProto& node) { ModelBuilder::attribute(node, "num_heads", std::int64_t{2}); };
  ModelBuilder fused = streams(), plain = streams();
  fused.weight("qkv", {8, 24}, 6);
  plain.weight("qkv", {8, 24}, 6);
  with_heads(fused.node("Attention", {"x", "qkv"}, {"y"}, "com.microsoft"));
  plain.node("MatMul", {"x", "qkv"}, {"all"});
  plain.integers("sizes", {3}, {8, 8, 8});
  auto& split = plain.node("Split", {"all", "sizes"}, {"q", "k", "v"});
  ModelBuilder::attribute(split, "axis", std::int64_t{2});
  with_heads(plain.node("MultiHeadAttention", {"q", "k", "v"}, {"y"}, "com.microsoft"));
  expect_same(fused, plain);
}

TEST(OnnxMicrosoft, WhatKerfDoesNotHaveIsRefused) {
  ModelBuilder grouped = streams();
  grouped.weight("sink", {2}, 7);
  auto& node = grouped.node("GroupQueryAttention", {"x", "x", "x", "", "", "", "", "", "", "", "", "sink"}, {"y"},
                            "com.microsoft");
  ModelBuilder::attribute(node, "num_heads", std::int64_t{2});
  ModelBuilder::attribute(node, "kv_num_heads", std::int64_t{2});
  grouped.head("y");
  test::expect_error(ErrorCode::kInput, "node 'make_y' (GroupQueryAttention): found attention with a sink",
                     [&] { grouped.import(); });
  ModelBuilder headless = streams();
  headless.node("MultiHeadAttention", {"x", "x", "x"}, {"y"}, "com.microsoft");
  headless.head("y");
  test::expect_error(ErrorCode::kInput, "attribute num_heads: found 0", [&] { headless.import(); });
}

TEST(OnnxMicrosoft, EveryLoweringDescribesItself) {
  for (const LoweringInfo* lowering : lowerings()) {
    EXPECT_EQ(find_lowering(lowering->domain, lowering->name), lowering) << lowering->name;
    EXPECT_FALSE(lowering->summary.empty()) << lowering->name;
  }
  EXPECT_EQ(find_lowering("com.example", "Gemm"), nullptr);
}

}  // namespace
}  // namespace kerf::formats::onnx
