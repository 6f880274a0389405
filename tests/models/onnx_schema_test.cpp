// Graphs that the families build say what ONNX says: each node of the default domain that opset 17 defines is verified
// by libonnx's own schema (number of inputs and outputs, names and types of attributes).

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include "formats/checkpoint.h"
#include "models/model_graph.h"
#include "tests/support/source_dir.h"

namespace kerf::models {
namespace {

// Operators whose inputs or attributes changed between opsets 17 and 23.
constexpr std::array<std::string_view, 11> kChangedAfter17 = {
    "Pad",       "ReduceL1",   "ReduceL2",        "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSumSquare", "Split"};

void set_attribute(ONNX_NAMESPACE::NodeProto& proto, const std::string& name, const graph::AttributeValue& value) {
  using ONNX_NAMESPACE::AttributeProto;
  AttributeProto& attribute = *proto.add_attribute();
  attribute.set_name(name);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    attribute.set_type(AttributeProto::INT);
    attribute.set_i(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    attribute.set_type(AttributeProto::FLOAT);
    attribute.set_f(static_cast<float>(*real));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    attribute.set_type(AttributeProto::STRING);
    attribute.set_s(*text);
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
    attribute.set_type(AttributeProto::INTS);
    for (const std::int64_t item : *integers) attribute.add_ints(item);
  } else if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
    attribute.set_type(AttributeProto::FLOATS);
    for (const double item : *reals) attribute.add_floats(static_cast<float>(item));
  }
}

ONNX_NAMESPACE::NodeProto to_onnx(const graph::Node& node) {
  const auto value_name = [](graph::ValueId id) { return id == graph::kNoValue ? "" : "v" + std::to_string(id); };
  ONNX_NAMESPACE::NodeProto proto;
  proto.set_op_type(node.op);
  proto.set_name(node.name);
  for (const graph::ValueId id : node.inputs) proto.add_input(value_name(id));
  for (const graph::ValueId id : node.outputs) proto.add_output(value_name(id));
  for (const auto& [name, value] : node.attributes.entries()) set_attribute(proto, name, value);
  return proto;
}

/// Empty, or what libonnx says against the node; `verified` counts the nodes it has a say on.
std::string verify(const graph::Node& node, int& verified) {
  const bool changed = std::find(kChangedAfter17.begin(), kChangedAfter17.end(), node.op) != kChangedAfter17.end();
  const auto* schema =
      node.domain.empty() && !changed ? ONNX_NAMESPACE::OpSchemaRegistry::Schema(node.op, 17, "") : nullptr;
  if (schema == nullptr) return "";
  ++verified;
  try {
    schema->Verify(to_onnx(node));
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

std::vector<std::string> golden_checkpoints() {
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() + "/tests/golden/checkpoints")) {
    folders.push_back(entry.path().filename().string());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

bool has_family(const Json& config) {
  const Json* type = config.find("model_type");
  return type != nullptr && std::any_of(families().begin(), families().end(),
                                        [&](const Family* family) { return family->name == type->as_string(); });
}

class OnnxSchema : public testing::TestWithParam<std::string> {};

TEST_P(OnnxSchema, NodesVerify) {
  const auto checkpoint = formats::open_checkpoint(test::source_dir() + "/tests/golden/checkpoints/" + GetParam());
  if (!has_family(checkpoint.config)) GTEST_SKIP() << "no family builds this model_type";
  const ModelGraph built = build_model(JsonCursor(checkpoint.config, checkpoint.config_file), checkpoint.tensors);
  int verified = 0;
  for (const graph::Node& node : built.graph.nodes()) {
    EXPECT_EQ(verify(node, verified), "") << node.op << " " << node.name;
  }
  EXPECT_GT(verified, 0);
}

TEST(OnnxSchemaVerify, RefusesWhatOnnxRefuses) {
  int verified = 0;
  graph::Node node{.op = "MatMul", .domain = "", .name = "m", .inputs = {0}, .outputs = {1}, .attributes = {}};
  EXPECT_THAT(verify(node, verified), testing::HasSubstr("input size 1"));
  node.inputs = {0, 1};
  EXPECT_EQ(verify(node, verified), "");
  node.attributes.set("transB", std::int64_t{1});
  EXPECT_THAT(verify(node, verified), testing::HasSubstr("transB"));
  EXPECT_EQ(verified, 3);
}

INSTANTIATE_TEST_SUITE_P(Golden, OnnxSchema, testing::ValuesIn(golden_checkpoints()), [](const auto& case_name) {
  std::string name = case_name.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace kerf::models
