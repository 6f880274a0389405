#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ops/elements.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/quantization_axis.h"

namespace kerf::ops {
namespace {

/// The zero point's dtype, or what attribute output_dtype says (2: u8, 3: i8), or u8.
DType dtype_of(const graph::Node& node, const DType* zero_point) {
  if (zero_point != nullptr) return *zero_point;
  switch (node.attributes.int_or("output_dtype", 0)) {
    case 0:
    case 2:
      return DType::kU8;
    case 3:
      return DType::kI8;
    default:
      mismatch(fmt::format("attribute output_dtype: found the number {}, expected 2 (u8) or 3 (i8)",
                           node.attributes.int_or("output_dtype", 0)));
  }
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 3);
  const TensorSpec& x = expect_input(inputs, 0, "x", {DType::kF32, DType::kI32});
  const TensorSpec& scale = expect_input(inputs, 1, "y_scale", {DType::kF32});
  ScaleLayout(node, x.shape, scale.shape);
  check_zero_point(inputs, 2, scale.shape);
  if (has_input(inputs, 2)) expect_input(inputs, 2, "y_zero_point", {DType::kU8, DType::kI8});
  return {{dtype_of(node, has_input(inputs, 2) ? &inputs[2]->dtype : nullptr), x.shape}};
}

/// Rounded to nearest, ties to even, and saturated; NaN becomes the zero point.
template <typename T>
T code_of(float x, float scale, T zero_point) {
  const float code = std::nearbyint(x / scale);
  if (std::isnan(code)) return zero_point;
  const float shifted = code + static_cast<float>(zero_point);
  constexpr auto kLow = static_cast<float>(std::numeric_limits<T>::min());
  constexpr auto kHigh = static_cast<float>(std::numeric_limits<T>::max());
  return static_cast<T>(std::clamp(shifted, kLow, kHigh));
}

void run(KernelContext& context) {
  const Tensor &x = context.input(0), &scale = context.input(1);
  const ScaleLayout layout(context.node(), x.shape(), scale.shape());
  const DType point_dtype = context.has_input(2) ? context.input(2).dtype() : DType::kU8;
  Tensor y(dtype_of(context.node(), context.has_input(2) ? &point_dtype : nullptr), x.shape());
  with_element_type(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (sizeof(T) == 1) {
      const T* points = context.has_input(2) ? elements<T>(context.input(2)) : nullptr;
      for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t s = layout.index_of(i);
          const float value =
              x.dtype() == DType::kF32 ? x.data<float>()[i] : static_cast<float>(x.data<std::int32_t>()[i]);
          elements<T>(y)[i] = code_of<T>(value, scale.data<float>()[s], points == nullptr ? T{0} : points[s]);
        }
      });
    }
  });
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& quantize_linear_op() {
  static const OpInfo info{.name = "QuantizeLinear",
                           .domain = "",
                           .summary = "codes of 8 bits: round(x / scale) + zero point",
                           .source = "https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
