#include "formats/onnx/symbol_arithmetic.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace kerf::formats::onnx {
namespace {

const Symbol kBatch{1, 1, 0}, kLength{1, 1, 1};
Symbol number(std::int64_t value) { return constant_symbol(value); }

TEST(OnnxSymbolArithmetic, NumbersAreComputedAndOverflowIsUnknown) {
  EXPECT_EQ(combine("Add", number(2), number(3)), number(5));
  EXPECT_EQ(combine("Sub", number(2), number(3)), number(-1));
  EXPECT_EQ(combine("Div", number(7), number(2)), number(3));
  EXPECT_EQ(combine("Less", number(2), number(3)), number(1));
  EXPECT_EQ(combine("Add", number(std::numeric_limits<std::int64_t>::max()), number(1)), std::nullopt);
  EXPECT_EQ(combine("Div", number(7), number(0)), std::nullopt);
}

TEST(OnnxSymbolArithmetic, OfExtentsOnlyWhatIsSureIsKnown) {
  EXPECT_EQ(combine("Add", kLength, number(0)), kLength);
  EXPECT_EQ(combine("Sub", kLength, kLength), number(0));
  EXPECT_EQ(combine("Mul", number(1), kLength), kLength);
  EXPECT_EQ(combine("Equal", kLength, number(-1)), number(0));
  EXPECT_EQ(combine("Equal", kLength, number(1)), std::nullopt);
  EXPECT_EQ(combine("Add", kLength, kBatch), std::nullopt);
}

TEST(OnnxSymbolArithmetic, EqualExtentsCancel) {
  Quotient quotient;
  for (const Symbol& symbol : {kBatch, kLength, number(12)}) quotient.multiply(symbol);
  quotient.divide(kBatch);
  quotient.divide(number(12));
  EXPECT_EQ(quotient.result(), kLength);
  quotient.divide(kLength);
  EXPECT_EQ(quotient.result(), number(1));
  quotient.divide(number(5));
  EXPECT_EQ(quotient.result(), std::nullopt);
}

TEST(OnnxSymbolArithmetic, ShapesBroadcastFromTheRight) {
  const SymbolList a = {kBatch, number(1), number(8)}, b = {kLength, number(8)};
  EXPECT_EQ(broadcast(a, b), (SymbolList{kBatch, kLength, number(8)}));
  EXPECT_EQ(broadcast(SymbolList{kBatch}, SymbolList{kLength}), SymbolList{MaybeSymbol()});
}

}  // namespace
}  // namespace kerf::formats::onnx
