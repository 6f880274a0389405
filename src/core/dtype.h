#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kerf {

/// Element types of stored tensors. A dtype keeps its identity through import: f8 never becomes u8.
enum class DType : std::uint8_t {
  kF64,
  kF32,
  kF16,
  kBF16,
  kF8E4M3,
  kF8E5M2,
  kE8M0,
  kI64,
  kI32,
  kI16,
  kI8,
  kU64,
  kU32,
  kU16,
  kU8,
  kBool,
};

/// Bytes of one element.
std::size_t dtype_bytes(DType dtype);
/// kerf's spelling: "f32", "f8_e4m3", "bool".
std::string_view dtype_name(DType dtype);
/// The inverse of dtype_name, any case; nullopt if the name is unknown.
std::optional<DType> parse_dtype(std::string_view name);
/// f64 f32 f16 bf16 f8_e4m3 f8_e5m2 (e8m0 is a scale format, not a value format).
bool is_floating(DType dtype);

/// The DType whose elements are stored as the C++ type T (f32 for float, i64 for int64_t, ...).
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kF64;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kF32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::kI64;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::kI32;
};
template <>
struct DTypeOf<std::int8_t> {
  static constexpr DType value = DType::kI8;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::kU8;
};
template <>
struct DTypeOf<std::uint16_t> {
  static constexpr DType value = DType::kU16;
};

}  // namespace kerf
