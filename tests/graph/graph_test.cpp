#include "graph/graph.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Weight weight_named(const std::string& name) {
  Weight weight;
  weight.name = name;
  weight.source = make_memory_source(Tensor::zeros(DType::kF32, {2, 2}), name);
  return weight;
}

Node node_of(const std::string& name, std::vector<ValueId> inputs) {
  return {.op = "Add", .domain = "", .name = name, .inputs = std::move(inputs), .outputs = {}, .attributes = {}};
}

TEST(Attributes, AreFoundByNameAndKind) {
  const Attributes attributes{{"axis", std::int64_t{-1}},
                              {"epsilon", 1e-5},
                              {"mode", std::string("linear")},
                              {"perm", std::vector<std::int64_t>{1, 0}}};
  EXPECT_TRUE(attributes.has("axis"));
  EXPECT_EQ(attributes.int_or("axis", 7), -1);
  EXPECT_EQ(attributes.float_or("epsilon", 7), 1e-5);
  EXPECT_EQ(attributes.string_or("mode", "x"), "linear");
  EXPECT_THAT(attributes.ints_or("perm", {}), ElementsAre(1, 0));
}

TEST(Attributes, WhatIsAbsentOrOfAnotherKindIsTheFallback) {
  const Attributes attributes{{"axis", std::int64_t{-1}}, {"epsilon", 1e-5}};
  EXPECT_FALSE(attributes.has("Axis"));
  EXPECT_EQ(attributes.int_or("absent", 7), 7);
  EXPECT_EQ(attributes.int_or("epsilon", 7), 7);
  EXPECT_EQ(attributes.float_or("axis", 0.5), 0.5);
  EXPECT_EQ(attributes.string_or("axis", "x"), "x");
  EXPECT_THAT(attributes.ints_or("axis", {3}), ElementsAre(3));
}

TEST(Attributes, SettingReplacesInPlace) {
  Attributes attributes{{"a", std::int64_t{1}}, {"b", std::int64_t{2}}};
  attributes.set("a", 0.5);
  attributes.set("c", std::int64_t{3});
  ASSERT_EQ(attributes.entries().size(), 3U);
  EXPECT_EQ(attributes.entries()[0].first, "a");
  EXPECT_EQ(attributes.float_or("a", 0), 0.5);
  EXPECT_EQ(attributes.int_or("c", 0), 3);
}

TEST(Graph, ValuesKnowWhatTheyAre) {
  Graph graph;
  const ValueId input = graph.add_input("ids", DType::kI64);
  const ValueId constant = graph.add_constant("one", Tensor::zeros(DType::kI32, {1}));
  const ValueId weight = graph.add_weight(weight_named("w"));
  const ValueId sum = graph.add_node(node_of("sum", {input, constant})).front();
  EXPECT_THAT((std::vector<ValueId>{input, constant, weight, sum}), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(graph.value(input).kind, Value::Kind::kInput);
  EXPECT_EQ(graph.value(input).dtype, DType::kI64);
  EXPECT_EQ(graph.value(constant).kind, Value::Kind::kConstant);
  EXPECT_EQ(graph.value(constant).dtype, DType::kI32);
  EXPECT_EQ(graph.value(weight).kind, Value::Kind::kWeight);
  EXPECT_EQ(graph.value(weight).name, "w");
  EXPECT_EQ(graph.value(sum).kind, Value::Kind::kComputed);
  EXPECT_EQ(graph.value(sum).producer, 0);
  EXPECT_EQ(graph.value(input).producer, -1);
  EXPECT_THAT(graph.weights(), ElementsAre(weight));
  EXPECT_THAT(graph.inputs(), ElementsAre(input));
}

TEST(Graph, OutputsOfANodeAreNumbered) {
  Graph graph;
  const ValueId input = graph.add_input("x", DType::kF32);
  const auto parts = graph.add_node(node_of("split", {input}), 2);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(graph.value(parts[0]).name, "split.0");
  EXPECT_EQ(graph.value(parts[1]).name, "split.1");
  EXPECT_EQ(graph.value(parts[1]).producer, 0);
  EXPECT_EQ(graph.node(0).outputs, parts);
}

TEST(Graph, ANodeReadsOnlyWhatIsThereAlready) {
  Graph graph;
  const ValueId input = graph.add_input("x", DType::kF32);
  EXPECT_THROW(graph.add_node(node_of("ahead", {input, 1})), std::logic_error);
  EXPECT_THROW(graph.add_node(node_of("below", {-2})), std::logic_error);
  EXPECT_THAT(graph.nodes(), IsEmpty());
  EXPECT_NO_THROW(graph.add_node(node_of("optional", {input, kNoValue, input})));
}

TEST(Graph, ConsumersAreListedOnceAscending) {
  Graph graph;
  const ValueId x = graph.add_input("x", DType::kF32), y = graph.add_input("y", DType::kF32);
  graph.add_node(node_of("a", {x, x}));
  graph.add_node(node_of("b", {y}));
  graph.add_node(node_of("c", {y, kNoValue, x}));
  EXPECT_THAT(graph.consumers(x), ElementsAre(0, 2));
  EXPECT_THAT(graph.consumers(y), ElementsAre(1, 2));
  EXPECT_THAT(graph.consumers(graph.node(2).outputs.front()), IsEmpty());
}

TEST(Graph, InputsAndOutputsAreFoundByName) {
  Graph graph;
  const ValueId x = graph.add_input("x", DType::kF32);
  graph.add_weight(weight_named("w"));
  graph.add_output("logits", x);
  graph.add_output("again", x);
  EXPECT_EQ(graph.find_input("x"), x);
  EXPECT_EQ(graph.find_input("w"), std::nullopt);
  EXPECT_EQ(graph.find_output("again"), x);
  EXPECT_EQ(graph.find_output("x"), std::nullopt);
}

}  // namespace
}  // namespace kerf::graph
