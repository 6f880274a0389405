#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

/// What is taken of an axis: `count` entries from `start` on, `step` apart.
struct Range {
  std::int64_t start = 0, step = 1, count = 0;
};

struct Parameters {
  std::vector<std::int64_t> starts, ends, axes, steps;
};

/// ONNX's rule: negative positions count from the end, then both are clamped to where the step can go.
Range range_of(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t extent) {
  const auto from_front = [&](std::int64_t position) { return position < 0 ? position + extent : position; };
  Range range{0, step, 0};
  if (step > 0) {
    range.start = std::clamp<std::int64_t>(from_front(start), 0, extent);
    const std::int64_t stop = std::clamp<std::int64_t>(from_front(end), 0, extent);
    // Without the sum that rounding up is usually written with: a huge step would overflow it.
    if (stop > range.start) range.count = (stop - range.start - 1) / step + 1;
  } else {
    range.start = std::clamp<std::int64_t>(from_front(start), -1, extent - 1);
    const std::int64_t stop = std::clamp<std::int64_t>(from_front(end), -1, extent - 1);
    if (stop < range.start) range.count = (stop + 1 - range.start) / step + 1;
  }
  return range;
}

std::vector<Range> ranges_of(const Shape& shape, const Parameters& parameters) {
  std::vector<Range> ranges;
  for (const std::int64_t extent : shape) ranges.push_back({0, 1, extent});
  for (std::size_t i = 0; i < parameters.starts.size(); ++i) {
    const std::size_t axis = normalized_axis(parameters.axes[i], shape.size());
    ranges[axis] = range_of(parameters.starts[i], parameters.ends[i], parameters.steps[i], shape[axis]);
  }
  return ranges;
}

Shape shape_of(const std::vector<Range>& ranges) {
  Shape shape;
  for (const Range& range : ranges) shape.push_back(range.count);
  return shape;
}

/// Absent axes are all of them in order, absent steps are 1.
Parameters completed(Parameters parameters, bool has_axes, bool has_steps) {
  for (std::size_t i = 0; i < parameters.starts.size(); ++i) {
    if (!has_axes) parameters.axes.push_back(static_cast<std::int64_t>(i));
    if (!has_steps) parameters.steps.push_back(1);
  }
  return parameters;
}

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 3, 5);
  const TensorSpec& data = *inputs[0];
  const auto integers = [&](std::size_t i, std::string_view name) {
    return known_integers(inputs, i, name).value_or(std::vector<std::int64_t>());
  };
  const Parameters parameters =
      completed({integers(1, "starts"), integers(2, "ends"), integers(3, "axes"), integers(4, "steps")},
                has_input(inputs, 3), has_input(inputs, 4));
  const std::size_t count = parameters.starts.size();
  if (parameters.ends.size() != count || parameters.axes.size() != count || parameters.steps.size() != count) {
    mismatch(fmt::format("found {} starts, {} ends, {} axes and {} steps, expected equal counts", count,
                         parameters.ends.size(), parameters.axes.size(), parameters.steps.size()));
  }
  if (count > data.shape.size()) mismatch(fmt::format("found {} starts for {}", count, to_string(data.shape)));
  std::vector<bool> seen(data.shape.size(), false);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = normalized_axis(parameters.axes[i], data.shape.size());
    if (seen[axis]) mismatch(fmt::format("input axes: axis {} stands there twice", axis));
    seen[axis] = true;
    if (parameters.steps[i] == 0) mismatch("input steps: found 0, expected another number");
  }
  return {{data.dtype, shape_of(ranges_of(data.shape, parameters))}};
}

/// Where the elements of the result lie in the data.
struct View {
  Shape shape;
  std::int64_t offset = 0;
  std::vector<std::int64_t> strides;
};

template <typename Context>
View view_of(const Context& context) {
  const Tensor& data = context.input(0);
  const auto integers = [&](std::size_t i) {
    return context.has_input(i) ? integers_of(context.input(i)) : std::vector<std::int64_t>();
  };
  const Parameters parameters =
      completed({integers(1), integers(2), integers(3), integers(4)}, context.has_input(3), context.has_input(4));
  const auto ranges = ranges_of(data.shape(), parameters);
  View view{shape_of(ranges), 0, row_major_strides(data.shape())};
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    // Of an axis with one entry the step does not matter, and may be too large to multiply by.
    if (ranges[i].count > 0) view.offset += ranges[i].start * view.strides[i];
    view.strides[i] = ranges[i].count > 1 ? view.strides[i] * ranges[i].step : 0;
  }
  return view;
}

void run(KernelContext& context) {
  const View view = view_of(context);
  context.output(0) = strided_copy(context.input(0), view.shape, view.offset, view.strides);
}

void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const View view = view_of(context);
  Tensor by_data = Tensor::zeros(DType::kF32, context.input(0).shape());
  strided_scatter(context.by_output(0), by_data, view.offset, view.strides);
  context.give(0, std::move(by_data));
}

}  // namespace

const OpInfo& slice_op() {
  static const OpInfo info{.name = "Slice",
                           .domain = "",
                           .summary = "a range of each axis, with steps",
                           .source = "https://onnx.ai/onnx/operators/onnx__Slice.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
