#include "codec/quantized_tensor.h"

#include <bit>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/codec/quantize.h"

namespace kerf::codec {
namespace {

TEST(QuantizedTensor, SizesFollowTheScheme) {
  const QuantizedTensor grouped = make_quantized(parse_scheme("int4-g32-asym"), 3, 70);
  EXPECT_EQ(grouped.codes.size(), 210U);
  EXPECT_EQ(grouped.groups(), 3);
  EXPECT_EQ(grouped.scales.size(), 9U);
  EXPECT_EQ(grouped.zero_points.size(), 9U);
  EXPECT_TRUE(grouped.minima.empty());
  const QuantizedTensor with_minima = make_quantized(parse_scheme("int4-min"), 3, 70);
  EXPECT_EQ(with_minima.scales.size(), 3U);
  EXPECT_EQ(with_minima.minima.size(), 3U);
  EXPECT_TRUE(with_minima.zero_points.empty());
  const QuantizedTensor whole = make_quantized(parse_scheme("int8-tensor"), 3, 70);
  EXPECT_EQ(whole.scales.size(), 1U);
}

TEST(QuantizedTensor, GroupIndex) {
  const QuantizedTensor grouped = make_quantized(parse_scheme("int4-g32"), 3, 70);
  EXPECT_EQ(grouped.group_index(0, 0), 0);
  EXPECT_EQ(grouped.group_index(0, 31), 0);
  EXPECT_EQ(grouped.group_index(0, 32), 1);
  EXPECT_EQ(grouped.group_index(0, 69), 2);
  EXPECT_EQ(grouped.group_index(2, 64), 8);
  EXPECT_EQ(make_quantized(parse_scheme("int8"), 3, 70).group_index(2, 69), 2);
  EXPECT_EQ(make_quantized(parse_scheme("int8-tensor"), 3, 70).group_index(2, 69), 0);
}

TEST(QuantizedTensor, BlocksShareAScaleAcrossRows) {
  const QuantizedTensor blocks = make_quantized(parse_scheme("f8_e4m3-b16x32"), 33, 70);
  EXPECT_EQ(blocks.scales.size(), 9U);
  EXPECT_EQ(blocks.group_index(0, 31), 0);
  EXPECT_EQ(blocks.group_index(15, 32), 1);
  EXPECT_EQ(blocks.group_index(16, 69), 5);
  EXPECT_EQ(blocks.group_index(32, 0), 6);
  EXPECT_EQ(storage_bits(blocks.scheme, 33, 70), 33U * 70 * 8 + 9 * 16);
}

/// 1.5 and -0.5 in E4M3, times the scale of the block that they lie in.
TEST(QuantizedTensor, ValuesOfBlocks) {
  QuantizedTensor blocks = make_quantized(parse_scheme("f8_e4m3-b8x8"), 9, 9);
  for (std::size_t i = 0; i < 4; ++i) blocks.scales[i] = static_cast<float>(1 << i);
  std::fill(blocks.codes.begin(), blocks.codes.end(), std::uint8_t{0x3c});
  blocks.codes[8 * 9 + 8] = 0xb0;
  const std::vector<float> values = dequantize(blocks);
  EXPECT_EQ(values[0], 1.5F);
  EXPECT_EQ(values[7 * 9 + 8], 3);
  EXPECT_EQ(values[8 * 9 + 7], 6);
  EXPECT_EQ(values[8 * 9 + 8], -4);
  std::vector<float> last(9);
  dequantize_rows(blocks, 8, 1, last.data());
  EXPECT_EQ(last[0], 6) << "rows by themselves know their block";
}

TEST(QuantizedTensor, ParametersAlone) {
  const QuantizedTensor parameters = make_parameters(parse_scheme("int4-g32-asym"), 3, 70);
  EXPECT_TRUE(parameters.codes.empty());
  EXPECT_EQ(parameters.scales.size(), 9U);
  EXPECT_EQ(parameters.cols, 70);
}

TEST(QuantizedTensor, OnlySchemesWithCodes) {
  EXPECT_THROW(make_quantized(parse_scheme("bf16"), 1, 1), Error);
  EXPECT_THROW(make_quantized(parse_scheme("none"), 1, 1), Error);
}

/// The definition in the header, one value at a time.
float defined_value(const QuantizedTensor& tensor, std::int64_t row, std::int64_t col) {
  const int code = tensor.codes[static_cast<std::size_t>(row * tensor.cols + col)];
  const auto group = static_cast<std::size_t>(tensor.group_index(row, col));
  const float scale = tensor.scales[group];
  switch (tensor.scheme.offset) {
    case Offset::kSymmetric:
      return scale * static_cast<float>(code - (1 << (tensor.scheme.bits - 1)));
    case Offset::kZeroPoint:
      return scale * static_cast<float>(code - tensor.zero_points[group]);
    case Offset::kMinimum:
      return scale * static_cast<float>(code) + tensor.minima[group];
  }
  return 0;
}

TEST(QuantizedTensor, ValuesAreTheDefinedOnesInEveryGroupLayout) {
  for (const char* name : {"int4-g32", "int4-g32-asym", "int4-g32-min", "int8", "int8-asym", "int3-min", "int8-tensor",
                           "int8-tensor-asym", "int5-tensor-min", "int2-g8"}) {
    for (const std::int64_t cols : {1, 8, 32, 33, 95}) {
      const QuantizedTensor tensor = quantize(parse_scheme(name), 4, cols, random_weights(1, 4 * cols));
      const std::vector<float> values = dequantize(tensor);
      for (std::int64_t row = 0; row < 4; ++row) {
        for (std::int64_t col = 0; col < cols; ++col) {
          // Bit for bit, so that the sign of zero counts: a negative scale times 0 is -0.
          const float value = values[static_cast<std::size_t>(row * cols + col)];
          ASSERT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(defined_value(tensor, row, col)))
              << name << " " << row << " " << col;
        }
      }
    }
  }
}

TEST(QuantizedTensor, SomeRowsAreThoseRows) {
  const QuantizedTensor tensor = quantize(parse_scheme("int4-g32-asym"), 6, 50, random_weights(2, 300));
  const std::vector<float> all = dequantize(tensor);
  std::vector<float> some(3 * 50 + 1, 77.0F);
  dequantize_rows(tensor, 2, 3, some.data());
  for (std::size_t i = 0; i < 150; ++i) ASSERT_EQ(some[i], all[100 + i]);
  EXPECT_EQ(some[150], 77.0F);
}

TEST(QuantizedTensor, EmptyTensorsAreTensors) {
  EXPECT_TRUE(dequantize(make_quantized(parse_scheme("int4-g32"), 0, 64)).empty());
  EXPECT_TRUE(dequantize(make_quantized(parse_scheme("int4-g32-asym"), 5, 0)).empty());
  EXPECT_TRUE(dequantize(make_quantized(parse_scheme("int8"), 5, 0)).empty());
}

TEST(StorageBits, CodesScalesAndOffsetsCount) {
  // Bits per weight of the GGUF blocks: 4.5, 5, 8.5.
  EXPECT_EQ(storage_bits(parse_scheme("int4-g32"), 10, 64) * 10, 10U * 64 * 45);
  EXPECT_EQ(storage_bits(parse_scheme("int4-g32-min"), 10, 64), 10U * 64 * 5);
  EXPECT_EQ(storage_bits(parse_scheme("int8-g32"), 10, 64) * 10, 10U * 64 * 85);
  // 4 bits a weight, 16 + 4 bits a group.
  EXPECT_EQ(storage_bits(parse_scheme("int4-g128-asym"), 2, 256), 2U * 256 * 4 + 4 * 20);
  // The last group is shorter and has a scale all the same.
  EXPECT_EQ(storage_bits(parse_scheme("int4-g32"), 1, 33), 33U * 4 + 2 * 16);
  EXPECT_EQ(storage_bits(parse_scheme("int8"), 3, 10), 30U * 8 + 3 * 16);
  EXPECT_EQ(storage_bits(parse_scheme("int8-tensor-asym"), 3, 10), 30U * 8 + 16 + 8);
}

TEST(StorageBits, TheDtypeOfScalesCounts) {
  EXPECT_EQ(storage_bits(with_scales(parse_scheme("int4-g32-min"), DType::kF32), 1, 32), 32U * 4 + 2 * 32);
}

TEST(StorageBits, PlainDtypes) {
  EXPECT_EQ(storage_bits(parse_scheme("bf16"), 3, 5), 240U);
  EXPECT_EQ(storage_bits(parse_scheme("f32"), 3, 5), 480U);
  // What "none" keeps is not the scheme's to say.
  EXPECT_THROW(storage_bits(parse_scheme("none"), 3, 5), Error);
}

}  // namespace
}  // namespace kerf::codec
