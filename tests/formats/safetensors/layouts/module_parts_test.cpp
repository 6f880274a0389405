#include "formats/safetensors/layouts/module_parts.h"

#include <array>
#include <limits>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::safetensors {
namespace {

TEST(ModuleParts, NamesOfPartsGiveTheModule) {
  EXPECT_EQ(module_of("a.b.qweight", ".qweight"), "a.b");
  EXPECT_FALSE(module_of("a.b.qzeros", ".qweight"));
  EXPECT_FALSE(module_of(".qweight", ".qweight"));
}

TEST(ModuleParts, FloatsAreExactOrRefused) {
  EXPECT_EQ(exact_floats("m", "scale", std::array{0.5F, -2.0F}, DType::kF16).size(), 4U);
  for (const float value : {0.1F, 1e6F, std::numeric_limits<float>::infinity()}) {
    test::expect_error(ErrorCode::kInput, "module 'm': scale",
                       [&] { exact_floats("m", "scale", std::span(&value, 1), DType::kF16); });
  }
}

TEST(ModuleParts, SmallFloatsComeBack) {
  for (int code = 0; code < 256; ++code) {
    const std::byte bits{static_cast<std::uint8_t>(code)};
    float value = 0;
    codec::decode_floats(DType::kF8E4M3, std::span(&bits, 1), std::span(&value, 1));
    if ((code & 127) == 127) continue;  // NaN
    EXPECT_EQ(bytes_of_small_floats(std::span(&value, 1), DType::kF8E4M3).front(), bits) << code;
  }
}

TEST(ModuleParts, Transposes) {
  const std::array<std::byte, 6> matrix = {std::byte{1}, std::byte{2}, std::byte{3},
                                           std::byte{4}, std::byte{5}, std::byte{6}};
  EXPECT_EQ(transposed(matrix, 2, 3, 1), (std::vector<std::byte>{std::byte{1}, std::byte{4}, std::byte{2}, std::byte{5},
                                                                 std::byte{3}, std::byte{6}}));
}

TEST(ModuleParts, SchemesOfFilesMayHaveAnyGroup) {
  EXPECT_EQ(integer_scheme(4, 4, false, DType::kF16).name, "int4-g4-asym");
  EXPECT_EQ(integer_scheme(8, -1, true, DType::kF32), [] {
    codec::Scheme scheme = codec::parse_scheme("int8");
    scheme.scale_dtype = DType::kF32;
    return scheme;
  }());
}

}  // namespace
}  // namespace kerf::formats::safetensors
