#include <fmt/format.h>

#include "core/checked.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& data = *inputs[0];
  const auto repeats = known_integers(inputs, 1, "repeats").value();
  if (repeats.size() != data.shape.size()) {
    mismatch(fmt::format("found {} repeats for {}", repeats.size(), to_string(data.shape)));
  }
  Shape shape;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    const auto extent = checked_mul(data.shape[i], repeats[i]);
    if (repeats[i] < 0 || !extent) mismatch(fmt::format("input repeats: found {} at axis {}", repeats[i], i));
    shape.push_back(*extent);
  }
  return {{data.dtype, shape}};
}

/// Every axis as two, of which the outer one is repeated: one copy.
void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  const auto repeats = integers_of(context.input(1));
  const auto from = row_major_strides(data.shape());
  Shape shape, split;
  std::vector<std::int64_t> strides;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    shape.push_back(data.dim(i) * repeats[i]);
    split.insert(split.end(), {repeats[i], data.dim(i)});
    strides.insert(strides.end(), {0, from[i]});
  }
  context.output(0) = strided_copy(data, split, 0, strides).reshaped(shape);
}

}  // namespace

const OpInfo& tile_op() {
  static const OpInfo info{.name = "Tile",
                           .domain = "",
                           .summary = "repeated along every axis",
                           .source = "https://onnx.ai/onnx/operators/onnx__Tile.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
