#include <algorithm>
#include <cmath>
#include <span>

#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "x", {DType::kF32});
  return {{DType::kU8, x.shape}, {DType::kF32, {}}, {DType::kU8, {}}};
}

/// The range of x, 0 included, on 0 to 255.
void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  float low = 0, high = 0;
  for (const float value : x.values<float>()) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const float scale = (high - low) / 255.0F;
  const float zero = scale == 0 ? 0.0F : std::clamp(std::nearbyint(-low / scale), 0.0F, 255.0F);
  Tensor y(DType::kU8, x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const float code = scale == 0 ? 0.0F : std::nearbyint(x.data<float>()[i] / scale) + zero;
    y.data<std::uint8_t>()[i] = std::isnan(code) ? 0 : static_cast<std::uint8_t>(std::clamp(code, 0.0F, 255.0F));
  }
  const auto point = static_cast<std::uint8_t>(zero);
  context.output(0) = std::move(y);
  if (context.node().outputs.size() > 1) context.output(1) = Tensor::from<float>({}, std::span(&scale, 1));
  if (context.node().outputs.size() > 2) context.output(2) = Tensor::from<std::uint8_t>({}, std::span(&point, 1));
}

}  // namespace

const OpInfo& dynamic_quantize_linear_op() {
  static const OpInfo info{.name = "DynamicQuantizeLinear",
                           .domain = "",
                           .summary = "u8 codes, scale and zero point of a tensor by its range",
                           .source = "https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
