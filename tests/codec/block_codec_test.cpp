#include "codec/block_codec.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/codec/quantize.h"

namespace kerf::codec {

void PrintTo(const BlockCodec* codec, std::ostream* out) { *out << codec->name; }

namespace {

using testing::ElementsAre;

std::vector<std::byte> bytes_of(const std::vector<int>& values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

const BlockCodec& codec_of(std::string_view name) {
  const BlockCodec* codec = find_block_codec(parse_scheme(name));
  if (codec == nullptr) throw std::runtime_error("no codec");
  return *codec;
}

std::vector<std::byte> encode(const BlockCodec& codec, const QuantizedTensor& tensor, std::int64_t row) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.cols / codec.block_size * codec.block_bytes));
  codec.encode_row(tensor, row, bytes);
  return bytes;
}

/// One block with the given codes.
QuantizedTensor block_tensor(std::string_view name, const std::vector<int>& codes, float scale, float minimum = 0) {
  QuantizedTensor tensor = make_quantized(parse_scheme(name), 1, 32);
  for (std::size_t i = 0; i < 32; ++i) tensor.codes[i] = static_cast<std::uint8_t>(codes[i]);
  tensor.scales[0] = scale;
  if (!tensor.minima.empty()) tensor.minima[0] = minimum;
  return tensor;
}

void expect_block(std::string_view name, const QuantizedTensor& tensor, const std::vector<int>& expected) {
  const BlockCodec& codec = codec_of(name);
  EXPECT_EQ(encode(codec, tensor, 0), bytes_of(expected)) << name;
  QuantizedTensor decoded = make_quantized(tensor.scheme, 1, 32);
  codec.decode_row(bytes_of(expected), 0, decoded);
  EXPECT_EQ(decoded.codes, tensor.codes) << name;
  EXPECT_EQ(decoded.scales, tensor.scales) << name;
  EXPECT_EQ(decoded.minima, tensor.minima) << name;
}

// The expected bytes below are worked out by hand from the description of the blocks in ggml-common.h. f16: 0.5 is
// 0x3800 (sign 0, exponent 14, mantissa 0), -2 is 0xc000, 1.5 is 0x3e00; little endian, so the lower byte comes first.

/// 0, 1, 2, … 31 for element i.
std::vector<int> counting(int count) {
  std::vector<int> codes;
  for (int i = 0; i < 32; ++i) codes.push_back(i % count);
  return codes;
}

TEST(BlockCodec, Q8_0Bytes) {
  // Scale 0.5, then one signed byte a weight: code 128 is 0, 129 is 1, 127 is -1 (0xff), 1 is -127 (0x81).
  std::vector<int> codes(32, 128), expected(34, 0);
  codes[0] = 129;
  codes[1] = 127;
  codes[2] = 1;
  codes[3] = 255;
  codes[31] = 138;
  expected[1] = 0x38;
  expected[2] = 0x01;
  expected[3] = 0xff;
  expected[4] = 0x81;
  expected[5] = 0x7f;
  expected[33] = 0x0a;
  expect_block("q8_0", block_tensor("q8_0", codes, 0.5F), expected);
}

TEST(BlockCodec, Q8_0ReadsMinus128) {
  std::vector<std::byte> bytes(34, std::byte{0});
  bytes[1] = std::byte{0x38};
  bytes[2] = std::byte{0x80};
  QuantizedTensor tensor = make_quantized(parse_scheme("q8_0"), 1, 32);
  codec_of("q8_0").decode_row(bytes, 0, tensor);
  EXPECT_EQ(tensor.codes[0], 0);
  EXPECT_EQ(dequantize(tensor)[0], -64);
  EXPECT_EQ(dequantize(tensor)[1], 0);
  EXPECT_EQ(encode(codec_of("q8_0"), tensor, 0), bytes);
}

TEST(BlockCodec, Q4_0Bytes) {
  // Scale -2; byte j has element j in its low half and element j + 16 in its high half: with codes 0 … 15, 0 … 15
  // both halves are j.
  std::vector<int> expected{0x00, 0xc0};
  for (int j = 0; j < 16; ++j) expected.push_back(j * 16 + j);
  expect_block("q4_0", block_tensor("q4_0", counting(16), -2), expected);
  // Halves that differ: element 0 is 3, element 16 is 12.
  std::vector<int> codes = counting(16);
  codes[0] = 3;
  codes[16] = 12;
  expected[2] = 0xc3;
  expect_block("q4_0", block_tensor("q4_0", codes, -2), expected);
}

TEST(BlockCodec, Q4_1Bytes) {
  std::vector<int> expected{0x00, 0x38, 0x00, 0xc0};  // scale 0.5, minimum -2
  for (int j = 0; j < 16; ++j) expected.push_back((15 - j) * 16 + j);
  std::vector<int> codes;
  for (int j = 0; j < 16; ++j) codes.push_back(j);
  for (int j = 0; j < 16; ++j) codes.push_back(15 - j);
  expect_block("q4_1", block_tensor("q4_1", codes, 0.5F, -2), expected);
}

