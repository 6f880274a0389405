#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/checked.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

std::size_t axis_of(const graph::Node& node, std::size_t rank) {
  return normalized_axis(node.attributes.int_or("axis", 0), rank);
}

/// Parts of equal size; the last is smaller if they do not divide the axis.
std::vector<std::int64_t> equal_parts(const graph::Node& node, std::int64_t extent) {
  const auto parts = static_cast<std::int64_t>(node.outputs.size());
  const std::int64_t size = div_up(extent, parts);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(parts), size);
  sizes.back() = extent - size * (parts - 1);
  return sizes;
}

void check_sizes(const graph::Node& node, const std::vector<std::int64_t>& sizes, std::int64_t extent) {
  if (sizes.size() != node.outputs.size()) {
    mismatch(fmt::format("found {} sizes for {} outputs", sizes.size(), node.outputs.size()));
  }
  std::int64_t rest = extent;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > rest) mismatch(fmt::format("found a part of {}, {} of the axis are left", size, rest));
    rest -= size;
  }
  if (rest != 0) mismatch(fmt::format("found parts that sum to {}, expected {}", extent - rest, extent));
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 2);
  const TensorSpec& data = *inputs[0];
  const std::size_t axis = axis_of(node, data.shape.size());
  const std::int64_t extent = data.shape[axis];
  if (node.outputs.empty()) mismatch("found no outputs, expected at least 1");
  const auto parts = static_cast<std::int64_t>(node.outputs.size());
  const std::int64_t wanted = node.attributes.int_or("num_outputs", parts);
  if (wanted != parts) mismatch(fmt::format("attribute num_outputs: found {} for {} outputs", wanted, parts));
  const auto sizes = known_integers(inputs, 1, "split").value_or(equal_parts(node, extent));
  check_sizes(node, sizes, extent);
  std::vector<TensorSpec> outputs;
  for (const std::int64_t size : sizes) {
    outputs.push_back({data.dtype, data.shape});
    outputs.back().shape[axis] = size;
  }
  return outputs;
}

template <typename Context>
std::vector<std::int64_t> sizes_of(const Context& context, std::int64_t extent) {
  return context.has_input(1) ? integers_of(context.input(1)) : equal_parts(context.node(), extent);
}

void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  const std::size_t axis = axis_of(context.node(), data.rank());
  const auto sizes = sizes_of(context, data.dim(axis));
  const auto strides = row_major_strides(data.shape());
  std::int64_t start = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Shape shape = data.shape();
    shape[axis] = sizes[i];
    context.output(i) = strided_copy(data, shape, start * strides[axis], strides);
    start += sizes[i];
  }
}

void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor& data = context.input(0);
  const std::size_t axis = axis_of(context.node(), data.rank());
  const auto sizes = sizes_of(context, data.dim(axis));
  const auto strides = row_major_strides(data.shape());
  Tensor by_data = Tensor::zeros(DType::kF32, data.shape());
  std::int64_t start = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (context.by_output(i).defined()) {
      strided_scatter(context.by_output(i), by_data, start * strides[axis], strides);
    }
    start += sizes[i];
  }
  context.give(0, std::move(by_data));
}

}  // namespace

const OpInfo& split_op() {
  static const OpInfo info{.name = "Split",
                           .domain = "",
                           .summary = "parts of an axis, one output each",
                           .source = "https://onnx.ai/onnx/operators/onnx__Split.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
