#include "formats/onnx/patch/operands.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/onnx/node_builder.h"
#include "formats/onnx/quantized/kinds.h"
#include "tests/formats/onnx/model_builder.h"

namespace kerf::formats::onnx {
namespace {

TEST(OnnxOperands, TheMatrixOfANodeAndItsOrder) {
  const auto matmul = operand_of(NodeBuilder("MatMul").reads({"x", "w"}).makes({"y"}).build());
  ASSERT_TRUE(matmul);
  EXPECT_EQ(matmul->name, "w");
  EXPECT_EQ(matmul->input, 1);
  EXPECT_TRUE(matmul->turned && matmul->is_product && !matmul->is_table);
  const auto gemm = operand_of(NodeBuilder("Gemm").reads({"x", "w", "b"}).makes({"y"}).with("transB", 1).build());
  ASSERT_TRUE(gemm);
  EXPECT_TRUE(!gemm->turned && gemm->is_product);
  EXPECT_TRUE(operand_of(NodeBuilder("Gemm").reads({"x", "w"}).makes({"y"}).build())->turned);
  const auto gather = operand_of(NodeBuilder("Gather").reads({"table", "ids"}).makes({"y"}).build());
  ASSERT_TRUE(gather);
  EXPECT_EQ(gather->name, "table");
  EXPECT_TRUE(gather->is_table && !gather->turned && !gather->is_product);
  const auto attention = operand_of(NodeBuilder("Attention", kMicrosoftDomain).reads({"x", "w"}).makes({"y"}).build());
  ASSERT_TRUE(attention);
  EXPECT_TRUE(attention->turned && !attention->is_product) << "no other product can take its place";
}

TEST(OnnxOperands, OtherNodesHaveNone) {
  EXPECT_FALSE(operand_of(NodeBuilder("Add").reads({"x", "w"}).makes({"y"}).build()));
  EXPECT_FALSE(operand_of(NodeBuilder("MatMul", "other").reads({"x", "w"}).makes({"y"}).build()));
  EXPECT_FALSE(operand_of(NodeBuilder("MatMul").reads({"x"}).makes({"y"}).build()));
  EXPECT_FALSE(operand_of(NodeBuilder("Attention").reads({"q", "k", "v"}).makes({"y"}).build()));
}

TEST(OnnxOperands, ValuesAreTracedThroughViewsAndCasts) {
  proto::GraphProto graph;
  ModelBuilder::fill(*graph.add_initializer(), "half", {2, 2}, proto::TensorProto::FLOAT16, "01234567", 8);
  std::vector<Slot> slots(4);
  slots[0].node = NodeBuilder("Transpose").reads({"half"}).makes({"turned"}).build();
  slots[1].node = NodeBuilder("Cast")
                      .reads({"turned"})
                      .makes({"whole"})
                      .with("to", std::int64_t{proto::TensorProto::FLOAT})
                      .build();
  slots[2].node = NodeBuilder("Add").reads({"whole", "whole"}).makes({"sum"}).build();
  slots[3].node = NodeBuilder("Identity").reads({"circle"}).makes({"circle"}).build();
  const Origin origin(graph, {{"turned", &slots[0]}, {"whole", &slots[1]}, {"sum", &slots[2]}, {"circle", &slots[3]}});
  EXPECT_NE(origin.initializer("half"), nullptr);
  EXPECT_EQ(origin.initializer("turned"), nullptr);
  EXPECT_EQ(origin.producer("turned"), &slots[0]);
  EXPECT_EQ(origin.viewed("whole"), "turned");
  EXPECT_EQ(origin.viewed("half"), "");
  EXPECT_EQ(origin.viewed("sum"), "") << "a sum is no view";
  EXPECT_EQ(origin.float_type("half"), proto::TensorProto::FLOAT16);
  EXPECT_EQ(origin.float_type("turned"), proto::TensorProto::FLOAT16);
  EXPECT_EQ(origin.float_type("whole"), proto::TensorProto::FLOAT);
  EXPECT_EQ(origin.float_type("circle"), proto::TensorProto::FLOAT) << "it ends";
}

/// The operators that stand for a node, in their order.
std::vector<std::string> made_of(const proto::NodeProto& node, const proto::GraphProto& graph) {
  const QuantizedWeight weight{.name = "w", .scheme = codec::parse_scheme("int4-g32"), .rows = 4, .cols = 32};
  NodeList list;
  add_product(node, weight, find_kind("matmulnbits").product, {}, Origin(graph, {}), list);
  std::vector<std::string> ops;
  for (const auto& made : list.nodes) ops.push_back(made.op_type());
  EXPECT_EQ(list.nodes.back().output(0), node.output(0)) << "readers stay as they are";
  return ops;
}

TEST(OnnxOperands, AProductTakesThePlaceOfGemmWithAllItsParts) {
  using Names = std::vector<std::string>;
  proto::GraphProto graph;
  ModelBuilder::fill(*graph.add_initializer(), "b", {4}, proto::TensorProto::FLOAT, "0123456789abcdef", 16);
  const auto gemm = [](std::vector<std::string> inputs) {
    return NodeBuilder("Gemm").named("n").reads(std::move(inputs)).makes({"y"});
  };
  EXPECT_EQ(made_of(NodeBuilder("MatMul").reads({"x", "w"}).makes({"y"}).build(), graph), Names{"MatMulNBits"});
  EXPECT_EQ(made_of(gemm({"x", "w", "b"}).build(), graph), Names{"MatMulNBits"}) << "the bias is inside";
  EXPECT_EQ(made_of(gemm({"x", "w", "computed"}).build(), graph), (Names{"MatMulNBits", "Add"}));
  EXPECT_EQ(made_of(gemm({"x", "w"}).with("transA", 1).build(), graph), (Names{"Transpose", "MatMulNBits"}));
  proto::NodeProto scaled = gemm({"x", "w", "b"}).build();
  ModelBuilder::attribute(scaled, "alpha", 0.5F);
  ModelBuilder::attribute(scaled, "beta", 2.0F);
  EXPECT_EQ(made_of(scaled, graph), (Names{"MatMulNBits", "Constant", "Mul", "Constant", "Mul", "Add"}));
}

}  // namespace
}  // namespace kerf::formats::onnx
