#include "tests/support/op_runner.h"

#include <cstring>
#include <stdexcept>

namespace kerf::test {
namespace {

const ops::OpInfo& info_of(const OpCall& call) {
  const ops::OpInfo* info = ops::find_op(call.domain, call.op);
  if (info == nullptr) throw std::logic_error("no operator " + call.op);
  return *info;
}

}  // namespace

graph::Node node_of(const OpCall& call) {
  graph::Node node{
      .op = call.op, .domain = call.domain, .name = "node", .inputs = {}, .outputs = {}, .attributes = call.attributes};
  node.outputs.resize(call.outputs);
  return node;
}

std::vector<ops::TensorSpec> infer_op(const OpCall& call) {
  std::vector<ops::TensorSpec> specs;
  for (const Tensor& input : call.inputs) {
    specs.push_back({input.dtype(), input.shape()});
    if (input.defined() && !is_floating(input.dtype())) specs.back().known = input;
  }
  std::vector<const ops::TensorSpec*> arguments;
  for (std::size_t i = 0; i < specs.size(); ++i) arguments.push_back(call.inputs[i].defined() ? &specs[i] : nullptr);
  return info_of(call).infer(node_of(call), arguments);
}

std::vector<Tensor> run_kernel(const OpCall& call) {
  const graph::Node node = node_of(call);
  std::vector<ops::Operand> operands(call.inputs.size());
  std::vector<const ops::Operand*> arguments;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    operands[i].tensor = call.inputs[i];
    arguments.push_back(call.inputs[i].defined() ? &operands[i] : nullptr);
  }
  std::vector<Tensor> results(call.outputs);
  ops::KernelContext context(node, arguments, results);
  info_of(call).run(context);
  return results;
}

std::vector<Tensor> run_op(const OpCall& call) {
  const auto specs = infer_op(call);
  std::vector<Tensor> results = run_kernel(call);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].dtype() != specs.at(i).dtype || results[i].shape() != specs.at(i).shape) {
      throw std::logic_error(call.op + ": the kernel's output is not what the shape rule says");
    }
  }
  return results;
}

Tensor random_tensor(Shape shape, std::uint64_t seed) {
  Tensor tensor(DType::kF32, std::move(shape));
  Random random(seed);
  for (float& value : tensor.values<float>()) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += random.uniform();
    value = static_cast<float>(sum);
  }
  return tensor;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  return a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

}  // namespace kerf::test
