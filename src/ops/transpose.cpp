#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

/// Attribute perm, by default all axes in reverse.
std::vector<std::int64_t> permutation(const graph::Node& node, std::size_t rank) {
  std::vector<std::int64_t> reversed;
  for (std::size_t i = rank; i-- > 0;) reversed.push_back(static_cast<std::int64_t>(i));
  return node.attributes.ints_or("perm", reversed);
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& data = *inputs[0];
  const auto perm = permutation(node, data.shape.size());
  std::vector<std::int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  bool complete = sorted.size() == data.shape.size();
  for (std::size_t i = 0; complete && i < sorted.size(); ++i) complete = sorted[i] == static_cast<std::int64_t>(i);
  if (!complete) {
    mismatch(fmt::format("attribute perm: found [{}] for shape {}, expected every axis once", fmt::join(perm, ", "),
                         to_string(data.shape)));
  }
  Shape shape;
  for (const std::int64_t axis : perm) shape.push_back(data.shape[static_cast<std::size_t>(axis)]);
  return {{data.dtype, shape}};
}

void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  const auto from = row_major_strides(data.shape());
  Shape shape;
  std::vector<std::int64_t> strides;
  for (const std::int64_t axis : permutation(context.node(), data.rank())) {
    shape.push_back(data.dim(static_cast<std::size_t>(axis)));
    strides.push_back(from[static_cast<std::size_t>(axis)]);
  }
  context.output(0) = strided_copy(data, shape, 0, strides);
}

void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor& data = context.input(0);
  const auto perm = permutation(context.node(), data.rank());
  const auto from = row_major_strides(context.output(0).shape());
  std::vector<std::int64_t> strides(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i) strides[static_cast<std::size_t>(perm[i])] = from[i];
  context.give(0, strided_copy(context.by_output(0), data.shape(), 0, strides));
}

}  // namespace

const OpInfo& transpose_op() {
  static const OpInfo info{.name = "Transpose",
                           .domain = "",
                           .summary = "axes in another order",
                           .source = "https://onnx.ai/onnx/operators/onnx__Transpose.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
