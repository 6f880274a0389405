#include <cmath>

#include <fmt/format.h>

#include "ops/arithmetic.h"
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& base = expect_input(inputs, 0, "X", kNumberDTypes);
  const TensorSpec& exponent = expect_input(inputs, 1, "Y", kNumberDTypes);
  return {{base.dtype, broadcast_shape(base.shape, exponent.shape)}};
}

Tensor as_f32(const Tensor& tensor) {
  if (tensor.dtype() == DType::kF32) return tensor;
  Tensor result(DType::kF32, tensor.shape());
  const auto integers = integers_of(tensor);
  for (std::size_t i = 0; i < integers.size(); ++i) result.values<float>()[i] = static_cast<float>(integers[i]);
  return result;
}

/// By squaring, wrapping around; a negative exponent leaves 1 / x towards zero.
std::int64_t integer_power(std::int64_t x, std::int64_t y) {
  if (y < 0) return x == 1 ? 1 : (x == -1 ? (y % 2 == 0 ? 1 : -1) : 0);
  std::int64_t result = 1;
  for (; y > 0; y /= 2, x = multiply(x, x)) {
    if (y % 2 != 0) result = multiply(result, x);
  }
  return result;
}

/// Of integers: exactly if the exponent is one too, else through f64.
Tensor power_of_integers(const Tensor& base, const Tensor& exponent) {
  const Shape shape = broadcast_shape(base.shape(), exponent.shape());
  Tensor result(base.dtype(), shape);
  with_number_type(base.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if (exponent.dtype() == DType::kF32) {
      const Tensor powers = apply_broadcast<float>(as_f32(base), exponent, [](float x, float y) {
        return static_cast<float>(std::pow(static_cast<double>(x), static_cast<double>(y)));
      });
      for (std::int64_t i = 0; i < result.size(); ++i) result.data<T>()[i] = static_cast<T>(powers.data<float>()[i]);
    } else {
      const auto wide = [](const Tensor& x) { return Tensor::from<std::int64_t>(x.shape(), integers_of(x)); };
      const Tensor powers = apply_broadcast<std::int64_t>(wide(base), wide(exponent), integer_power);
      for (std::int64_t i = 0; i < result.size(); ++i)
        result.data<T>()[i] = static_cast<T>(powers.data<std::int64_t>()[i]);
    }
  });
  return result;
}

void run(KernelContext& context) {
  const Tensor& base = context.input(0);
  if (base.dtype() != DType::kF32) {
    context.output(0) = power_of_integers(base, context.input(1));
    return;
  }
  const Tensor exponent = as_f32(context.input(1));
  // Squares and cubes are what norms and activations are written with; products cost a hundredth of pow().
  const float constant = exponent.size() == 1 ? exponent.values<float>()[0] : 0.0F;
  if (constant == 2.0F) {
    context.output(0) = apply_broadcast<float>(base, exponent, [](float x, float) { return x * x; });
  } else if (constant == 3.0F) {
    context.output(0) = apply_broadcast<float>(base, exponent, [](float x, float) { return x * x * x; });
  } else {
    context.output(0) = apply_broadcast<float>(base, exponent, [](float x, float y) {
      return static_cast<float>(std::pow(static_cast<double>(x), static_cast<double>(y)));
    });
  }
}

void differentiate(DerivativeContext& context) {
  const Tensor exponent = as_f32(context.input(1));
  const auto chain = [&](std::size_t input, const auto& slope) {
    const Tensor slopes = apply_broadcast<float>(context.input(0), exponent, [&](float x, float y) {
      return static_cast<float>(slope(static_cast<double>(x), static_cast<double>(y)));
    });
    const Tensor whole = apply_broadcast<float>(slopes, context.by_output(0), [](float s, float by) { return s * by; });
    context.give(input, sum_to_shape(whole, context.input(input).shape()));
  };
  if (context.wants(0)) chain(0, [](double x, double y) { return y * std::pow(x, y - 1); });
  if (context.wants(1)) chain(1, [](double x, double y) { return x > 0 ? std::pow(x, y) * std::log(x) : 0.0; });
}

}  // namespace

const OpInfo& pow_op() {
  static const OpInfo info{.name = "Pow",
                           .domain = "",
                           .summary = "X to the power Y, with numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__Pow.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
