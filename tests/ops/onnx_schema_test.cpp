// Every operator of the default domain is one that ONNX defines, by that name: checked against libonnx, which knows
// opset 17, and the list of what later opsets added.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include "ops/op.h"

namespace kerf::ops {
namespace {

// Added by opsets 18 to 23 (https://github.com/onnx/onnx/blob/main/docs/Changelog.md).
constexpr std::array<std::string_view, 17> kAddedAfter17 = {
    "AffineGrid",    "Attention",        "BitwiseAnd",      "BitwiseNot",   "BitwiseOr",          "BitwiseXor",
    "CenterCropPad", "Col2Im",           "DeformConv",      "Gelu",         "GroupNormalization", "ImageDecoder",
    "Mish",          "RMSNormalization", "RotaryEmbedding", "StringConcat", "StringSplit"};

const ONNX_NAMESPACE::OpSchema* find_schema(std::string_view name) {
  return ONNX_NAMESPACE::OpSchemaRegistry::Schema(std::string(name), 17, "");
}

TEST(OnnxSchema, EveryDefaultOperatorIsOnnx) {
  int checked = 0;
  for (const OpInfo* op : all_ops()) {
    if (!op->domain.empty()) continue;
    ++checked;
    const bool newer = std::find(kAddedAfter17.begin(), kAddedAfter17.end(), op->name) != kAddedAfter17.end();
    EXPECT_TRUE(newer || find_schema(op->name) != nullptr) << op->name << " is no operator of ONNX";
  }
  EXPECT_GT(checked, 0);
}

TEST(OnnxSchema, NewerOperatorsAreUnknownToOpset17) {
  for (const std::string_view name : kAddedAfter17) EXPECT_EQ(find_schema(name), nullptr) << name;
}

TEST(OnnxSchema, OtherDomainsAreKerfsOwn) {
  for (const OpInfo* op : all_ops()) EXPECT_TRUE(op->domain.empty() || op->domain == graph::kKerfDomain) << op->name;
}

TEST(OnnxSchema, PackedInputsExist) {
  for (const OpInfo* op : all_ops()) {
    const auto* schema = op->domain.empty() ? find_schema(op->name) : nullptr;
    if (schema == nullptr) continue;
    EXPECT_LT(op->packed_input, schema->max_input()) << op->name;
  }
}

}  // namespace
}  // namespace kerf::ops
