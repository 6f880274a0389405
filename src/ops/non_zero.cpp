#include <fmt/format.h>

#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

/// Row-major places of the elements that are not 0, one index an axis: [rank, count].
Tensor places_of(const Tensor& x) {
  std::vector<std::int64_t> places;
  with_element_type(x.dtype(), [&](auto zero) {
    for (std::int64_t i = 0; i < x.size(); ++i) {
      if (elements<decltype(zero)>(x)[i] != 0) places.push_back(i);
    }
  });
  const auto strides = row_major_strides(x.shape());
  Tensor result(DType::kI64, {static_cast<std::int64_t>(x.rank()), std::ssize(places)});
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      result.data<std::int64_t>()[axis * places.size() + i] = places[i] / strides[axis] % x.dim(axis);
    }
  }
  return result;
}

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "X", kElementDTypes);
  if (!x.known.defined()) {
    mismatch("how many elements are not 0 depends on the data, expected a small input that follows from shapes");
  }
  const Tensor known = places_of(x.known);
  return {{DType::kI64, known.shape(), known}};
}

void run(KernelContext& context) { context.output(0) = places_of(context.input(0)); }

}  // namespace

const OpInfo& non_zero_op() {
  static const OpInfo info{.name = "NonZero",
                           .domain = "",
                           .summary = "indices of the elements that are not 0",
                           .source = "https://onnx.ai/onnx/operators/onnx__NonZero.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
