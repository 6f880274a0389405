#include "ops/matrix_product.h"

#include <span>

#include <fmt/format.h>

namespace kerf::ops {
namespace {

Shape batch_of(const Shape& shape) { return shape.size() <= 2 ? Shape() : Shape(shape.begin(), shape.end() - 2); }

}  // namespace

MatrixProduct::MatrixProduct(const Shape& a, const Shape& b)
    : batch(batch_of(a), batch_of(b), broadcast_shape(batch_of(a), batch_of(b))) {
  if (a.empty() || b.empty()) mismatch("found a scalar, expected matrices");
  result = broadcast_shape(batch_of(a), batch_of(b));
  inner = a.back();
  if (a.size() > 1) result.push_back(rows = a[a.size() - 2]);
  if (b.size() > 1) result.push_back(cols = b.back());
  const std::int64_t other = b.size() > 1 ? b[b.size() - 2] : b.front();
  if (inner != other) {
    mismatch(fmt::format("found shapes {} and {}, expected {} rows in the second", to_string(a), to_string(b), inner));
  }
}

std::pair<std::int64_t, std::int64_t> MatrixProduct::offsets(std::int64_t index) const {
  const Broadcast::Axis& last = batch.axes.back();
  const auto [a, b] = batch.offsets(index / last.extent);
  const std::int64_t step = index % last.extent;
  return {(a + step * last.stride_a) * rows * inner, (b + step * last.stride_b) * inner * cols};
}

}  // namespace kerf::ops
