#include "formats/onnx/patch/inline_function.h"

#include <gtest/gtest.h>

#include "formats/onnx/node_builder.h"

namespace kerf::formats::onnx {
namespace {

proto::FunctionProto function_of(std::vector<std::string> inputs, std::vector<std::string> outputs,
                                 std::vector<proto::NodeProto> nodes) {
  proto::FunctionProto function;
  for (std::string& name : inputs) function.add_input(std::move(name));
  for (std::string& name : outputs) function.add_output(std::move(name));
  for (proto::NodeProto& node : nodes) function.add_node()->Swap(&node);
  return function;
}

TEST(OnnxInlineFunction, NamesInsideBeginWithTheCalls) {
  const auto function = function_of({"a", "w"}, {"b"},
                                    {NodeBuilder("MatMul").named("product").reads({"a", "w"}).makes({"t"}).build(),
                                     NodeBuilder("Relu").reads({"t"}).makes({"b"}).build()});
  const auto nodes = inlined(function, NodeBuilder("Block", "local").reads({"x", "weight"}).makes({"y"}).build());
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].name(), "y/product");
  EXPECT_EQ(nodes[0].input(0), "x");
  EXPECT_EQ(nodes[0].input(1), "weight");
  EXPECT_EQ(nodes[0].output(0), "y/t");
  EXPECT_EQ(nodes[1].input(0), "y/t");
  EXPECT_EQ(nodes[1].output(0), "y");
}

TEST(OnnxInlineFunction, AttributesComeFromTheCallOrTheDefaults) {
  proto::NodeProto softmax = NodeBuilder("Softmax").reads({"a"}).makes({"b"}).build();
  auto* reference = softmax.add_attribute();
  reference->set_name("axis");
  reference->set_ref_attr_name("along");
  auto function = function_of({"a"}, {"b"}, {softmax});
  auto* fallback = function.add_attribute_proto();
  fallback->set_name("along");
  fallback->set_i(-1);
  EXPECT_EQ(inlined(function, NodeBuilder("F").reads({"x"}).makes({"y"}).build())[0].attribute(0).i(), -1);
  const auto given = inlined(function, NodeBuilder("F").reads({"x"}).makes({"y"}).with("along", 2).build());
  EXPECT_EQ(given[0].attribute(0).name(), "axis");
  EXPECT_EQ(given[0].attribute(0).i(), 2);
}

TEST(OnnxInlineFunction, AnOutputThatIsAnInputIsCopiedAndWhatIsNotGivenIsAbsent) {
  const auto function = function_of({"a", "b"}, {"a"}, {NodeBuilder("Neg").reads({"b"}).makes({"unread"}).build()});
  const auto nodes = inlined(function, NodeBuilder("F").reads({"x"}).makes({"y"}).build());
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].input(0), "");
  EXPECT_EQ(nodes[1].op_type(), "Identity");
  EXPECT_EQ(nodes[1].input(0), "x");
  EXPECT_EQ(nodes[1].output(0), "y");
}

}  // namespace
}  // namespace kerf::formats::onnx
