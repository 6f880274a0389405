#include "formats/onnx/passes.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "models/model_graph.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/reference_executor.h"

namespace kerf::formats::onnx {
namespace {

Tensor run(const ImportedModel& imported) {
  const models::ModelGraph model{imported.description, imported.graph, {}};
  return test::run_model(model, {{"input_ids", test::tensor_of<std::int64_t>({1, 4}, {1, 4, 7, 10})}});
}

const graph::Node* find(const graph::Graph& graph, std::string_view op) {
  const auto found =
      std::find_if(graph.nodes().begin(), graph.nodes().end(), [&](const graph::Node& node) { return node.op == op; });
  return found == graph.nodes().end() ? nullptr : &*found;
}

void scalar(ModelBuilder& builder, const std::string& name, float value) {
  ModelBuilder::fill(*builder.graph().add_initializer(), name, {}, proto::TensorProto::FLOAT, &value, sizeof(value));
}

/// The norm of "from", written out, times "scale"; of the rest of it that `centred` leaves.
ModelBuilder written_out(bool centred, float power) {
  ModelBuilder builder;
  builder.embed();
  builder.weight("scale", {8}, 4);
  builder.weight("shift", {8}, 5);
  scalar(builder, "power", power);
  scalar(builder, "epsilon", 1e-3F);
  const auto mean = [&](const std::string& from, const std::string& to) {
    auto* axes = builder.node("ReduceMean", {from}, {to}).add_attribute();
    axes->set_name("axes");
    axes->set_type(proto::AttributeProto::INTS);
    axes->add_ints(-1);
  };
  std::string x = "x";
  if (centred) {
    mean("x", "mean");
    builder.node("Sub", {"x", "mean"}, {"difference"});
    x = "difference";
  }
  builder.node("Pow", {x, "power"}, {"square"});
  mean("square", "variance");
  builder.node("Add", {"variance", "epsilon"}, {"sum"});
  builder.node("Sqrt", {"sum"}, {"root"});
  builder.node("Div", {x, "root"}, {"normal"});
  builder.node("Mul", {"normal", "scale"}, {"scaled"});
  builder.node("Add", {"shift", "scaled"}, {"y"});
  builder.head("y");
  return builder;
}

ModelBuilder as_one(bool centred) {
  ModelBuilder builder(23);
  builder.embed();
  builder.weight("scale", {8}, 4);
  builder.weight("shift", {8}, 5);
  auto& node = centred ? builder.node("LayerNormalization", {"x", "scale", "shift"}, {"y"})
                       : builder.node("RMSNormalization", {"x", "scale"}, {"n"});
  ModelBuilder::attribute(node, "epsilon", 1e-3F);
  if (!centred) builder.node("Add", {"n", "shift"}, {"y"});
  builder.head("y");
  return builder;
}

TEST(OnnxPasses, NormsThatAreWrittenOutAreFound) {
  for (const bool centred : {false, true}) {
    const auto imported = written_out(centred, 2).import();
    const graph::Node* norm = find(imported->graph, centred ? "LayerNormalization" : "RMSNormalization");
    ASSERT_NE(norm, nullptr);
    EXPECT_NEAR(norm->attributes.float_or("epsilon", 0), 1e-3, 1e-9);
    EXPECT_EQ(norm->inputs.size(), centred ? 3U : 2U);
    EXPECT_EQ(find(imported->graph, "Sqrt"), nullptr);
    const Tensor found = run(*imported), expected = run(*as_one(centred).import());
    for (std::int64_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found.data<float>()[i], expected.data<float>()[i], 1e-4F);
  }
}

TEST(OnnxPasses, WhatOnlyLooksLikeANormStays) {
  EXPECT_EQ(find(written_out(false, 4).import()->graph, "RMSNormalization"), nullptr);
  EXPECT_NE(find(written_out(false, 4).import()->graph, "Sqrt"), nullptr);
}

/// Results of experts are summed as they come, not when all are there.
TEST(OnnxPasses, SumsStandBehindTheLastOfWhatTheyRead) {
  ModelBuilder builder;
  builder.embed();
  std::string sum = "x";
  for (const char* expert : {"a", "b", "c"}) {
    builder.weight(std::string("w") + expert, {8, 8}, 3);
    builder.node("MatMul", {"x", std::string("w") + expert}, {expert});
  }
  for (const std::string expert : {"a", "b", "c"}) {
    builder.node("Mul", {expert, expert}, {expert + "2"});
    builder.node("Add", {sum, expert + "2"}, {expert + "_sum"});
    sum = expert + "_sum";
  }
  builder.head(sum);
  std::string order;
  const auto imported = builder.import();
  for (const graph::Node& node : imported->graph.nodes()) order += node.op.front();
  EXPECT_EQ(order, "GLMALMALMAL");
}

}  // namespace
}  // namespace kerf::formats::onnx
