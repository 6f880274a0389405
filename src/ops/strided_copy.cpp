#include "ops/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "ops/elementwise.h"

namespace kerf::ops {
namespace {

template <typename Element>
void copy_row(const std::byte* from, std::int64_t stride, std::byte* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + static_cast<std::size_t>(i) * sizeof(Element),
                from + static_cast<std::ptrdiff_t>(i * stride) * static_cast<std::ptrdiff_t>(sizeof(Element)),
                sizeof(Element));
  }
}

void copy_row(const std::byte* from, std::int64_t stride, std::byte* to, std::int64_t count, std::size_t bytes) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * bytes);
    return;
  }
  switch (bytes) {
    case 1:
      return copy_row<std::uint8_t>(from, stride, to, count);
    case 2:
      return copy_row<std::uint16_t>(from, stride, to, count);
    case 4:
      return copy_row<std::uint32_t>(from, stride, to, count);
    default:
      return copy_row<std::uint64_t>(from, stride, to, count);
  }
}

/// Where row `row` (of the last axis) of a copy begins.
std::int64_t place_of_row(std::int64_t row, const Shape& shape, std::int64_t offset,
                          const std::vector<std::int64_t>& strides) {
  std::int64_t at = offset;
  for (std::ptrdiff_t i = std::ssize(shape) - 2; i >= 0; --i) {
    const auto axis = static_cast<std::size_t>(i);
    at += row % shape[axis] * strides[axis];
    row /= shape[axis];
  }
  return at;
}

}  // namespace

std::vector<std::int64_t> row_major_strides(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Tensor strided_copy(const Tensor& source, const Shape& shape, std::int64_t offset,
                    const std::vector<std::int64_t>& strides) {
  Tensor result(source.dtype(), shape);
  if (result.size() == 0) return result;
  const std::size_t bytes = dtype_bytes(source.dtype());
  const std::int64_t width = shape.empty() ? 1 : shape.back(), stride = shape.empty() ? 1 : strides.back();
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / width);
  for_ranges(result.size() / width, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = place_of_row(row, shape, offset, strides);
      copy_row(source.raw() + static_cast<std::size_t>(at) * bytes, stride,
               result.raw() + static_cast<std::size_t>(row * width) * bytes, width, bytes);
    }
  });
  return result;
}

void strided_scatter(const Tensor& values, Tensor& target, std::int64_t offset,
                     const std::vector<std::int64_t>& strides) {
  if (values.size() == 0) return;
  const Shape& shape = values.shape();
  const std::int64_t width = shape.empty() ? 1 : shape.back(), stride = shape.empty() ? 1 : strides.back();
  const float* from = values.data<float>();
  float* const to = target.data<float>();
  for (std::int64_t row = 0; row < values.size() / width; ++row) {
    const std::int64_t at = place_of_row(row, shape, offset, strides);
    for (std::int64_t i = 0; i < width; ++i) to[at + i * stride] = *from++;
  }
}

}  // namespace kerf::ops
