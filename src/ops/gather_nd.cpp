#include <cstring>
#include <span>

#include <fmt/format.h>

#include "ops/index_tuples.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::size_t batch_of(const graph::Node& node) {
  const std::int64_t dims = node.attributes.int_or("batch_dims", 0);
  if (dims < 0 || dims > static_cast<std::int64_t>(kMaxRank))
    mismatch(fmt::format("attribute batch_dims: found {}", dims));
  return static_cast<std::size_t>(dims);
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const Shape& data = inputs[0]->shape;
  const TensorSpec& indices = expect_input(inputs, 1, "indices", {DType::kI64});
  const std::size_t batch = batch_of(node);
  const std::size_t depth = tuple_length(data, indices.shape, batch);
  for (std::size_t i = 0; i < batch; ++i) {
    if (data[i] != indices.shape[i]) {
      mismatch(fmt::format("found shapes {} and {}, expected the first {} dimensions to be equal", to_string(data),
                           to_string(indices.shape), batch));
    }
  }
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.insert(shape.end(), data.begin() + static_cast<std::ptrdiff_t>(batch + depth), data.end());
  return {{inputs[0]->dtype, shape}};
}

/// A tuple outside the data gives zeros: a kernel does not fail.
void run(KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1);
  const std::size_t batch = batch_of(context.node());
  const std::size_t depth = static_cast<std::size_t>(indices.shape().back());
  const std::span<const std::int64_t> dims(data.shape());
  Shape shape(indices.shape().begin(), indices.shape().end() - 1);
  const auto rest = dims.subspan(batch + depth);
  shape.insert(shape.end(), rest.begin(), rest.end());
  Tensor result = Tensor::zeros(data.dtype(), shape);
  const auto slice_bytes = static_cast<std::size_t>(numel(rest)) * dtype_bytes(data.dtype());
  const std::int64_t batches = numel(dims.first(batch));
  const std::int64_t tuples = depth == 0 ? numel(std::span(indices.shape()).first(indices.rank() - 1))
                                         : indices.size() / static_cast<std::int64_t>(depth);
  const std::int64_t each = batches == 0 ? 0 : tuples / batches, slices = numel(dims.subspan(batch, depth));
  for (std::int64_t t = 0; t < tuples && slice_bytes > 0 && each > 0; ++t) {
    const std::int64_t at =
        place_of_tuple(indices.data<std::int64_t>() + t * static_cast<std::int64_t>(depth), dims.subspan(batch, depth));
    if (at < 0) continue;
    std::memcpy(result.raw() + static_cast<std::size_t>(t) * slice_bytes,
                data.raw() + static_cast<std::size_t>(t / each * slices + at) * slice_bytes, slice_bytes);
  }
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& gather_nd_op() {
  static const OpInfo info{.name = "GatherND",
                           .domain = "",
                           .summary = "slices by tuples of indices",
                           .source = "https://onnx.ai/onnx/operators/onnx__GatherND.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
