#include "ops/variadic.h"

#include <fmt/format.h>

namespace kerf::ops {

std::vector<TensorSpec> infer_variadic(const graph::Node& /*node*/, Specs inputs) {
  if (inputs.empty()) mismatch("found no inputs, expected at least 1");
  expect_input_count(inputs, inputs.size(), inputs.size());
  TensorSpec result{inputs[0]->dtype, inputs[0]->shape};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorSpec& input = expect_input(inputs, i, "data", kNumberDTypes);
    if (input.dtype != result.dtype) {
      mismatch(fmt::format("found {} and {}, expected one dtype", describe(*inputs[0]), describe(input)));
    }
    result.shape = broadcast_shape(result.shape, input.shape);
  }
  return {result};
}

}  // namespace kerf::ops
