#include "core/dtype.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace kerf {
namespace {

const std::vector<DType> kAll = {DType::kF64,  DType::kF32, DType::kF16, DType::kBF16, DType::kF8E4M3, DType::kF8E5M2,
                                 DType::kE8M0, DType::kI64, DType::kI32, DType::kI16,  DType::kI8,     DType::kU64,
                                 DType::kU32,  DType::kU16, DType::kU8,  DType::kBool};

TEST(DType, NamesReadBack) {
  for (const DType dtype : kAll) EXPECT_EQ(parse_dtype(dtype_name(dtype)), dtype) << dtype_name(dtype);
}

TEST(DType, NamesAreReadInAnyCase) {
  EXPECT_EQ(parse_dtype("BF16"), DType::kBF16);
  EXPECT_EQ(parse_dtype("F8_E4M3"), DType::kF8E4M3);
  EXPECT_EQ(parse_dtype("Bool"), DType::kBool);
}

TEST(DType, OtherNamesAreUnknown) {
  for (const char* name : {"", "f", "f320", "float32", "f8", " f32", "f32 "}) {
    EXPECT_EQ(parse_dtype(name), std::nullopt) << name;
  }
}

TEST(DType, SizesAreThoseOfTheNames) {
  const std::vector<std::pair<const char*, std::size_t>> sizes = {
      {"f64", 8}, {"f32", 4}, {"f16", 2}, {"bf16", 2}, {"f8_e4m3", 1}, {"f8_e5m2", 1}, {"e8m0", 1}, {"i64", 8},
      {"i32", 4}, {"i16", 2}, {"i8", 1},  {"u64", 8},  {"u32", 4},     {"u16", 2},     {"u8", 1},   {"bool", 1}};
  ASSERT_EQ(sizes.size(), kAll.size());
  for (const auto& [name, bytes] : sizes) EXPECT_EQ(dtype_bytes(*parse_dtype(name)), bytes) << name;
}

TEST(DType, AScaleFormatIsNoValueFormat) {
  for (const DType dtype : kAll) {
    const std::string name(dtype_name(dtype));
    EXPECT_EQ(is_floating(dtype), name[0] == 'f' || name == "bf16") << name;
  }
}

TEST(DType, CppTypesHaveTheSizeOfTheirDType) {
  EXPECT_EQ(dtype_bytes(DTypeOf<double>::value), sizeof(double));
  EXPECT_EQ(dtype_bytes(DTypeOf<float>::value), sizeof(float));
  EXPECT_EQ(dtype_bytes(DTypeOf<std::int64_t>::value), sizeof(std::int64_t));
  EXPECT_EQ(dtype_bytes(DTypeOf<std::int32_t>::value), sizeof(std::int32_t));
  EXPECT_EQ(dtype_bytes(DTypeOf<std::uint16_t>::value), sizeof(std::uint16_t));
  EXPECT_EQ(dtype_bytes(DTypeOf<std::uint8_t>::value), sizeof(std::uint8_t));
  EXPECT_EQ(dtype_bytes(DTypeOf<std::int8_t>::value), sizeof(std::int8_t));
}

}  // namespace
}  // namespace kerf
