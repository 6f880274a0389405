#include <cmath>

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

}  // namespace

const OpInfo& layer_normalization_op() {
  static const OpInfo info{
      .name = "LayerNormalization",
      .domain = "",
      .summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis",
      .source = "https://onnx.ai/onnx/operators/onnx__LayerNormalization.html",
      .rowwise = true,
      .infer = [](const graph::Node& node, Specs inputs) { return infer_normalization(node, inputs, true); },
      .run = run};
  return info;
}

}  // namespace kerf::ops
