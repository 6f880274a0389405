#include "core/tensor.h"

#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace kerf {

namespace {
constexpr std::align_val_t kAlignment{64};
}

std::shared_ptr<std::byte[]> allocate_aligned(std::size_t bytes) {
  // Rounded up so that a vector load of the last element stays inside.
  const std::size_t padded = (bytes / 64 + 1) * 64;
  auto* memory = static_cast<std::byte*>(::operator new[](padded, kAlignment));
  return {memory, [](std::byte* p) { ::operator delete[](p, kAlignment); }};
}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), size_(numel(shape_)), buffer_(allocate_aligned(bytes())) {}

Tensor Tensor::zeros(DType dtype, Shape shape) {
  Tensor tensor(dtype, std::move(shape));
  std::memset(tensor.raw(), 0, tensor.bytes());
  return tensor;
}

Tensor Tensor::reshaped(Shape shape) const {
  if (numel(shape) != size_) {
    throw std::logic_error("reshape of " + to_string(shape_) + " to " + to_string(shape));
  }
  Tensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  Tensor copy(dtype_, shape_);
  std::memcpy(copy.raw(), raw(), bytes());
  return copy;
}

void Tensor::check_dtype(DType wanted) const {
  if (wanted != dtype_) {
    throw std::logic_error("tensor of " + std::string(dtype_name(dtype_)) + " accessed as " +
                           std::string(dtype_name(wanted)));
  }
}

void Tensor::check_count(std::size_t values) const {
  if (values != static_cast<std::size_t>(size_)) {
    throw std::logic_error(std::to_string(values) + " values for a tensor of shape " + to_string(shape_));
  }
}

}  // namespace kerf
