#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

namespace kerf {

/// Products, sums and conversions of sizes that come from files. nullopt on overflow; the caller says which file.
template <std::integral T>
constexpr std::optional<T> checked_mul(T a, T b) {
  T result{};
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

template <std::integral T>
constexpr std::optional<T> checked_add(T a, T b) {
  T result{};
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

/// `value` rounded up to a multiple of `alignment` (a positive number).
template <std::integral T>
constexpr std::optional<T> checked_align(T value, T alignment) {
  const T rest = value % alignment;
  return rest == 0 ? std::optional<T>(value) : checked_add<T>(value, alignment - rest);
}

template <std::integral T>
constexpr T div_up(T a, T b) {
  return (a + b - 1) / b;
}

}  // namespace kerf
