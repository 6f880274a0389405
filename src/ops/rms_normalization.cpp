#include <cmath>

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

}  // namespace

const OpInfo& rms_normalization_op() {
  static const OpInfo info{
      .name = "RMSNormalization",
      .domain = "",
      .summary = "x / sqrt(mean x^2 + epsilon) * scale over the last axis",
      .source = "https://onnx.ai/onnx/operators/onnx__RMSNormalization.html",
      .rowwise = true,
      .infer = [](const graph::Node& node, Specs inputs) { return infer_normalization(node, inputs, false); },
      .run = run};
  return info;
}

}  // namespace kerf::ops
