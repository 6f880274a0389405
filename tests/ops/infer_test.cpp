#include <array>
#include <string>

#include <gtest/gtest.h>

#include "ops/op.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::ValueId;
using test::expect_error;

ValueId integers(Graph& graph, std::string name, std::vector<std::int64_t> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return graph.add_constant(std::move(name), test::tensor_of<std::int64_t>({count}, std::move(values)));
}

ValueId node(Graph& graph, std::string op, std::vector<ValueId> inputs, graph::Attributes attributes = {},
             std::string domain = "") {
  return graph
      .add_node({.op = op,
                 .domain = std::move(domain),
                 .name = "my " + op,
                 .inputs = std::move(inputs),
                 .outputs = {},
                 .attributes = std::move(attributes)})
      .front();
}

const TensorSpec& spec_of(const std::vector<TensorSpec>& specs, ValueId id) {
  return specs[static_cast<std::size_t>(id)];
}

TEST(InferSpecs, GivesEveryValueItsDTypeAndShape) {
  Graph graph;
  const ValueId ids = graph.add_input("ids", DType::kI64);
  const ValueId table = graph.add_weight(
      {.name = "table", .source = graph::make_memory_source(Tensor::zeros(DType::kF32, {10, 4}), "table")});
  const ValueId rows = node(graph, "Gather", {table, ids});
  const ValueId wide = node(graph, "Unsqueeze", {rows, integers(graph, "axes", {-1})});
  const std::array inputs{TensorSpec{DType::kI64, {2, 3}}};
  const auto specs = infer_specs(graph, inputs);
  ASSERT_EQ(specs.size(), graph.values().size());
  EXPECT_EQ(spec_of(specs, ids), (TensorSpec{DType::kI64, {2, 3}}));
  EXPECT_EQ(spec_of(specs, table), (TensorSpec{DType::kF32, {10, 4}}));
  EXPECT_EQ(spec_of(specs, rows), (TensorSpec{DType::kF32, {2, 3, 4}}));
  EXPECT_EQ(spec_of(specs, wide), (TensorSpec{DType::kF32, {2, 3, 4, 1}}));
}

/// Exporters compute shapes with operators: what follows from constants is known before anything runs.
TEST(InferSpecs, FollowsShapesThroughArithmetic) {
  Graph graph;
  const ValueId x = graph.add_input("x", DType::kF32);
  const ValueId halves = node(graph, "Div", {integers(graph, "a", {8}), integers(graph, "b", {2})});
  const ValueId shape = node(graph, "Concat", {integers(graph, "c", {-1}), halves}, {{"axis", std::int64_t{0}}});
  const ValueId y = node(graph, "Reshape", {x, shape});
  const std::array inputs{TensorSpec{DType::kF32, {2, 8}}};
  const auto specs = infer_specs(graph, inputs);
  EXPECT_EQ(spec_of(specs, y).shape, (Shape{4, 4}));
  ASSERT_TRUE(spec_of(specs, shape).known.defined());
  EXPECT_FALSE(spec_of(specs, y).known.defined());
}

TEST(InferSpecs, ShapesThatDependOnDataAreRefused) {
  Graph graph;
  const ValueId x = graph.add_input("x", DType::kF32), shape = graph.add_input("shape", DType::kI64);
  node(graph, "Reshape", {x, shape});
  const std::array inputs{TensorSpec{DType::kF32, {2, 8}}, TensorSpec{DType::kI64, {2}}};
  expect_error(ErrorCode::kInput, "node 'my Reshape' (Reshape): input shape: its values depend on the data",
               [&] { infer_specs(graph, inputs); });
}

TEST(InferSpecs, ErrorsNameTheNode) {
  Graph graph;
  const ValueId a = graph.add_input("a", DType::kF32), b = graph.add_input("b", DType::kF32);
  node(graph, "Add", {a, b});
  const std::array inputs{TensorSpec{DType::kF32, {2, 3}}, TensorSpec{DType::kF32, {4}}};
  expect_error(ErrorCode::kInput, "node 'my Add' (Add): found shapes [2, 3] and [4]",
               [&] { infer_specs(graph, inputs); });
}

TEST(InferSpecs, UnknownOperatorsAreRefusedByName) {
  Graph graph;
  const ValueId x = graph.add_input("x", DType::kF32);
  node(graph, "Warp\x1b", {x}, {}, "com.example");
  const std::array inputs{TensorSpec{DType::kF32, {2}}};
  expect_error(ErrorCode::kInput, "operator 'Warp\\x1B' of domain 'com.example' is not implemented",
               [&] { infer_specs(graph, inputs); });
}

TEST(InferSpecs, InputsMustBeWhatTheGraphSays) {
  Graph graph;
  graph.add_input("ids", DType::kI64);
  const std::array wrong{TensorSpec{DType::kF32, {2}}};
  expect_error(ErrorCode::kInput, "input 'ids': found f32 [2], expected i64", [&] { infer_specs(graph, wrong); });
  expect_error(ErrorCode::kInput, "found 0 inputs, the graph has 1", [&] { infer_specs(graph, {}); });
}

TEST(InferSpecs, MissingInputsAndTooManyOutputsAreRefused) {
  const std::array inputs{TensorSpec{DType::kF32, {2}}};
  Graph missing;
  node(missing, "Add", {missing.add_input("x", DType::kF32), kNoValue});
  expect_error(ErrorCode::kInput, "input 1 is missing", [&] { infer_specs(missing, inputs); });
  Graph more;
  const ValueId x = more.add_input("x", DType::kF32);
  more.add_node({.op = "Cos", .domain = "", .name = "c", .inputs = {x}, .outputs = {}, .attributes = {}}, 2);
  expect_error(ErrorCode::kInput, "found 2 outputs, expected at most 1", [&] { infer_specs(more, inputs); });
}

/// Shapes come from files: their products must not overflow, nor make kerf allocate what no model has.
TEST(InferSpecs, HugeShapesAreRefused) {
  Graph graph;
  const ValueId a = graph.add_input("a", DType::kF32), b = graph.add_input("b", DType::kF32);
  node(graph, "Add", {a, b});
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  const std::array inputs{TensorSpec{DType::kF32, {kHuge, 1}}, TensorSpec{DType::kF32, {1, kHuge}}};
  expect_error(ErrorCode::kInput, "is too large", [&] { infer_specs(graph, inputs); });
}

}  // namespace
}  // namespace kerf::ops
