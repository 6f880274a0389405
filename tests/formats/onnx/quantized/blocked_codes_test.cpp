#include "formats/onnx/quantized/blocked_codes.h"

#include <gtest/gtest.h>

#include "codec/scheme.h"

namespace kerf::formats::onnx {
namespace {

std::vector<int> numbers(const std::vector<std::byte>& bytes) {
  std::vector<int> result;
  for (const std::byte byte : bytes) result.push_back(std::to_integer<int>(byte));
  return result;
}

/// Two rows of 18 codes: a block of 16, and one of 2 that is filled up.
TEST(OnnxBlockedCodes, RowsAreFilledUpAndZeroPointsShareBytes) {
  const QuantizedWeight weight{.name = "w", .scheme = codec::parse_scheme("int4-g16-asym"), .rows = 2, .cols = 18};
  codec::QuantizedTensor tensor;
  tensor.scheme = weight.scheme;
  tensor.rows = 2;
  tensor.cols = 18;
  for (int i = 0; i < 36; ++i) tensor.codes.push_back(static_cast<std::uint8_t>(i % 16));
  tensor.scales = {1, 2, 3, 4};
  tensor.zero_points = {1, 2, 3, 4};

  const auto planned = plan_blocks(weight, "w_Q4", {2, 2, 8});
  ASSERT_EQ(planned.size(), 3U);
  EXPECT_EQ(planned[1].name, block_scales_name(weight));
  EXPECT_EQ(planned[1].shape, (Shape{2, 2}));
  EXPECT_EQ(planned[2].name, block_points_name(weight));
  EXPECT_EQ(planned[2].shape, (Shape{2, 1}));

  const TensorBytes bytes = encode_blocks(weight, tensor, 16);
  const auto codes = numbers(bytes[0]);
  ASSERT_EQ(codes.size(), 32U);
  EXPECT_EQ(codes[0], 0x10);   // codes 0 and 1, the first in the low half
  EXPECT_EQ(codes[8], 0x10);   // the two of the second block
  EXPECT_EQ(codes[9], 0);      // what fills it up
  EXPECT_EQ(codes[16], 0x32);  // the second row begins with code 18: 2
  EXPECT_EQ(bytes[1].size(), 16U);
  EXPECT_EQ(numbers(bytes[2]), (std::vector<int>{0x21, 0x43}));
}

TEST(OnnxBlockedCodes, SymmetricOnesHaveNoZeroPoints) {
  const QuantizedWeight weight{.name = "w", .scheme = codec::parse_scheme("int8-g32"), .rows = 3, .cols = 64};
  EXPECT_EQ(plan_blocks(weight, "w_Q8", {3, 2, 32}).size(), 2U);
  EXPECT_EQ(block_points_name(weight), "");
}

}  // namespace
}  // namespace kerf::formats::onnx
