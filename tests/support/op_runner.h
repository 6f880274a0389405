#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/random.h"
#include "ops/op.h"

namespace kerf::test {

/// One application of an operator to tensors; an input that is not defined is absent.
struct OpCall {
  std::string op;
  std::string domain{};
  std::vector<Tensor> inputs{};
  graph::Attributes attributes{};
  std::size_t outputs = 1;
};

graph::Node node_of(const OpCall& call);
/// What the operator's rule says of the outputs; integer inputs are taken as known beforehand, as constants are.
std::vector<ops::TensorSpec> infer_op(const OpCall& call);
/// Rule, then kernel. The kernel's outputs must be what the rule says.
std::vector<Tensor> run_op(const OpCall& call);
/// The kernel alone: for operators whose rule gives an upper limit of the rows.
std::vector<Tensor> run_kernel(const OpCall& call);

/// Normally distributed values, roughly: the sum of uniform ones.
Tensor random_tensor(Shape shape, std::uint64_t seed);
template <typename T>
Tensor tensor_of(Shape shape, std::vector<T> values) {
  return Tensor::from(std::move(shape), std::span<const T>(values));
}
bool same_bits(const Tensor& a, const Tensor& b);

}  // namespace kerf::test
