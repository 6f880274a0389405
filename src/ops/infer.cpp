#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::Value;
using graph::ValueId;

/// Values of up to so many elements are computed while shapes are: shape parameters are that small.
constexpr std::int64_t kKnownElements = 1024;

std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }

std::string place_of(const Node& node) { return fmt::format("node {} ({})", quoted(node.name), node.op); }

const OpInfo& op_of(const Node& node) {
  if (const OpInfo* op = find_op(node.domain, node.op)) return *op;
  const std::string domain = node.domain.empty() ? "the default domain" : "domain " + quoted(node.domain);
  throw_input("", fmt::format("node {}", quoted(node.name)),
              fmt::format("operator {} of {} is not implemented", quoted(node.op), domain));
}

void check_outputs(const Node& node, std::span<const TensorSpec> outputs) {
  if (node.outputs.size() > outputs.size()) {
    mismatch(fmt::format("found {} outputs, expected at most {}", node.outputs.size(), outputs.size()));
  }
  for (const TensorSpec& output : outputs) {
    const auto elements = checked_numel(output.shape);
    constexpr std::int64_t kMost = std::int64_t{1} << 48;
    if (output.shape.size() > kMaxRank || !elements || *elements > kMost) {
      mismatch(fmt::format("its output of shape {} is too large", to_string(output.shape)));
    }
  }
}

/// Runs a node whose inputs are all known and small.
void fold(const Node& node, const OpInfo& op, Specs inputs, std::vector<TensorSpec>& outputs) {
  const auto known = [](const TensorSpec* spec) { return spec == nullptr || spec->known.defined(); };
  const auto small = [](const TensorSpec& spec) { return numel(spec.shape) <= kKnownElements; };
  if (inputs.empty() || !std::all_of(inputs.begin(), inputs.end(), known)) return;
  if (!std::all_of(outputs.begin(), outputs.end(), small)) return;
  std::vector<Operand> operands(inputs.size());
  std::vector<const Operand*> arguments;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] != nullptr) operands[i].tensor = inputs[i]->known;
    arguments.push_back(inputs[i] != nullptr ? &operands[i] : nullptr);
  }
  std::vector<Tensor> results(outputs.size());
  KernelContext context(node, arguments, results);
  op.run(context);
  for (std::size_t i = 0; i < results.size(); ++i) outputs[i].known = results[i];
}

std::vector<TensorSpec> infer_node(const Node& node, Specs inputs) {
  const OpInfo& op = op_of(node);
  try {
    std::vector<TensorSpec> outputs = op.infer(node, inputs);
    check_outputs(node, outputs);
    outputs.resize(node.outputs.size());
    fold(node, op, inputs, outputs);
    return outputs;
  } catch (const Error& error) {
    throw Error(error.code(), error.file(), place_of(node), error.message());
  }
}

TensorSpec spec_of(const Value& value) {
  if (value.kind == Value::Kind::kWeight) return {DType::kF32, value.weight.source->shape()};
  TensorSpec spec{value.constant.dtype(), value.constant.shape()};
  if (value.constant.size() <= kKnownElements) spec.known = value.constant;
  return spec;
}

}  // namespace

std::vector<TensorSpec> infer_specs(const Graph& graph, std::span<const TensorSpec> inputs) {
  if (inputs.size() != graph.inputs().size()) {
    mismatch(fmt::format("found {} inputs, the graph has {}", inputs.size(), graph.inputs().size()));
  }
  std::vector<TensorSpec> specs(graph.values().size());
  for (std::size_t v = 0; v < specs.size(); ++v) {
    const Value& value = graph.values()[v];
    if (value.kind == Value::Kind::kWeight || value.kind == Value::Kind::kConstant) specs[v] = spec_of(value);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    if (inputs[i].dtype != value.dtype) {
      throw_input("", "input " + quoted(value.name),
                  fmt::format("found {}, expected {}", describe(inputs[i]), dtype_name(value.dtype)));
    }
    specs[index(graph.inputs()[i])] = inputs[i];
  }
  std::vector<const TensorSpec*> arguments;
  for (const Node& node : graph.nodes()) {
    arguments.clear();
    for (const ValueId id : node.inputs) arguments.push_back(id == kNoValue ? nullptr : &specs[index(id)]);
    std::vector<TensorSpec> outputs = infer_node(node, arguments);
    for (std::size_t i = 0; i < outputs.size(); ++i) specs[index(node.outputs[i])] = std::move(outputs[i]);
  }
  return specs;
}

}  // namespace kerf::ops
