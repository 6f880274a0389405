#include <utility>
#include <vector>

#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 3, 3);
  expect_one_output(node);
  const TensorSpec& condition = expect_input(inputs, 0, "condition", {DType::kBool});
  const TensorSpec& x = expect_input(inputs, 1, "X", {DType::kF32, DType::kI64});
  const TensorSpec& y = expect_input(inputs, 2, "Y", {x.dtype});
  return {{x.dtype, broadcast_shape(condition.shape, broadcast_shape(x.shape, y.shape))}};
}

/// The tensor repeated to a shape.
template <typename T>
Tensor expanded(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return apply_broadcast<T>(x, Tensor::zeros(x.dtype(), shape), [](T value, T) { return value; });
}

Tensor truth_as(const Tensor& condition, DType dtype) {
  Tensor result(dtype, condition.shape());
  for (std::int64_t i = 0; i < condition.size(); ++i) {
    const bool truth = condition.raw()[i] != std::byte{0};
    if (dtype == DType::kF32) {
      result.data<float>()[i] = truth ? 1.0F : 0.0F;
    } else {
      result.data<std::int64_t>()[i] = truth ? 1 : 0;
    }
  }
  return result;
}

template <typename T>
Tensor choose(const Tensor& condition, const Tensor& x, const Tensor& y) {
  const Shape shape = broadcast_shape(condition.shape(), broadcast_shape(x.shape(), y.shape()));
  const Tensor truth = expanded<T>(truth_as(condition, x.dtype()), shape);
  const Tensor yes = expanded<T>(x, shape), no = expanded<T>(y, shape);
  Tensor result(x.dtype(), shape);
  const T *t = truth.data<T>(), *a = yes.data<T>(), *b = no.data<T>();
  T* to = result.data<T>();
  for_ranges(result.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = t[i] != 0 ? a[i] : b[i];
  });
  return result;
}

void run(KernelContext& context) {
  const Tensor &condition = context.input(0), &x = context.input(1), &y = context.input(2);
  context.output(0) = x.dtype() == DType::kF32 ? choose<float>(condition, x, y) : choose<std::int64_t>(condition, x, y);
}

void differentiate(DerivativeContext& context) {
  const Tensor& by_output = context.by_output(0);
  const Tensor truth = expanded<float>(truth_as(context.input(0), DType::kF32), by_output.shape());
  const auto part = [&](std::size_t input, bool chosen) {
    if (!context.wants(input)) return;
    Tensor by_input(DType::kF32, by_output.shape());
    for (std::int64_t i = 0; i < by_input.size(); ++i) {
      by_input.data<float>()[i] = (truth.data<float>()[i] != 0) == chosen ? by_output.data<float>()[i] : 0.0F;
    }
    context.give(input, sum_to_shape(by_input, context.input(input).shape()));
  };
  part(1, true);
  part(2, false);
}

}  // namespace

const OpInfo& where_op() {
  static const OpInfo info{.name = "Where",
                           .domain = "",
                           .summary = "elements of X where the condition holds, of Y elsewhere",
                           .source = "https://onnx.ai/onnx/operators/onnx__Where.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
