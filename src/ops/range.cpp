#include <cmath>

#include <fmt/format.h>

#include "ops/arithmetic.h"
#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// max(0, ceil((limit - start) / delta)); -1 if there is no such number, or it is beyond any tensor.
template <typename T>
std::int64_t count_of(T start, T limit, T delta) {
  constexpr double kMost = 281474976710656.0;  // 2^48
  const double count =
      std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
  if (!(count <= kMost)) return -1;
  return count <= 0 ? 0 : static_cast<std::int64_t>(count);
}

std::int64_t count_of(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  return with_number_type(start.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return count_of(*start.data<T>(), *limit.data<T>(), *delta.data<T>());
  });
}

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 3, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const TensorSpec& spec = expect_input(inputs, i, "start, limit, delta", kNumberDTypes);
    if (spec.dtype != inputs[0]->dtype || numel(spec.shape) != 1) {
      mismatch(fmt::format("found {} and {}, expected scalars of one dtype", describe(*inputs[0]), describe(spec)));
    }
    if (!spec.known.defined()) mismatch("its limits depend on the data, expected values that follow from shapes");
  }
  const std::int64_t count = count_of(inputs[0]->known, inputs[1]->known, inputs[2]->known);
  if (count < 0) mismatch("found limits and a step that give no finite number of elements");
  return {{inputs[0]->dtype, {count}}};
}

void run(KernelContext& context) {
  const Tensor &start = context.input(0), &limit = context.input(1), &delta = context.input(2);
  const std::int64_t count = std::max<std::int64_t>(0, count_of(start, limit, delta));
  Tensor result(start.dtype(), {count});
  with_number_type(start.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T first = *start.data<T>(), step = *delta.data<T>();
    for (std::int64_t i = 0; i < count; ++i) {
      result.data<T>()[i] = add(first, multiply(static_cast<T>(i), step));
    }
  });
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& range_op() {
  static const OpInfo info{.name = "Range",
                           .domain = "",
                           .summary = "start, start + delta, ... up to a limit",
                           .source = "https://onnx.ai/onnx/operators/onnx__Range.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
