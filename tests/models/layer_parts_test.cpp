#include "models/layer_parts.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/op_runner.h"
#include "tests/support/reference_executor.h"

namespace kerf::models {
namespace {

using graph::Role;
using graph::ValueId;

/// A builder with a few matrices.
struct Parts {
  Parts() {
    for (const auto& [name, rows, cols] : {std::tuple{"q", 8, 4},
                                           {"k", 8, 6},
                                           {"v", 8, 6},
                                           {"o", 5, 8},
                                           {"gate", 3, 4},
                                           {"up", 3, 4},
                                           {"down", 4, 3},
                                           {"table", 32, 2}}) {
      tensors[std::string(name) + ".weight"] =
          graph::make_memory_source(test::random_tensor({rows, cols}, tensors.size() + 1), name);
    }
  }
  graph::SourceMap tensors;
  Builder builder{tensors, "config.json", {}};
};

TEST(LayerParts, AttentionReadsAndGivesTheWidthsOfItsStreams) {
  Parts parts;
  Builder& b = parts.builder;
  b.set_layer(1);
  const Hidden x{b.graph().add_input("x", DType::kF32), 4}, other{b.graph().add_input("other", DType::kF32), 6};
  const ValueId mask = b.graph().add_input("mask", DType::kI64), ids = b.graph().add_input("ids", DType::kI64);
  Mixing mixing;
  mixing.heads = 2;
  mixing.head_dim = 4;
  mixing.scale = 0.5;
  mixing.causal = true;
  mixing.mask = mask;
  mixing.relative.table = "table";
  mixing.relative.buckets = 32;
  mixing.relative.max_distance = 64;
  mixing.relative.bidirectional = true;
  mixing.relative.ids = ids;
  mixing.name = "across";
  const Hidden y = emit_attention(b, {{"q"}, {"k"}, {"v"}, {"o"}}, mixing, x, other, other, 5);
  EXPECT_EQ(y.width, 5);
  const graph::Node& output = b.graph().nodes().back();
  const graph::Node& attention = b.graph().node(b.graph().value(output.inputs[0]).producer);
  EXPECT_EQ(attention.name, "layers.1.across");
  EXPECT_EQ(attention.inputs.size(), 5U);
  EXPECT_EQ(attention.inputs[3], mask);
  EXPECT_EQ(attention.attributes.int_or("num_heads", 0), 2);
  EXPECT_EQ(attention.attributes.int_or("causal", 0), 1);
  EXPECT_EQ(attention.attributes.float_or("scale", 0), 0.5);
  const graph::Node& bias = b.graph().node(b.graph().value(attention.inputs[4]).producer);
  EXPECT_EQ(bias.op, "RelativePositionBias");
  EXPECT_EQ(bias.inputs[1], ids);
  EXPECT_EQ(bias.attributes.int_or("max_distance", 0), 64);
  EXPECT_EQ(bias.attributes.int_or("bidirectional", 0), 1);
  EXPECT_EQ(b.graph().value(bias.inputs[0]).weight.role, Role::kPositionEmbedding);
}

TEST(LayerParts, AttentionWithoutDistancesHasNoBias) {
  Parts parts;
  Builder& b = parts.builder;
  const Hidden x{b.graph().add_input("x", DType::kF32), 4}, other{b.graph().add_input("other", DType::kF32), 6};
  Mixing mixing;
  mixing.heads = 2;
  mixing.head_dim = 4;
  emit_attention(b, {{"q"}, {"k"}, {"v"}, {"o"}}, mixing, x, other, other, 5);
  const graph::Node& attention = b.graph().nodes()[3];
  EXPECT_EQ(attention.op, "Attention");
  EXPECT_THAT(attention.inputs, testing::ElementsAre(testing::_, testing::_, testing::_, graph::kNoValue));
  EXPECT_FALSE(attention.attributes.has("scale")) << "the operator's default";
}

double at(const Tensor& matrix, std::int64_t row, std::int64_t col) {
  return static_cast<double>(matrix.data<float>()[row * matrix.dim(1) + col]);
}

TEST(LayerParts, AnMlpMayHaveAGate) {
  Parts parts;
  Builder& b = parts.builder;
  const Hidden x{b.graph().add_input("x", DType::kF32), 4};
  b.graph().add_output("plain", emit_mlp(b, {.up = {"up"}, .down = {"down"}}, "relu", x, 3).value);
  b.graph().add_output("gated", emit_mlp(b, {{"gate"}, {"up"}, {"down"}}, "relu", x, 3).value);
  const Tensor input = test::random_tensor({1, 4}, 9);
  const auto found = test::run_graph(b.graph(), {{"x", input}});
  const auto matrix = [&](const char* name) { return parts.tensors.at(std::string(name) + ".weight")->read(); };
  const auto product = [&](const char* name, std::int64_t row) {
    double sum = 0;
    for (std::int64_t i = 0; i < 4; ++i) sum += at(matrix(name), row, i) * at(input, 0, i);
    return sum;
  };
  for (std::int64_t i = 0; i < 4; ++i) {
    double plain = 0, gated = 0;
    for (std::int64_t j = 0; j < 3; ++j) {
      plain += at(matrix("down"), i, j) * std::max(0.0, product("up", j));
      gated += at(matrix("down"), i, j) * std::max(0.0, product("gate", j)) * product("up", j);
    }
    EXPECT_NEAR(at(found[0], 0, i), plain, 1e-5);
    EXPECT_NEAR(at(found[1], 0, i), gated, 1e-5);
  }
}

TEST(LayerParts, AResidualWithoutANormIsTheSum) {
  Parts parts;
  Builder& b = parts.builder;
  const Hidden x{b.graph().add_input("x", DType::kF32), 4}, change{b.graph().add_input("change", DType::kF32), 4};
  const Hidden sum = emit_residual(b, "residual", x, change);
  EXPECT_EQ(sum.width, 4);
  EXPECT_EQ(b.graph().nodes().size(), 1U);
  EXPECT_EQ(b.graph().nodes()[0].op, "Add");
}

}  // namespace
}  // namespace kerf::models
