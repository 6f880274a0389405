#include <limits>
#include <utility>

#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/pooling.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kF32, DType::kI8, DType::kU8});
  const Shape shape = pooled_shape(x, pooling_window(node, x.shape));
  std::vector<TensorSpec> outputs = {{x.dtype, shape}};
  if (node.outputs.size() > 1) outputs.push_back({DType::kI64, shape});
  return outputs;
}

/// The place in X that a row-major place in a channel stands for, by attribute storage_order: 1 counts the first of the
/// axes fastest.
std::int64_t stored_place(std::int64_t place, const Shape& extents, bool column_major) {
  if (!column_major) return place;
  std::int64_t result = 0, step = numel(extents);
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    step /= extents[axis];
    result += place % extents[axis] * step;
    place /= extents[axis];
  }
  return result;
}

template <typename T>
void take_most(const Tensor& x, const SlidingWindow& window, bool column_major, Tensor& y, Tensor* indices) {
  const std::int64_t size = numel(window.in), places = window.places(), taps = window.taps();
  constexpr T kLeast =
      std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
  for_window_tiles(x.shape(), window, [&](std::int64_t row, std::int64_t first, std::int64_t count, const auto& from) {
    const T* channel = elements<T>(x) + row * size;
    for (std::int64_t p = 0; p < count; ++p) {
      T most = kLeast;
      std::int64_t at = -1;
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t source = from[static_cast<std::size_t>(tap * count + p)];
        if (source < 0 || (at >= 0 && !(channel[source] > most))) continue;
        most = channel[source];
        at = source;
      }
      elements<T>(y)[row * places + first + p] = most;
      if (indices == nullptr) continue;
      indices->data<std::int64_t>()[row * places + first + p] =
          at < 0 ? -1 : row * size + stored_place(at, window.in, column_major);
    }
  });
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const graph::Node& node = context.node();
  const SlidingWindow window = pooling_window(node, x.shape());
  const Shape shape = pooled_shape(x.shape(), window);
  Tensor y(x.dtype(), shape), indices;
  const bool wanted = node.outputs.size() > 1;
  if (wanted) indices = Tensor(DType::kI64, shape);
  with_number_type(x.dtype(), [&](auto zero) {
    take_most<decltype(zero)>(x, window, node.attributes.int_or("storage_order", 0) != 0, y,
                              wanted ? &indices : nullptr);
  });
  context.output(0) = std::move(y);
  if (wanted) context.output(1) = std::move(indices);
}

}  // namespace

const OpInfo& max_pool_op() {
  static const OpInfo info{.name = "MaxPool",
                           .domain = "",
                           .summary = "the largest of each window, and where it is",
                           .source = "https://onnx.ai/onnx/operators/onnx__MaxPool.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
