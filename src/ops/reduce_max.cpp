#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

/// Which axes go: those of the second input; all of them if it is absent or empty (unless that means none).
std::vector<bool> reduced_axes(const graph::Node& node, const std::vector<std::int64_t>& axes, std::size_t rank) {
  const bool none = axes.empty() && node.attributes.int_or("noop_with_empty_axes", 0) != 0;
  std::vector<bool> reduced(rank, axes.empty() && !none);
  for (const std::int64_t axis : axes) reduced[normalized_axis(axis, rank)] = true;
  return reduced;
}

Shape reduced_shape(const graph::Node& node, const Shape& shape, const std::vector<bool>& reduced) {
  const bool keep = node.attributes.int_or("keepdims", 1) != 0;
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i]) {
      result.push_back(shape[i]);
    } else if (keep) {
      result.push_back(1);
    }
  }
  return result;
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 2);
  expect_one_output(node);
  const TensorSpec& x = expect_input(inputs, 0, "data", {DType::kF32, DType::kI64});
  const auto axes = known_integers(inputs, 1, "axes").value_or(std::vector<std::int64_t>());
  const auto reduced = reduced_axes(node, axes, x.shape.size());
  for (std::size_t i = 0; i < reduced.size(); ++i) {
    if (reduced[i] && x.shape[i] == 0) mismatch(fmt::format("found no elements along axis {}, expected some", i));
  }
  return {{x.dtype, reduced_shape(node, x.shape, reduced)}};
}

template <typename T>
Tensor reduce(const Tensor& x, const std::vector<bool>& reduced, const Shape& shape) {
  // The axes that stay first, those that go last: then every result is the largest of one row.
  const Shape strides = row_major_strides(x.shape());
  Shape order, order_strides;
  std::int64_t width = 1;
  for (const bool pass : {false, true}) {
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (reduced[i] != pass) continue;
      order.push_back(x.dim(i));
      order_strides.push_back(strides[i]);
      if (pass) width *= x.dim(i);
    }
  }
  const Tensor rows = strided_copy(x, order, 0, order_strides);
  Tensor result(x.dtype(), shape);
  for (std::int64_t r = 0; r < result.size(); ++r) {
    const T* row = rows.data<T>() + r * width;
    result.data<T>()[r] = *std::max_element(row, row + width);
  }
  return result;
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const auto axes = context.has_input(1) ? integers_of(context.input(1)) : std::vector<std::int64_t>();
  const auto reduced = reduced_axes(context.node(), axes, x.rank());
  const Shape shape = reduced_shape(context.node(), x.shape(), reduced);
  context.output(0) =
      x.dtype() == DType::kF32 ? reduce<float>(x, reduced, shape) : reduce<std::int64_t>(x, reduced, shape);
}

/// Goes to the largest element, to the first of several.
void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor &x = context.input(0), &by_output = context.by_output(0);
  const auto axes = context.has_input(1) ? integers_of(context.input(1)) : std::vector<std::int64_t>();
  const auto reduced = reduced_axes(context.node(), axes, x.rank());
  const Shape all_strides = row_major_strides(x.shape());
  // Result r is the largest of the elements whose kept coordinates are those of r.
  std::vector<std::int64_t> best(static_cast<std::size_t>(by_output.size()), -1);
  for (std::int64_t at = 0; at < x.size(); ++at) {
    std::int64_t result = 0;
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (!reduced[i]) result = result * x.dim(i) + at / all_strides[i] % x.dim(i);
    }
    std::int64_t& held = best[static_cast<std::size_t>(result)];
    if (held < 0 || x.data<float>()[at] > x.data<float>()[held]) held = at;
  }
  Tensor by_input = Tensor::zeros(DType::kF32, x.shape());
  for (std::size_t r = 0; r < best.size(); ++r) by_input.data<float>()[best[r]] = by_output.data<float>()[r];
  context.give(0, std::move(by_input));
}

}  // namespace

const OpInfo& reduce_max_op() {
  static const OpInfo info{.name = "ReduceMax",
                           .domain = "",
                           .summary = "largest elements along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceMax.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
