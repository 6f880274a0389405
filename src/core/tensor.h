#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"

namespace kerf {

/// A dense row-major array: dtype, shape and a 64-byte aligned buffer. Copies share the buffer; reshaped() and
/// copies are therefore free, and a tensor that others may hold is not written to. Memory of a fresh tensor is
/// uninitialised unless zeros() is used.
class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, Shape shape);

  static Tensor zeros(DType dtype, Shape shape);
  /// A copy of `values`, as many as the shape says.
  template <typename T>
  static Tensor from(Shape shape, std::span<const T> values);

  bool defined() const { return buffer_ != nullptr; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t dim(std::size_t axis) const { return shape_[axis]; }
  std::size_t rank() const { return shape_.size(); }
  std::int64_t size() const { return size_; }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * dtype_bytes(dtype_); }

  const std::byte* raw() const { return buffer_.get(); }
  std::byte* raw() { return buffer_.get(); }

  /// Typed access; T must be the C++ type of dtype() (checked).
  template <typename T>
  const T* data() const {
    check_dtype(DTypeOf<T>::value);
    return reinterpret_cast<const T*>(raw());
  }
  template <typename T>
  T* data() {
    check_dtype(DTypeOf<T>::value);
    return reinterpret_cast<T*>(raw());
  }
  template <typename T>
  std::span<const T> values() const {
    return {data<T>(), static_cast<std::size_t>(size_)};
  }
  template <typename T>
  std::span<T> values() {
    return {data<T>(), static_cast<std::size_t>(size_)};
  }

  /// The same buffer under another shape of the same number of elements.
  Tensor reshaped(Shape shape) const;
  /// A copy with a buffer of its own.
  Tensor clone() const;

 private:
  void check_dtype(DType wanted) const;
  void check_count(std::size_t values) const;

  DType dtype_ = DType::kF32;
  Shape shape_;
  std::int64_t size_ = 0;
  std::shared_ptr<std::byte[]> buffer_;
};

template <typename T>
Tensor Tensor::from(Shape shape, std::span<const T> values) {
  Tensor tensor(DTypeOf<T>::value, std::move(shape));
  tensor.check_count(values.size());
  std::copy(values.begin(), values.end(), tensor.data<T>());
  return tensor;
}

/// A std::allocator-like buffer of floats aligned for SIMD, for scratch space.
std::shared_ptr<std::byte[]> allocate_aligned(std::size_t bytes);

}  // namespace kerf
