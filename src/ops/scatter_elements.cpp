#include "ops/element_indices.h"
#include "ops/ops.h"
#include "ops/scatter.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 3, 3);
  const TensorSpec& data = expect_input(inputs, 0, "data", kElementDTypes);
  const TensorSpec& indices = expect_input(inputs, 1, "indices", {DType::kI64, DType::kI32});
  const TensorSpec& updates = expect_input(inputs, 2, "updates", {data.dtype});
  check_element_indices(node, data, indices);
  expect_shape(updates, "updates", indices.shape);
  check_scatter_reduction(node, data.dtype);
  return {{data.dtype, data.shape}};
}

/// An index outside the data changes nothing: a kernel does not fail.
void run(KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1), &updates = context.input(2);
  const std::size_t axis = normalized_axis(context.attributes().int_or("axis", 0), data.rank());
  const std::string reduction = context.attributes().string_or("reduction", "none");
  Tensor result = data.clone();
  with_element_type(data.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = elements<T>(result);
    for_element_indices(indices, data.shape(), axis, [&](std::int64_t i, std::int64_t place) {
      if (place >= 0) to[place] = scattered(reduction, to[place], elements<T>(updates)[i]);
    });
  });
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& scatter_elements_op() {
  static const OpInfo info{.name = "ScatterElements",
                           .domain = "",
                           .summary = "data with elements replaced whose place along an axis is given for each",
                           .source = "https://onnx.ai/onnx/operators/onnx__ScatterElements.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
