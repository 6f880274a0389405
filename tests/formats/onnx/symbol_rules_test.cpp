#include "formats/onnx/symbol_rules.h"

#include <gtest/gtest.h>

#include "formats/onnx/emitter.h"
#include "formats/onnx/symbol_arithmetic.h"

namespace kerf::formats::onnx {
namespace {

/// Ids of an unknown batch and length, and what is known of nodes on them.
struct Fixture {
  Draft draft;
  Emitter emitter{draft, "model.onnx"};
  Symbols symbols{draft};
  ValueIndex ids = emitter.add_input("input_ids", DType::kI64, {-1, -1});
  Fixture() { symbols.learn_input(ids, ids, ids, {-1, -1}); }

  Symbols::Known rule(const std::string& op, std::vector<ValueIndex> inputs, graph::Attributes attributes = {},
                      std::size_t outputs = 1, std::size_t output = 0) {
    DraftNode node;
    node.op = op;
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    node.outputs.resize(outputs, kAbsent);
    return apply_symbol_rules(symbols, draft, node, output);
  }
  Symbol extent(int axis) const { return {1, ids, axis}; }
  /// [batch, length, 12], as a table's rows are.
  ValueIndex rows() {
    const ValueIndex table = emitter.add_constant(Constant(Tensor::zeros(DType::kF32, {5, 12}), {}), "table");
    const ValueIndex made = emitter.node("Gather", {table, ids});
    symbols.learn(draft.nodes.back());
    return made;
  }
};

TEST(OnnxSymbolRules, TheShapeOfAnInputIsItsExtents) {
  Fixture f;
  const auto known = f.rule("Shape", {f.ids});
  EXPECT_EQ(known.shape, SymbolList{constant_symbol(2)});
  EXPECT_EQ(known.contents, (SymbolList{f.extent(0), f.extent(1)}));
}

TEST(OnnxSymbolRules, ElementwiseOperatorsKeepTheShapeAndTransposeTurnsIt) {
  Fixture f;
  EXPECT_EQ(f.rule("Neg", {f.ids}).shape, (SymbolList{f.extent(0), f.extent(1)}));
  EXPECT_EQ(f.rule("Transpose", {f.ids}).shape, (SymbolList{f.extent(1), f.extent(0)}));
  EXPECT_EQ(f.rule("Add", {f.ids, f.ids}).shape, (SymbolList{f.extent(0), f.extent(1)}));
}

TEST(OnnxSymbolRules, PartsOfASplitAreCounted) {
  Fixture f;
  const ValueIndex x = f.rows();
  const graph::Attributes last{{"axis", std::int64_t{2}}};
  const SymbolList third{f.extent(0), f.extent(1), constant_symbol(4)};
  for (std::size_t part = 0; part < 3; ++part) EXPECT_EQ(f.rule("Split", {x}, last, 3, part).shape, third);
  const auto sizes = f.rule("Split", {x, f.emitter.integers({5, 7})}, last, 2, 1).shape;
  EXPECT_EQ(sizes, (SymbolList{f.extent(0), f.extent(1), constant_symbol(7)}));
}

TEST(OnnxSymbolRules, HeadsThatAReshapeLeavesOpenFollowFromTheRest) {
  Fixture f;
  const ValueIndex x = f.rows();
  EXPECT_EQ(f.rule("Reshape", {x, f.emitter.integers({0, 0, -1, 4})}).shape,
            (SymbolList{f.extent(0), f.extent(1), constant_symbol(3), constant_symbol(4)}));
  // Batch times heads, and back.
  const auto folded = f.rule("Reshape", {x, f.emitter.integers({-1, 0, 4})}).shape;
  EXPECT_EQ(folded, (SymbolList{Symbol{3, f.ids, 0}, f.extent(1), constant_symbol(4)}));
}

TEST(OnnxSymbolRules, PadsAndTilesAreAddedAndMultiplied) {
  Fixture f;
  const ValueIndex x = f.rows();
  EXPECT_EQ(f.rule("Pad", {x, f.emitter.integers({0, 0, 1, 0, 0, 2})}).shape,
            (SymbolList{f.extent(0), f.extent(1), constant_symbol(15)}));
  EXPECT_EQ(f.rule("Tile", {x, f.emitter.integers({4, 1, 2})}).shape,
            (SymbolList{Symbol{4, f.ids, 0}, f.extent(1), constant_symbol(24)}));
}

TEST(OnnxSymbolRules, ASliceThatDependsOnDataKeepsTheOtherAxes) {
  Fixture f;
  const ValueIndex x = f.rows(), unknown = f.emitter.node("NonZero", {f.ids});
  EXPECT_EQ(f.rule("Slice", {x, unknown, unknown, f.emitter.integers({1})}).shape,
            (SymbolList{f.extent(0), MaybeSymbol(), constant_symbol(12)}));
}

TEST(OnnxSymbolRules, ADynamicRangeHasOneScale) {
  Fixture f;
  const ValueIndex x = f.rows();
  EXPECT_EQ(f.rule("DynamicQuantizeLinear", {x}, {}, 3, 0).shape,
            (SymbolList{f.extent(0), f.extent(1), constant_symbol(12)}));
  EXPECT_EQ(f.rule("DynamicQuantizeLinear", {x}, {}, 3, 1).shape, SymbolList());
}

TEST(OnnxSymbolRules, WhatNoRuleKnowsIsUnknown) {
  Fixture f;
  EXPECT_EQ(f.rule("NonZero", {f.ids}).shape, std::nullopt);
  EXPECT_EQ(f.rule("NonZero", {f.ids}).contents, std::nullopt);
}

}  // namespace
}  // namespace kerf::formats::onnx
