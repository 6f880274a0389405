#include "formats/onnx/symbols.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/onnx/emitter.h"
#include "formats/onnx/lowerings/attention_parts.h"
#include "formats/onnx/probe.h"

namespace kerf::formats::onnx {
namespace {

struct Fixture {
  Draft draft;
  Emitter emitter{draft, "model.onnx"};
  ValueIndex ids = emitter.add_input("input_ids", DType::kI64, {-1, -1});
  ValueIndex mask = emitter.add_input("attention_mask", DType::kI64, {-1, -1});

  /// An extent of the ids: [1].
  ValueIndex extent(ValueIndex of, std::int64_t axis) {
    return emitter.node("Shape", {of}, {{"start", axis}, {"end", axis + 1}});
  }
  std::optional<std::vector<std::int64_t>> constant(ValueIndex value) const {
    const Constant* known = draft.constant(value);
    if (known == nullptr) return std::nullopt;
    const auto values = known->values().values<std::int64_t>();
    return std::vector<std::int64_t>(values.begin(), values.end());
  }
};

TEST(OnnxSymbols, ExtentsOfTheMaskAreThoseOfTheIds) {
  Fixture f;
  EXPECT_EQ(f.extent(f.ids, 1), f.extent(f.mask, 1));
  EXPECT_NE(f.extent(f.ids, 0), f.extent(f.ids, 1));
}

TEST(OnnxSymbols, ArithmeticOnExtents) {
  Fixture f;
  const ValueIndex length = f.extent(f.ids, 1);
  EXPECT_EQ(f.emitter.node("Add", {length, f.emitter.integers({0})}), length);
  EXPECT_EQ(f.emitter.node("Mul", {f.emitter.integers({1}), length}), length);
  EXPECT_EQ(f.constant(f.emitter.node("Sub", {length, length})), (std::vector<std::int64_t>{0}));
  // Twice the length is not known, and not taken for it.
  EXPECT_NE(f.emitter.node("Add", {length, length}), length);
  // The way TorchScript writes Expand: -1 stands for an extent that stays.
  const ValueIndex is_open = f.emitter.node("Equal", {length, f.emitter.integers({-1})});
  ASSERT_NE(f.draft.constant(is_open), nullptr);
  EXPECT_EQ(f.emitter.node("Where", {is_open, f.emitter.integers({1}), length}), length);
}

TEST(OnnxSymbols, ReshapesDivideWhatIsLeft) {
  Fixture f;
  const ValueIndex wide = f.emitter.node("Unsqueeze", {f.ids, f.emitter.integers({2})});
  const ValueIndex copies = f.emitter.node("Expand", {wide, f.emitter.integers({1, 1, 12})});
  const ValueIndex split = f.emitter.node("Reshape", {copies, f.emitter.integers({0, -1, 3, 4})});
  EXPECT_EQ(f.extent(split, 1), f.extent(f.ids, 1));
  EXPECT_EQ(f.constant(f.extent(split, 3)), (std::vector<std::int64_t>{4}));
  const ValueIndex flat = f.emitter.node("Reshape", {copies, f.emitter.integers({-1, 5})});
  EXPECT_EQ(f.constant(f.extent(flat, 0)), std::nullopt);
}

TEST(OnnxSymbols, BroadcastingUnknownExtentsStaysUnknown) {
  Fixture f;
  const ValueIndex one = f.emitter.node("Cast", {f.ids}, {{"to", std::int64_t{1}}});
  const ValueIndex turned = f.emitter.node("Transpose", {one}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  const ValueIndex sum = f.emitter.node("Add", {one, turned});
  EXPECT_NE(f.extent(sum, 0), f.extent(f.ids, 0));
  EXPECT_EQ(f.emitter.rank(sum), 2U);
}

TEST(OnnxAttentionParts, PositionsCountFromTheFirst) {
  Fixture f;
  const ValueIndex positions = positions_of(f.emitter, f.ids, f.emitter.integer(3));
  EXPECT_EQ(f.emitter.rank(positions), 2U);
}

TEST(OnnxProbe, SeesCausalMasks) {
  graph::Graph graph;
  const graph::ValueId ids = graph.add_input("input_ids", DType::kI64);
  Tensor triangle(DType::kBool, {1, 1, 3, 3});
  for (int i = 0; i < 9; ++i) triangle.raw()[i] = std::byte{i % 3 <= i / 3};
  const graph::ValueId mask = graph.add_constant("mask", triangle);
  const graph::ValueId whole =
      graph.add_node({.op = "Abs", .domain = "", .name = "a", .inputs = {ids}, .outputs = {}, .attributes = {}})[0];
  const graph::ValueId seen =
      graph.add_node({.op = "Not", .domain = "", .name = "n", .inputs = {mask}, .outputs = {}, .attributes = {}})[0];
  const graph::ValueId table = graph.add_weight(
      {.name = "w", .source = graph::make_memory_source(Tensor::zeros(DType::kF32, {1, 1, 3, 3}), "w")});
  graph.add_node(
      {.op = "Where", .domain = "", .name = "w", .inputs = {seen, table, table}, .outputs = {}, .attributes = {}});
  const std::vector<ops::TensorSpec> specs(graph.values().size());
  const auto values = probe(graph, 3, specs);
  EXPECT_EQ(values.at(whole).values<std::int64_t>()[2], 3);
  EXPECT_TRUE(is_causal(graph, values, 3));
  EXPECT_FALSE(is_causal(graph, values, 2));
}

}  // namespace
}  // namespace kerf::formats::onnx
