#include "formats/onnx/flatten.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/formats/onnx/importing.h"
#include "tests/formats/onnx/model_builder.h"

namespace kerf::formats::onnx {
namespace {

/// Function "Scaled"(x) with attribute by: x * by, called with the value given or its default of 2.
ModelBuilder with_function() {
  ModelBuilder builder;
  builder.embed();
  auto* import = builder.model.add_opset_import();
  import->set_domain("local");
  import->set_version(1);
  auto* function = builder.model.add_functions();
  function->set_name("Scaled");
  function->set_domain("local");
  function->add_input("value");
  function->add_output("result");
  auto* fallback = function->add_attribute_proto();
  fallback->set_name("by");
  fallback->set_type(proto::AttributeProto::FLOAT);
  fallback->set_f(2);
  auto* opset = function->add_opset_import();
  opset->set_version(17);
  auto& constant = ModelBuilder::node_in(*function, "Constant", {}, {"factor"});
  auto* reference = constant.add_attribute();
  reference->set_name("value_float");
  reference->set_ref_attr_name("by");
  reference->set_type(proto::AttributeProto::FLOAT);
  ModelBuilder::node_in(*function, "Mul", {"value", "factor"}, {"result"});
  auto& call = builder.node("Scaled", {"x"}, {"y"}, "local");
  ModelBuilder::attribute(call, "by", 3.0F);
  builder.node("Scaled", {"y"}, {"z"}, "local");
  builder.head("z");
  return builder;
}

TEST(OnnxFlatten, FunctionsAreInlinedWithTheirAttributes) {
  const Tensor plainly = run(*plain().import()), scaled = run(*with_function().import());
  for (std::int64_t i = 0; i < scaled.size(); ++i) {
    EXPECT_NEAR(scaled.data<float>()[i], 6 * plainly.data<float>()[i], 1e-3F);
  }
}

TEST(OnnxFlatten, FunctionsThatCallThemselvesAreRefused) {
  ModelBuilder builder = with_function();
  auto* function = builder.model.mutable_functions(0);
  function->mutable_node(1)->set_op_type("Scaled");
  function->mutable_node(1)->set_domain("local");
  function->mutable_node(1)->mutable_input()->RemoveLast();
  expect_refusal(builder, "function 'Scaled' calls itself");
}

/// Each function calls the one before it twice: 2^31 nodes.
TEST(OnnxFlatten, FunctionsThatMultiplyAreRefused) {
  ModelBuilder builder;
  builder.embed();
  constexpr int kFunctions = 31;
  for (int i = 0; i < kFunctions; ++i) {
    auto* function = builder.model.add_functions();
    function->set_name("f" + std::to_string(i));
    function->set_domain("local");
    function->add_input("a");
    function->add_output("c");
    auto* opset = function->add_opset_import();
    opset->set_version(17);
    const std::string op = i == 0 ? "Neg" : "f" + std::to_string(i - 1), domain = i == 0 ? "" : "local";
    ModelBuilder::node_in(*function, op, {"a"}, {"b"}, domain);
    ModelBuilder::node_in(*function, op, {"b"}, {"c"}, domain);
  }
  builder.node("f" + std::to_string(kFunctions - 1), {"x"}, {"y"}, "local");
  builder.head("y");
  expect_refusal(builder, "found more than 131072 nodes");
}

ModelBuilder with_branches(bool known) {
  ModelBuilder builder;
  builder.embed();
  const char truth = 0;
  if (known) {
    ModelBuilder::fill(*builder.graph().add_initializer(), "condition", {1}, proto::TensorProto::BOOL, &truth, 1);
  } else {
    builder.node("IsNaN", {"x"}, {"condition"});
  }
  auto& node = builder.node("If", {"condition"}, {"y"});
  for (const char* name : {"then_branch", "else_branch"}) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(proto::AttributeProto::GRAPH);
    auto* branch = attribute->mutable_g();
    ModelBuilder::node_in(*branch, name == std::string("then_branch") ? "Abs" : "Neg", {"x"}, {"r"});
    branch->add_output()->set_name("r");
  }
  builder.head("y");
  return builder;
}

TEST(OnnxFlatten, TheBranchOfAKnownConditionIsTaken) {
  const Tensor plainly = run(*plain().import()), negated = run(*with_branches(true).import());
  for (std::int64_t i = 0; i < negated.size(); ++i) {
    EXPECT_NEAR(negated.data<float>()[i], -plainly.data<float>()[i], 1e-4F);
  }
  expect_refusal(with_branches(false), "node 'make_y' (If): its condition depends on the data");
}

}  // namespace
}  // namespace kerf::formats::onnx