TEST(BlockCodec, Q5_0Bytes) {
  // Codes 0 … 31: the fifth bit is 0 for elements 0 … 15 and 1 for 16 … 31, so the word is 0xffff0000.
  std::vector<int> expected{0x00, 0x3e, 0x00, 0x00, 0xff, 0xff};
  for (int j = 0; j < 16; ++j) expected.push_back(j * 16 + j);
  expect_block("q5_0", block_tensor("q5_0", counting(32), 1.5F), expected);
  // Element 1 gets its fifth bit (bit 1 of the first byte), element 31 loses it (bit 7 of the last).
  std::vector<int> codes = counting(32);
  codes[1] = 17;
  codes[31] = 15;
  expected[2] = 0x02;
  expected[5] = 0x7f;
  expect_block("q5_0", block_tensor("q5_0", codes, 1.5F), expected);
}

TEST(BlockCodec, Q5_1Bytes) {
  std::vector<int> expected{0x00, 0x3e, 0x00, 0xc0, 0x00, 0x00, 0xff, 0xff};  // scale 1.5, minimum -2
  for (int j = 0; j < 16; ++j) expected.push_back(j * 16 + j);
  expect_block("q5_1", block_tensor("q5_1", counting(32), 1.5F, -2), expected);
}

TEST(BlockCodec, ListedBlocksHaveTheSizesAndIdsOfGguf) {
  struct Known {
    std::string_view name;
    std::uint32_t id;
    std::int64_t bytes;
  };
  for (const auto& [name, id, bytes] :
       {Known{"q8_0", 8, 34}, Known{"q4_0", 2, 18}, Known{"q4_1", 3, 20}, Known{"q5_0", 6, 22}, Known{"q5_1", 7, 24}}) {
    const BlockCodec* codec = find_block_codec(id);
    ASSERT_NE(codec, nullptr) << name;
    EXPECT_EQ(codec->name, name);
    EXPECT_EQ(codec->block_size, 32);
    EXPECT_EQ(codec->block_bytes, bytes);
  }
  EXPECT_EQ(find_block_codec(std::uint32_t{0}), nullptr);
}

TEST(BlockCodec, FindsOnlyWhatHoldsTheSchemeExactly) {
  EXPECT_EQ(find_block_codec(parse_scheme("int4-g32")), find_block_codec(std::uint32_t{2}));
  for (const char* name : {"int4-g64", "int4-g32-asym", "int4", "int4-tensor", "int8-g32-min", "int8-g32-asym",
                           "int3-g32", "f16", "none"}) {
    EXPECT_EQ(find_block_codec(parse_scheme(name)), nullptr) << name;
  }
  EXPECT_EQ(find_block_codec(with_scales(parse_scheme("int4-g32"), DType::kBF16)), nullptr);
  EXPECT_EQ(find_block_codec(with_scales(parse_scheme("int4-g32"), DType::kF32)), nullptr);
}

class EveryBlock : public testing::TestWithParam<const BlockCodec*> {};

TEST_P(EveryBlock, HoldsAQuantizedTensorExactly) {
  const BlockCodec& codec = *GetParam();
  const Scheme scheme = parse_scheme(codec.name);
  EXPECT_EQ(scheme.name, codec.scheme_name);
  EXPECT_EQ(find_block_codec(scheme), &codec);
  const std::int64_t cols = 5 * codec.block_size;
  const QuantizedTensor tensor = quantize(scheme, 3, cols, random_weights(4, 3 * cols));
  QuantizedTensor decoded = make_quantized(scheme, 3, cols);
  for (std::int64_t row = 0; row < 3; ++row) codec.decode_row(encode(codec, tensor, row), row, decoded);
  EXPECT_EQ(decoded.codes, tensor.codes);
  EXPECT_EQ(decoded.scales, tensor.scales);
  EXPECT_EQ(decoded.minima, tensor.minima);
  EXPECT_EQ(decoded.super_scales, tensor.super_scales);
  EXPECT_EQ(decoded.super_minima, tensor.super_minima);
}

TEST_P(EveryBlock, AnyBytesAreABlock) {
  const BlockCodec& codec = *GetParam();
  Random random(9);
  std::vector<std::byte> bytes(static_cast<std::size_t>(codec.block_bytes * 64));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  QuantizedTensor tensor = make_quantized(parse_scheme(codec.name), 1, 64 * codec.block_size);
  codec.decode_row(bytes, 0, tensor);
  for (const std::uint8_t code : tensor.codes) ASSERT_LT(code, 1 << tensor.scheme.bits);
  // NaNs lose their payload and are the reader's to refuse.
  const auto finite = [](const std::vector<float>& values) { return first_non_finite(values) == values.size(); };
  if (finite(tensor.scales) && finite(tensor.minima)) {
    EXPECT_EQ(encode(codec, tensor, 0), bytes);
  }
}

TEST_P(EveryBlock, TakesAsManyBitsAsTheSchemeSays) {
  const BlockCodec& codec = *GetParam();
  EXPECT_EQ(storage_bits(parse_scheme(codec.name), 1, codec.block_size),
            static_cast<std::uint64_t>(codec.block_bytes) * 8);
}

INSTANTIATE_TEST_SUITE_P(Blocks, EveryBlock, testing::ValuesIn(block_codecs()),
                         [](const auto& instance) { return std::string(instance.param->name); });

}  // namespace
}  // namespace kerf::codec
