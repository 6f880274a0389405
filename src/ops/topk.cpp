#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "ops/axis_view.h"
#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& x = expect_input(inputs, 0, "X", kNumberDTypes);
  const auto count = known_integers(inputs, 1, "K").value();
  const std::size_t axis = normalized_axis(node.attributes.int_or("axis", -1), x.shape.size());
  if (count.size() != 1 || count.front() < 0 || count.front() > x.shape[axis]) {
    mismatch(fmt::format("input K: found {}, expected one number up to {}", to_string(count), x.shape[axis]));
  }
  Shape shape = x.shape;
  shape[axis] = count.front();
  return {{x.dtype, shape}, {DType::kI64, shape}};
}

/// In order, whether that is asked for or not; the lower index first among equals.
void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const std::size_t axis = normalized_axis(context.attributes().int_or("axis", -1), x.rank());
  const std::int64_t count = integers_of(context.input(1)).front();
  const bool largest = context.attributes().int_or("largest", 1) != 0;
  Shape shape = x.shape();
  shape[axis] = count;
  Tensor values(x.dtype(), shape), places(DType::kI64, shape);
  const AxisView from(x.shape(), axis), to(shape, axis);
  with_number_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<std::int64_t> order(static_cast<std::size_t>(from.extent));
    for (std::int64_t line = 0; values.size() > 0 && line < from.lines(); ++line) {
      const T* row = x.data<T>() + from.start(line);
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](std::int64_t a, std::int64_t b) {
        const T left = row[a * from.inner], right = row[b * from.inner];
        if (left != right) return largest ? left > right : left < right;
        return a < b;
      });
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t at = to.start(line) + i * to.inner, place = order[static_cast<std::size_t>(i)];
        values.data<T>()[at] = row[place * from.inner];
        places.data<std::int64_t>()[at] = place;
      }
    }
  });
  context.output(0) = std::move(values);
  if (context.node().outputs.size() > 1) context.output(1) = std::move(places);
}

}  // namespace

const OpInfo& topk_op() {
  static const OpInfo info{.name = "TopK",
                           .domain = "",
                           .summary = "the largest or smallest elements along an axis and their places",
                           .source = "https://onnx.ai/onnx/operators/onnx__TopK.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
