#include <cmath>
#include <utility>
#include <vector>

#include "ops/normalization.h"
#include "ops/ops.h"
#include "ops/row_math.h"

namespace kerf::ops {
namespace {

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const float* scale = context.input(1).data<float>();
  const float* bias = context.has_input(2) ? context.input(2).data<float>() : nullptr;
  const double epsilon = context.attributes().float_or("epsilon", 1e-5);
  const std::int64_t width = x.shape().back();
  Tensor y(DType::kF32, x.shape());
  float* to = y.data<float>();
  for_rows(x, [&, from = x.data<float>()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* row = from + r * width;
      const auto value = [&](std::int64_t i) { return static_cast<double>(row[i]); };
      const double mean = lane_sum<double>(width, value) / static_cast<double>(width);
      // The mean goes first: squares of large equal values would leave nothing of the variance.
      const double squares =
          lane_sum<double>(width, [&](std::int64_t i) { return (value(i) - mean) * (value(i) - mean); });
      const double factor = 1.0 / std::sqrt(squares / static_cast<double>(width) + epsilon);
      float* result = to + r * width;
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) {
        result[i] = static_cast<float>((value(i) - mean) * factor) * scale[i];
      }
      if (bias == nullptr) continue;
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) result[i] += bias[i];
    }
  });
  context.output(0) = std::move(y);
}

/// With n = (x - mean x) f, f = 1 / sqrt(variance + epsilon), g = scale dL/dy: dL/dx = f (g - mean g - n mean(g n)),
/// dL/dscale = sum n dL/dy and dL/dbias = sum dL/dy over the rows.
void differentiate(DerivativeContext& context) {
  const Tensor &x = context.input(0), &by_output = context.by_output(0);
  const float* const scale = context.input(1).data<float>();
  const double epsilon = context.attributes().float_or("epsilon", 1e-5);
  const std::int64_t width = x.shape().back(), rows = width == 0 ? 0 : x.size() / width;
  const auto n = static_cast<double>(width);
  Tensor by_input(DType::kF32, x.shape());
  std::vector<double> by_scale(static_cast<std::size_t>(width)), by_bias(static_cast<std::size_t>(width));
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* const row = x.data<float>() + r * width;
    const float* const by = by_output.data<float>() + r * width;
    const auto value = [&](std::int64_t i) { return static_cast<double>(row[i]); };
    const auto slope = [&](std::int64_t i) { return static_cast<double>(by[i]) * static_cast<double>(scale[i]); };
    const double mean = lane_sum<double>(width, value) / n;
    const double squares =
        lane_sum<double>(width, [&](std::int64_t i) { return (value(i) - mean) * (value(i) - mean); });
    const double factor = 1.0 / std::sqrt(squares / n + epsilon);
    const double mean_slope = lane_sum<double>(width, slope) / n;
    const double mean_product =
        lane_sum<double>(width, [&](std::int64_t i) { return slope(i) * (value(i) - mean); }) * factor / n;
    float* const to = by_input.data<float>() + r * width;
    for (std::int64_t i = 0; i < width; ++i) {
      const double normal = (value(i) - mean) * factor;
      by_scale[static_cast<std::size_t>(i)] += normal * static_cast<double>(by[i]);
      by_bias[static_cast<std::size_t>(i)] += static_cast<double>(by[i]);
      to[i] = static_cast<float>(factor * (slope(i) - mean_slope - normal * mean_product));
    }
  }
  if (context.wants(0)) context.give(0, std::move(by_input));
  if (context.wants(1)) context.give(1, to_f32(by_scale));
  if (context.wants(2)) context.give(2, to_f32(by_bias));
}

}  // namespace

const OpInfo& layer_normalization_op() {
  static const OpInfo info{
      .name = "LayerNormalization",
      .domain = "",
      .summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis",
      .source = "https://onnx.ai/onnx/operators/onnx__LayerNormalization.html",
      .rowwise = true,
      .infer = [](const graph::Node& node, Specs inputs) { return infer_normalization(node, inputs, true); },
      .run = run,
      .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
