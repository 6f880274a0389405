#include <fmt/format.h>

#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// Attribute dtype, a number of ONNX, where it is one that kerf computes with; by default the input's.
DType dtype_of(const graph::Node& node, DType given) {
  switch (node.attributes.int_or("dtype", 0)) {
    case 0:
      return given;
    case 1:
    case 11:
      return DType::kF32;
    case 6:
      return DType::kI32;
    case 7:
      return DType::kI64;
    case 9:
      return DType::kBool;
    default:
      mismatch(fmt::format("attribute dtype: found the number {}", node.attributes.int_or("dtype", 0)));
  }
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "input", kElementDTypes);
  expect_rank(x, "input", 2);
  return {{dtype_of(node, x.dtype), x.shape}};
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const std::int64_t k = context.attributes().int_or("k", 0), rows = x.dim(0), cols = x.dim(1);
  Tensor y = Tensor::zeros(dtype_of(context.node(), x.dtype()), x.shape());
  with_element_type(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t r = 0; r < rows; ++r) {
      if (k >= -r && k < cols - r) elements<T>(y)[r * cols + r + k] = T{1};
    }
  });
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& eye_like_op() {
  static const OpInfo info{.name = "EyeLike",
                           .domain = "",
                           .summary = "a matrix of zeros with ones on a diagonal",
                           .source = "https://onnx.ai/onnx/operators/onnx__EyeLike.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
