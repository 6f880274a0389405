#include <span>

#include "ops/index_tuples.h"
#include "ops/ops.h"
#include "ops/scatter.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 3, 3);
  const TensorSpec& data = expect_input(inputs, 0, "data", kElementDTypes);
  const TensorSpec& indices = expect_input(inputs, 1, "indices", {DType::kI64});
  const std::size_t depth = tuple_length(data.shape, indices.shape, 0);
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.insert(shape.end(), data.shape.begin() + static_cast<std::ptrdiff_t>(depth), data.shape.end());
  expect_shape(expect_input(inputs, 2, "updates", {data.dtype}), "updates", shape);
  check_scatter_reduction(node, data.dtype);
  return {{data.dtype, data.shape}};
}

/// A tuple outside the data changes nothing: a kernel does not fail.
void run(KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1), &updates = context.input(2);
  const auto depth = static_cast<std::size_t>(indices.shape().back());
  const std::string reduction = context.attributes().string_or("reduction", "none");
  const std::span<const std::int64_t> dims(data.shape());
  const std::int64_t slice = numel(dims.subspan(depth));
  const std::int64_t tuples = numel(std::span(indices.shape()).first(indices.rank() - 1));
  Tensor result = data.clone();
  with_element_type(data.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t t = 0; t < tuples; ++t) {
      const std::int64_t at =
          place_of_tuple(indices.data<std::int64_t>() + t * static_cast<std::int64_t>(depth), dims.first(depth));
      if (at < 0) continue;
      T* to = elements<T>(result) + at * slice;
      const T* from = elements<T>(updates) + t * slice;
      for (std::int64_t i = 0; i < slice; ++i) to[i] = scattered(reduction, to[i], from[i]);
    }
  });
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& scatter_nd_op() {
  static const OpInfo info{.name = "ScatterND",
                           .domain = "",
                           .summary = "data with slices replaced that tuples of indices name",
                           .source = "https://onnx.ai/onnx/operators/onnx__ScatterND.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
