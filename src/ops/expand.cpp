#include <fmt/format.h>

#include "ops/broadcast.h"
#include "ops/ops.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const auto wanted = known_integers(inputs, 1, "shape").value();
  if (wanted.size() > kMaxRank || !checked_numel(wanted)) {
    mismatch(fmt::format("input shape: found {}, expected at most {} dimensions, none negative", to_string(wanted),
                         kMaxRank));
  }
  return {{inputs[0]->dtype, broadcast_shape(inputs[0]->shape, wanted)}};
}

void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  const Shape shape = broadcast_shape(data.shape(), integers_of(context.input(1)));
  if (shape == data.shape()) {
    context.output(0) = data;
    return;
  }
  const auto from = row_major_strides(data.shape());
  std::vector<std::int64_t> strides(shape.size(), 0);
  const std::size_t lead = shape.size() - data.rank();
  for (std::size_t i = 0; i < data.rank(); ++i) strides[lead + i] = data.dim(i) == 1 ? 0 : from[i];
  context.output(0) = strided_copy(data, shape, 0, strides);
}

void differentiate(DerivativeContext& context) {
  if (context.wants(0)) context.give(0, sum_to_shape(context.by_output(0), context.input(0).shape()));
}

}  // namespace

const OpInfo& expand_op() {
  static const OpInfo info{.name = "Expand",
                           .domain = "",
                           .summary = "repeated to a shape, as numpy broadcasts",
                           .source = "https://onnx.ai/onnx/operators/onnx__Expand.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
