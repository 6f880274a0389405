#include "ops/elements.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/quantization_axis.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 3);
  const TensorSpec& x = expect_input(inputs, 0, "x", {DType::kI8, DType::kU8, DType::kI32});
  const TensorSpec& scale = expect_input(inputs, 1, "x_scale", {DType::kF32});
  ScaleLayout(node, x.shape, scale.shape);
  check_zero_point(inputs, 2, scale.shape);
  if (has_input(inputs, 2)) expect_input(inputs, 2, "x_zero_point", {x.dtype});
  return {{DType::kF32, x.shape}};
}

void run(KernelContext& context) {
  const Tensor &x = context.input(0), &scale = context.input(1);
  const ScaleLayout layout(context.node(), x.shape(), scale.shape());
  Tensor y(DType::kF32, x.shape());
  with_integer_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = elements<T>(x);
    const T* points = context.has_input(2) ? elements<T>(context.input(2)) : nullptr;
    for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t s = layout.index_of(i);
        const std::int64_t code =
            static_cast<std::int64_t>(from[i]) - (points == nullptr ? 0 : static_cast<std::int64_t>(points[s]));
        y.data<float>()[i] = static_cast<float>(code) * scale.data<float>()[s];
      }
    });
  });
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& dequantize_linear_op() {
  static const OpInfo info{.name = "DequantizeLinear",
                           .domain = "",
                           .summary = "scale (code - zero point)",
                           .source = "https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
