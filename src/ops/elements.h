#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace kerf::ops {

/// The elements as T, whose size is that of the dtype: truth values are std::uint8_t, 0 or 1.
template <typename T>
const T* elements(const Tensor& tensor) {
  return reinterpret_cast<const T*>(tensor.raw());
}
template <typename T>
T* elements(Tensor& tensor) {
  return reinterpret_cast<T*>(tensor.raw());
}

/// body(T{0}) for the C++ type of a tensor of numbers: f32 or integers.
template <typename Body>
auto with_number_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kI64:
      return body(std::int64_t{0});
    case DType::kI32:
      return body(std::int32_t{0});
    case DType::kI8:
      return body(std::int8_t{0});
    case DType::kU8:
      return body(std::uint8_t{0});
    default:
      return body(float{0});
  }
}

/// body(T{0}) for the C++ type of an integer tensor's elements.
template <typename Body>
auto with_integer_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kI32:
      return body(std::int32_t{0});
    case DType::kI8:
      return body(std::int8_t{0});
    case DType::kU8:
      return body(std::uint8_t{0});
    default:
      return body(std::int64_t{0});
  }
}

/// body(T{0}) for the C++ type of a tensor's elements.
template <typename Body>
auto with_element_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kF64:
      return body(double{0});
    case DType::kBool:
      return body(std::uint8_t{0});
    default:
      return with_number_type(dtype, body);
  }
}

}  // namespace kerf::ops
