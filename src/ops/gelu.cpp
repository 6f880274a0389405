#include <string>

#include <fmt/format.h>

#include "core/strings.h"
#include "ops/elementwise.h"
#include "ops/math.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

bool is_approximate(const graph::Node& node) { return node.attributes.string_or("approximate", "none") == "tanh"; }

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  const std::string approximate = node.attributes.string_or("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    mismatch(fmt::format("attribute approximate: found {}, expected 'none' or 'tanh'", quoted(approximate)));
  }
  return infer_map(node, inputs);
}

/// x P(X <= x) for X normal: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
float gelu_exact(float x) {
  constexpr float kInverseRoot2 = 0.707106781F;
  return 0.5F * x * (1.0F + erf_f32(x * kInverseRoot2));
}

/// The same paper's approximation.
float gelu_tanh(float x) {
  constexpr float kRoot2OverPi = 0.797884561F;
  return 0.5F * x * (1.0F + tanh_f32(kRoot2OverPi * (x + 0.044715F * (x * x * x))));
}

void run(KernelContext& context) {
  if (is_approximate(context.node())) {
    run_map(context, [](float x) { return gelu_tanh(x); });
  } else {
    run_map(context, [](float x) { return gelu_exact(x); });
  }
}

/// P(X <= x) + x times the density.
float gelu_exact_slope(float x) {
  constexpr float kInverseRoot2 = 0.707106781F, kInverseRoot2Pi = 0.398942280F;
  return 0.5F * (1.0F + erf_f32(x * kInverseRoot2)) + x * kInverseRoot2Pi * exp_f32(-0.5F * x * x);
}

float gelu_tanh_slope(float x) {
  constexpr float kRoot2OverPi = 0.797884561F;
  const float t = tanh_f32(kRoot2OverPi * (x + 0.044715F * (x * x * x)));
  return 0.5F * (1.0F + t) + 0.5F * x * (1.0F - t * t) * kRoot2OverPi * (1.0F + 0.134145F * x * x);
}

void differentiate(DerivativeContext& context) {
  if (is_approximate(context.node())) {
    differentiate_map(context, [](float x, float) { return gelu_tanh_slope(x); });
  } else {
    differentiate_map(context, [](float x, float) { return gelu_exact_slope(x); });
  }
}

}  // namespace

const OpInfo& gelu_op() {
  static const OpInfo info{.name = "Gelu",
                           .domain = "",
                           .summary = "x times the normal distribution function of x, exact or by tanh",
                           .source = "https://onnx.ai/onnx/operators/onnx__Gelu.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
