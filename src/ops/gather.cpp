#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ops/index_tuples.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  expect_one_output(node);
  const TensorSpec& data = *inputs[0];
  const TensorSpec& indices = expect_input(inputs, 1, "indices", {DType::kI64, DType::kI32});
  const std::size_t axis = normalized_axis(node.attributes.int_or("axis", 0), data.shape.size());
  if (indices.known.defined()) {
    for (const std::int64_t i : integers_of(indices.known)) {
      if (i < -data.shape[axis] || i >= data.shape[axis]) {
        mismatch(fmt::format("input indices: found {}, expected less than {}", i, data.shape[axis]));
      }
    }
  }
  Shape shape(data.shape.begin(), data.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), data.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.shape.end());
  return {{data.dtype, shape}};
}

/// Rows of an embedding table that stays where it is. Each is read once, neighbours together: a text repeats its words,
/// and reading costs a system call.
Tensor gather_rows(const graph::TensorSource& table, const std::vector<std::int64_t>& indices, Shape shape) {
  std::vector<std::pair<std::int64_t, std::size_t>> wanted;  // row, place in the result
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::int64_t row = index_from_front(indices[i], table.rows());
    if (row >= 0) wanted.emplace_back(row, i);
  }
  std::sort(wanted.begin(), wanted.end());
  const auto width = static_cast<std::size_t>(table.row_size());
  shape.push_back(table.row_size());
  Tensor result = Tensor::zeros(DType::kF32, std::move(shape));
  std::vector<float> rows;
  for (auto run = wanted.begin(); run != wanted.end();) {
    const std::int64_t first = run->first;
    auto end = run + 1;
    while (end != wanted.end() && end->first <= (end - 1)->first + 1) ++end;
    const std::int64_t count = (end - 1)->first + 1 - first;
    rows.resize(static_cast<std::size_t>(count) * width);
    table.read_rows(first, count, rows.data());
    for (; run != end; ++run) {
      const float* from = rows.data() + static_cast<std::size_t>(run->first - first) * width;
      std::copy_n(from, width, result.data<float>() + run->second * width);
    }
  }
  return result;
}

Tensor gather_axis(const Tensor& data, const std::vector<std::int64_t>& indices, const Shape& index_shape,
                   std::size_t axis) {
  const std::span<const std::int64_t> dims(data.shape());
  Shape shape(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), index_shape.begin(), index_shape.end());
  shape.insert(shape.end(), dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, dims.end());
  Tensor result = Tensor::zeros(data.dtype(), shape);
  const std::int64_t outer = numel(dims.first(axis)), extent = dims[axis];
  const auto inner_bytes = static_cast<std::size_t>(numel(dims.subspan(axis + 1))) * dtype_bytes(data.dtype());
  std::byte* to = result.raw();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const std::int64_t wanted : indices) {
      const std::int64_t index = index_from_front(wanted, extent);
      if (index >= 0)
        std::memcpy(to, data.raw() + static_cast<std::size_t>(o * extent + index) * inner_bytes, inner_bytes);
      to += inner_bytes;
    }
  }
  return result;
}

/// An index outside the table gives zeros: token and position ids are checked when a window is bound.
void run(KernelContext& context) {
  const Tensor& indices = context.input(1);
  const auto wanted = integers_of(indices);
  const graph::TensorSource* table = context.rows(0);
  if (table != nullptr && table->shape().size() == 2 && context.attributes().int_or("axis", 0) == 0) {
    context.output(0) = gather_rows(*table, wanted, indices.shape());
    return;
  }
  const Tensor data = table != nullptr ? table->read() : context.input(0);
  const std::size_t axis = normalized_axis(context.attributes().int_or("axis", 0), data.rank());
  context.output(0) = gather_axis(data, wanted, indices.shape(), axis);
}

/// Not of a table that stays where it is: its rows are not in memory, and neither would their derivatives be.
void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const Tensor &data = context.input(0), &by_output = context.by_output(0);
  const std::size_t axis = normalized_axis(context.attributes().int_or("axis", 0), data.rank());
  const std::span<const std::int64_t> dims(data.shape());
  const std::int64_t outer = numel(dims.first(axis)), extent = dims[axis], inner = numel(dims.subspan(axis + 1));
  const auto indices = integers_of(context.input(1));
  Tensor by_data = Tensor::zeros(DType::kF32, data.shape());
  const float* from = by_output.data<float>();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const std::int64_t wanted : indices) {
      const std::int64_t index = index_from_front(wanted, extent);
      float* const to = by_data.data<float>() + (o * extent + index) * inner;
      for (std::int64_t i = 0; index >= 0 && i < inner; ++i) to[i] += from[i];
      from += inner;
    }
  }
  context.give(0, std::move(by_data));
}

}  // namespace

const OpInfo& gather_op() {
  static const OpInfo info{.name = "Gather",
                           .domain = "",
                           .summary = "entries of an axis by index: rows of an embedding table",
                           .source = "https://onnx.ai/onnx/operators/onnx__Gather.html",
                           .row_input = 0,
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
