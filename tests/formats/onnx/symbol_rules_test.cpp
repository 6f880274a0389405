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
  Fixture() { symbols.learn_input(ids, ids, {-1, -1}); }

  Symbols::Known rule(const std::string& op, std::vector<ValueIndex> inputs) {
    DraftNode node;
    node.op = op;
    node.inputs = std::move(inputs);
    return apply_symbol_rules(symbols, draft, node);
  }
  Symbol extent(int axis) const { return {0, ids, axis}; }
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

TEST(OnnxSymbolRules, WhatNoRuleKnowsIsUnknown) {
  Fixture f;
  EXPECT_EQ(f.rule("NonZero", {f.ids}).shape, std::nullopt);
  EXPECT_EQ(f.rule("NonZero", {f.ids}).contents, std::nullopt);
}

}  // namespace
}  // namespace kerf::formats::onnx
