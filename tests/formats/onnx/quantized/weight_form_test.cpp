// Codes as ONNX graphs hold them, read back by the importer, whose reading of each operator is tested against ONNX
// Runtime (tests/interop/onnx).

#include <bit>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "codec/quantized_tensor.h"
#include "formats/onnx/quantized/integer_codes.h"
#include "formats/onnx/quantized/kinds.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::onnx {
namespace {

using codec::QuantizedTensor;

QuantizedTensor tensor_of(const std::string& scheme, std::int64_t rows, std::int64_t cols) {
  QuantizedTensor tensor = codec::make_quantized(codec::parse_scheme(scheme), rows, cols);
  const unsigned mask = (1U << tensor.scheme.bits) - 1;
  for (std::size_t i = 0; i < tensor.codes.size(); ++i)
    tensor.codes[i] = static_cast<std::uint8_t>((i * 37 + 11) & mask);
  for (std::size_t i = 0; i < tensor.scales.size(); ++i) {
    tensor.scales[i] = codec::round_to(DType::kF16, 0.01F * static_cast<float>(1 + i % 17));
  }
  for (std::size_t i = 0; i < tensor.zero_points.size(); ++i) {
    tensor.zero_points[i] = static_cast<std::uint8_t>((i * 5 + 3) & mask);
  }
  return tensor;
}

void add_initializers(const WeightForm& form, const QuantizedWeight& weight, const QuantizedTensor& tensor,
                      ModelBuilder& builder) {
  const auto planned = form.plan(weight);
  const TensorBytes bytes = form.encode(weight, tensor);
  ASSERT_EQ(planned.size(), bytes.size());
  for (std::size_t i = 0; i < planned.size(); ++i) {
    EXPECT_EQ(planned[i].bytes(), bytes[i].size()) << planned[i].name;
    ModelBuilder::fill(*builder.graph().add_initializer(), planned[i].name, planned[i].shape, planned[i].data_type,
                       bytes[i].data(), bytes[i].size());
  }
}

/// Ids, an embedding of `cols` columns, the form, logits of `rows` columns; a lookup: ids, the form.
ModelBuilder model_with(const WeightForm& form, const QuantizedWeight& weight, const QuantizedTensor& tensor) {
  ModelBuilder builder(21);
  auto* import = builder.model.add_opset_import();
  import->set_domain("com.microsoft");
  import->set_version(1);
  builder.input("input_ids", {"batch", "length"});
  builder.output("logits");
  NodeList list;
  if (form.makes == WeightForm::Makes::kRows) {
    form.add_nodes(weight, {"input_ids", "logits", "rows"}, {}, list);
  } else {
    builder.weight("table", {11, weight.cols}, 1);
    builder.node("Gather", {"table", "input_ids"}, {"x"});
    const bool is_matrix = form.makes == WeightForm::Makes::kMatrix;
    form.add_nodes(weight, is_matrix ? WeightUse{"", "matrix", "make"} : WeightUse{"x", "logits", "product"}, {}, list);
  }
  for (const auto& node : list.nodes) *builder.graph().add_node() = node;
  if (form.makes == WeightForm::Makes::kMatrix) {
    std::string matrix = "matrix";
    if (!weight.turned) {
      matrix = "turned";
      builder.node("Transpose", {"matrix"}, {matrix});
    }
    builder.node("MatMul", {"x", matrix}, {"logits"});
  }
  add_initializers(form, weight, tensor, builder);
  return builder;
}

graph::SourcePtr weight_called(const graph::Graph& graph, const std::string& name) {
  for (const graph::ValueId id : graph.weights()) {
    const graph::Weight& weight = graph.value(id).weight;
    if (weight.name == name || weight.name == name + "_rows") return weight.source;
  }
  return nullptr;
}

TEST(WeightForm, WhatIsWrittenIsReadBackBitForBit) {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{24, 64}, {7, 96}, {5, 50}, {3, 34}};
  int held = 0;
  for (const WeightForm* form : weight_forms()) {
    for (const char* scheme :
         {"int4-g32", "int4-g32-asym", "int4-g16", "int8-g32", "int8-g16-asym", "int8", "int8-asym", "int8-tensor",
          "int8-tensor-asym", "int4", "int4-asym", "int4-g128", "int8-g96"}) {
      for (const auto& [rows, cols] : shapes) {
        for (const bool turned : {false, true}) {
          const QuantizedTensor tensor = tensor_of(scheme, rows, cols);
          const QuantizedWeight weight{"w", tensor.scheme, rows, cols, proto::TensorProto::FLOAT, turned};
          if (form->refusal(weight)) continue;
          ++held;
          const auto imported = model_with(*form, weight, tensor).import();
          const graph::SourcePtr source = weight_called(imported->graph, "w");
          ASSERT_NE(source, nullptr) << form->name << " " << scheme << "\n" << graph::to_text(imported->graph);
          std::vector<float> expected(static_cast<std::size_t>(rows * cols));
          codec::dequantize_rows(tensor, 0, rows, expected.data());
          const Tensor found = source->read();
          ASSERT_EQ(found.shape(), (Shape{rows, cols})) << form->name << " " << scheme;
          for (std::size_t i = 0; i < expected.size(); ++i) {
            ASSERT_EQ(std::bit_cast<std::uint32_t>(found.data<float>()[i]), std::bit_cast<std::uint32_t>(expected[i]))
                << form->name << " " << scheme << " " << rows << "x" << cols << " at " << i;
          }
        }
      }
    }
  }
  EXPECT_GT(held, 150);
}

