#include <algorithm>
#include <vector>

#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/row_math.h"

namespace kerf::ops {
namespace {

std::size_t axis_of(const graph::Node& node, std::size_t rank) {
  return normalized_axis(node.attributes.int_or("axis", -1), rank);
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "input", {DType::kF32});
  axis_of(node, x.shape.size());
  return {{DType::kF32, x.shape}};
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  Tensor y(DType::kF32, x.shape());
  const std::size_t axis = axis_of(context.node(), x.rank());
  const std::int64_t count = x.dim(axis), stride = numel(std::span(x.shape()).subspan(axis + 1));
  float* to = y.data<float>();
  if (x.size() > 0) {
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / count);
    for_ranges(x.size() / count, grain, [&, from = x.data<float>()](std::int64_t begin, std::int64_t end) {
      std::vector<float> row(static_cast<std::size_t>(count));
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t first = r / stride * stride * count + r % stride;
        for (std::int64_t i = 0; i < count; ++i) row[static_cast<std::size_t>(i)] = from[first + i * stride];
        softmax_row(row.data(), count);
        for (std::int64_t i = 0; i < count; ++i) to[first + i * stride] = row[static_cast<std::size_t>(i)];
      }
    });
  }
  context.output(0) = std::move(y);
}

/// dL/dx = y (dL/dy - sum y dL/dy) along the axis.
void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor &y = context.output(0), &by_output = context.by_output(0);
  Tensor by_input(DType::kF32, y.shape());
  const std::size_t axis = axis_of(context.node(), y.rank());
  const std::int64_t count = y.dim(axis), stride = numel(std::span(y.shape()).subspan(axis + 1));
  const float *value = y.data<float>(), *by = by_output.data<float>();
  float* const to = by_input.data<float>();
  for (std::int64_t r = 0; y.size() > 0 && r < y.size() / count; ++r) {
    const std::int64_t first = r / stride * stride * count + r % stride;
    const double mean = lane_sum<double>(count, [&](std::int64_t i) {
      return static_cast<double>(value[first + i * stride]) * static_cast<double>(by[first + i * stride]);
    });
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t at = first + i * stride;
      to[at] = value[at] * (by[at] - static_cast<float>(mean));
    }
  }
  context.give(0, std::move(by_input));
}

}  // namespace

const OpInfo& softmax_op() {
  static const OpInfo info{.name = "Softmax",
                           .domain = "",
                           .summary = "e^x / sum e^x along an axis",
                           .source = "https://onnx.ai/onnx/operators/onnx__Softmax.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
