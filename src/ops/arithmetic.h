#pragma once

#include <concepts>
#include <cstdint>

namespace kerf::ops {

/// Arithmetic of one element: IEEE for floats; integers wrap around, and a division by zero gives zero, so that no file
/// can cause undefined behaviour.
template <typename T>
T add(T a, T b) {
  if constexpr (std::integral<T>) {
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  } else {
    return a + b;
  }
}

template <typename T>
T subtract(T a, T b) {
  if constexpr (std::integral<T>) {
    return static_cast<T>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  } else {
    return a - b;
  }
}

template <typename T>
T multiply(T a, T b) {
  if constexpr (std::integral<T>) {
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  } else {
    return a * b;
  }
}

/// Integers are divided towards zero.
template <typename T>
T divide(T a, T b) {
  if constexpr (std::integral<T>) {
    if (b == 0) return 0;
    return b == -1 ? subtract<T>(0, a) : static_cast<T>(a / b);
  } else {
    return a / b;
  }
}

}  // namespace kerf::ops