std::vector<int> as_ints(const std::vector<std::byte>& bytes) {
  std::vector<int> values;
  for (const std::byte byte : bytes) values.push_back(std::to_integer<int>(byte));
  return values;
}

// By hand, from the operators' specifications: the first code in the low half; signed codes from -8; rows of zero
// points padded to a byte.
TEST(WeightForm, BytesAreThoseOfTheSpecifications) {
  QuantizedTensor tensor = codec::make_quantized(codec::parse_scheme("int4-g16-asym"), 1, 18);
  for (std::size_t i = 0; i < 18; ++i) tensor.codes[i] = static_cast<std::uint8_t>(i % 16);
  tensor.scales = {0.5F, 0.25F};
  tensor.zero_points = {7, 9};
  const QuantizedWeight weight{"w", tensor.scheme, 1, 18};
  const TensorBytes blocks = matmul_nbits_form().encode(weight, tensor);
  EXPECT_EQ(as_ints(blocks[0]), (std::vector<int>{0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe,  //
                                                  0x10, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(as_ints(blocks[2]), (std::vector<int>{0x97}));
  QuantizedTensor centred = codec::make_quantized(codec::parse_scheme("int4"), 2, 3);
  centred.codes = {0, 8, 15, 7, 9, 1};  // -8 0 7 | -1 1 -7
  centred.scales = {1, 1};
  const QuantizedWeight turned{"w", centred.scheme, 2, 3, proto::TensorProto::FLOAT, true};
  EXPECT_EQ(as_ints(dequantize_linear_form().encode(turned, centred)[0]), (std::vector<int>{0xf8, 0x10, 0x97}));
}

TEST(WeightForm, RefusesWhatItDoesNotHold) {
  const auto refusal = [](const WeightForm& form, const char* scheme, std::int64_t cols = 64) {
    return form.refusal({"w", codec::parse_scheme(scheme), 8, cols}).value_or("held");
  };
  EXPECT_NE(refusal(matmul_nbits_form(), "int4-g32-min").find("no minima"), std::string::npos);
  EXPECT_NE(refusal(matmul_nbits_form(), "int3-g32").find("4 and 8 bits, not 3"), std::string::npos);
  EXPECT_NE(refusal(matmul_nbits_form(), "int4-g24").find("from 16 on, not of 24"), std::string::npos);
  EXPECT_NE(refusal(matmul_nbits_form(), "nf4-g64").find("no operator for such codes"), std::string::npos);
  EXPECT_NE(refusal(matmul_integer_form(), "int8-g32").find("a scale for all of a column"), std::string::npos);
  EXPECT_NE(refusal(matmul_integer_form(), "int4-asym").find("MatMulInteger has bytes"), std::string::npos);
  EXPECT_NE(refusal(gather_block_quantized_form(), "int4-g32", 33).find("33"), std::string::npos);
  EXPECT_EQ(refusal(gather_block_quantized_form(), "int8-g32", 33), "held");
  codec::Scheme scheme = codec::parse_scheme("int4-g32");
  scheme.scale_dtype = DType::kF32;
  const QuantizedWeight half{"w", scheme, 8, 64, proto::TensorProto::FLOAT16};
  EXPECT_NE(matmul_nbits_form().refusal(half)->find("--scale-dtype f16"), std::string::npos);
  EXPECT_FALSE(dequantize_linear_form().refusal(half)) << "a Cast follows";
}

TEST(QuantizedKinds, TheNearestIsNamed) {
  EXPECT_EQ(find_kind("QDQ").name, "qdq");
  EXPECT_EQ(find_kind("static").rounds_inputs, true);
  test::expect_error(ErrorCode::kUsage, "matmulnbits", [] { find_kind("matmul_nbits"); });
}

}  // namespace
}  // namespace kerf::formats::onnx
