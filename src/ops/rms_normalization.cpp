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
  const double epsilon = context.attributes().float_or("epsilon", 1e-5);
  const std::int64_t width = x.shape().back();
  Tensor y(DType::kF32, x.shape());
  float* to = y.data<float>();
  for_rows(x, [&, from = x.data<float>()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* row = from + r * width;
      const double squares = lane_sum<double>(width, [&](std::int64_t i) {
        const double value = static_cast<double>(row[i]);
        return value * value;
      });
      const auto factor = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(width) + epsilon));
      float* result = to + r * width;
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) result[i] = row[i] * factor * scale[i];
    }
  });
  context.output(0) = std::move(y);
}

/// With n = x f, f = 1 / sqrt(mean x^2 + epsilon), g = scale dL/dy: dL/dx = f (g - n mean(g n)), dL/dscale = sum n
/// dL/dy over the rows.
void differentiate(DerivativeContext& context) {
  const Tensor &x = context.input(0), &by_output = context.by_output(0);
  const float* const scale = context.input(1).data<float>();
  const double epsilon = context.attributes().float_or("epsilon", 1e-5);
  const std::int64_t width = x.shape().back(), rows = width == 0 ? 0 : x.size() / width;
  Tensor by_input(DType::kF32, x.shape());
  std::vector<double> by_scale(static_cast<std::size_t>(width));
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* const row = x.data<float>() + r * width;
    const float* const by = by_output.data<float>() + r * width;
    const auto square = [&](std::int64_t i) { return static_cast<double>(row[i]) * static_cast<double>(row[i]); };
    const double factor = 1.0 / std::sqrt(lane_sum<double>(width, square) / static_cast<double>(width) + epsilon);
    const double mean = lane_sum<double>(width,
                                         [&](std::int64_t i) {
                                           return static_cast<double>(by[i]) * static_cast<double>(scale[i]) *
                                                  static_cast<double>(row[i]);
                                         }) *
                        factor / static_cast<double>(width);
    float* const to = by_input.data<float>() + r * width;
    for (std::int64_t i = 0; i < width; ++i) {
      const double n = static_cast<double>(row[i]) * factor;
      by_scale[static_cast<std::size_t>(i)] += n * static_cast<double>(by[i]);
      to[i] = static_cast<float>(factor * (static_cast<double>(by[i]) * static_cast<double>(scale[i]) - n * mean));
    }
  }
  if (context.wants(0)) context.give(0, std::move(by_input));
  if (context.wants(1)) context.give(1, to_f32(by_scale));
}

}  // namespace

const OpInfo& rms_normalization_op() {
  static const OpInfo info{
      .name = "RMSNormalization",
      .domain = "",
      .summary = "x / sqrt(mean x^2 + epsilon) * scale over the last axis",
      .source = "https://onnx.ai/onnx/operators/onnx__RMSNormalization.html",
      .rowwise = true,
      .infer = [](const graph::Node& node, Specs inputs) { return infer_normalization(node, inputs, false); },
      .run = run,
      .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
