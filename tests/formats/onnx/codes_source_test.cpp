#include "formats/onnx/codes_source.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/quantized_tensor.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::onnx {
namespace {

proto::TensorProto& bytes(ModelBuilder& builder, const std::string& name, const Shape& shape, const std::string& values,
                          std::int32_t type = proto::TensorProto::UINT8) {
  auto* tensor = builder.graph().add_initializer();
  ModelBuilder::fill(*tensor, name, shape, type, values.data(), values.size());
  return *tensor;
}

/// MatMulNBits of 3 x 16 weights of 4 bits in blocks of 16.
ModelBuilder blocks() {
  ModelBuilder builder;
  builder.input("input_ids", {"batch", "length"});
  builder.weight("table", {11, 16}, 1);
  builder.node("Gather", {"table", "input_ids"}, {"x"});
  std::string codes;
  for (int i = 0; i < 24; ++i) codes.push_back(static_cast<char>(i * 37));
  bytes(builder, "codes", {3, 1, 8}, codes);
  builder.weight("scales", {3, 1}, 2);
  bytes(builder, "points", {3, 1}, std::string("\x03\x08\x0f", 3));
  auto& node = builder.node("MatMulNBits", {"x", "codes", "scales", "points"}, {"logits"}, "com.microsoft");
  ModelBuilder::attribute(node, "K", std::int64_t{16});
  ModelBuilder::attribute(node, "N", std::int64_t{3});
  ModelBuilder::attribute(node, "bits", std::int64_t{4});
  ModelBuilder::attribute(node, "block_size", std::int64_t{16});
  builder.output("logits");
  return builder;
}

const graph::Weight& quantized_weight(const ImportedModel& imported) {
  for (const graph::ValueId id : imported.graph.weights()) {
    const graph::Weight& weight = imported.graph.value(id).weight;
    if (weight.source->scheme()) return weight;
  }
  throw std::logic_error("no weight of codes");
}

TEST(OnnxCodes, BlocksOfFourBits) {
  const auto imported = blocks().import();
  const graph::Weight& weight = quantized_weight(*imported);
  EXPECT_EQ(weight.source->scheme()->name, "int4-g16-asym");
  const auto codes = weight.source->read_quantized();
  ASSERT_TRUE(codes);
  EXPECT_EQ(codes->codes[0], 0);
  EXPECT_EQ(codes->codes[2], 37 & 15);
  EXPECT_EQ(codes->codes[3], 37 >> 4);
  EXPECT_EQ(codes->zero_points, (std::vector<std::uint8_t>{3, 8, 15}));
  const Tensor scales = test::random_tensor({3, 1}, 2), values = weight.source->read();
  EXPECT_EQ(values.data<float>()[2], scales.data<float>()[0] * static_cast<float>((37 & 15) - 3));
  // One row read alone is that row of all.
  float row[16] = {};
  weight.source->read_rows(2, 1, row);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(row[i], values.data<float>()[32 + i]);
}

TEST(OnnxCodes, SizesThatDoNotFitAreRefused) {
  const auto refuse = [](const std::string& what, auto change) {
    ModelBuilder builder = blocks();
    change(builder);
    test::expect_error(ErrorCode::kInput, what, [&] { builder.import(); });
  };
  const auto set = [](ModelBuilder& builder, int attribute, std::int64_t value) {
    builder.graph().mutable_node(1)->mutable_attribute(attribute)->set_i(value);
  };
  refuse("found codes of shape [3, 1, 8], expected 32 elements", [&](ModelBuilder& b) { set(b, 1, 4); });
  refuse("attribute bits: found 5", [&](ModelBuilder& b) { set(b, 2, 5); });
  refuse("block_size 15", [&](ModelBuilder& b) { set(b, 3, 15); });
  refuse("found N 3, K -16", [&](ModelBuilder& b) { set(b, 0, -16); });
}

/// Codes [in, out] with scales by column, blocks of 8 along in: a row of the weight is a column there.
TEST(OnnxCodes, DequantizedColumnsAreRowsOfTheWeight) {
  ModelBuilder builder(21);
  builder.embed();
  std::string codes;
  for (int i = 0; i < 16; ++i) codes.push_back(static_cast<char>(i - 8));
  bytes(builder, "codes", {8, 2}, codes, proto::TensorProto::INT8);
  builder.weight("scales", {1, 2}, 2);
  auto& node = builder.node("DequantizeLinear", {"codes", "scales"}, {"w"});
  ModelBuilder::attribute(node, "axis", std::int64_t{0});
  ModelBuilder::attribute(node, "block_size", std::int64_t{8});
  builder.node("MatMul", {"x", "w"}, {"logits"});
  builder.output("logits");
  const auto imported = builder.import();
  const graph::Weight& weight = quantized_weight(*imported);
  EXPECT_EQ(weight.source->shape(), (Shape{2, 8}));
  EXPECT_EQ(weight.source->scheme()->name, "int8");
  const Tensor scales = test::random_tensor({1, 2}, 2), values = weight.source->read();
  EXPECT_EQ(values.data<float>()[8 + 3], scales.data<float>()[1] * static_cast<float>(3 * 2 + 1 - 8));
  EXPECT_EQ(imported->origins.initializers.begin()->second.size(), 1U);
}

TEST(OnnxCodes, SchemesByTheirParts) {
  EXPECT_EQ(codes_scheme(8, 0, true, true, DType::kF32).name, "int8-tensor-asym");
  EXPECT_EQ(codes_scheme(4, 32, false, false, DType::kF16).scale_dtype, DType::kF16);
}

}  // namespace
}  // namespace kerf::formats::onnx
