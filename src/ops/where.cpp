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
  const TensorSpec& x = expect_input(inputs, 1, "X", kElementDTypes);
  const TensorSpec& y = expect_input(inputs, 2, "Y", {x.dtype});
  return {{x.dtype, broadcast_shape(condition.shape, broadcast_shape(x.shape, y.shape))}};
}

/// The tensor repeated to a shape.
template <typename T>
Tensor expanded(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return apply_broadcast<T>(x, Tensor::zeros(x.dtype(), shape), [](T value, T) { return value; });
}

template <typename T>
Tensor choose(const Tensor& condition, const Tensor& x, const Tensor& y) {
  const Shape shape = broadcast_shape(condition.shape(), broadcast_shape(x.shape(), y.shape()));
  const Tensor truth = expanded<std::uint8_t>(condition, shape);
  const Tensor yes = expanded<T>(x, shape), no = expanded<T>(y, shape);
  Tensor result(x.dtype(), shape);
  const std::uint8_t* t = elements<std::uint8_t>(truth);
  const T *a = elements<T>(yes), *b = elements<T>(no);
  T* to = elements<T>(result);
  for_ranges(result.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = t[i] != 0 ? a[i] : b[i];
  });
  return result;
}

void run(KernelContext& context) {
  const Tensor &condition = context.input(0), &x = context.input(1), &y = context.input(2);
  context.output(0) = with_element_type(x.dtype(), [&](auto zero) { return choose<decltype(zero)>(condition, x, y); });
}

void differentiate(DerivativeContext& context) {
  const Tensor& by_output = context.by_output(0);
  const Tensor truth = expanded<std::uint8_t>(context.input(0), by_output.shape());
  const auto part = [&](std::size_t input, bool chosen) {
    if (!context.wants(input)) return;
    Tensor by_input(DType::kF32, by_output.shape());
    for (std::int64_t i = 0; i < by_input.size(); ++i) {
      by_input.data<float>()[i] = (truth.raw()[i] != std::byte{0}) == chosen ? by_output.data<float>()[i] : 0.0F;
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
