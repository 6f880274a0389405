#include <cstring>

#include "ops/element_indices.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& indices = expect_input(inputs, 1, "indices", {DType::kI64, DType::kI32});
  check_element_indices(node, *inputs[0], indices);
  return {{inputs[0]->dtype, indices.shape}};
}

/// An index outside the data gives 0: a kernel does not fail.
void run(KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1);
  const std::size_t axis = normalized_axis(context.attributes().int_or("axis", 0), data.rank());
  Tensor result = Tensor::zeros(data.dtype(), indices.shape());
  const auto item = static_cast<std::int64_t>(dtype_bytes(data.dtype()));
  for_element_indices(indices, data.shape(), axis, [&](std::int64_t i, std::int64_t place) {
    if (place < 0) return;
    std::memcpy(result.raw() + i * item, data.raw() + place * item, static_cast<std::size_t>(item));
  });
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& gather_elements_op() {
  static const OpInfo info{.name = "GatherElements",
                           .domain = "",
                           .summary = "elements whose place along an axis is given for each",
                           .source = "https://onnx.ai/onnx/operators/onnx__GatherElements.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
