#include "formats/onnx/probe.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace kerf::formats::onnx {
namespace {

using graph::Graph;
using graph::ValueId;

Tensor input_of(std::string_view name, std::int64_t length) {
  Tensor tensor = Tensor::zeros(DType::kI64, {1, length});
  const auto values = tensor.values<std::int64_t>();
  if (name.ends_with("mask")) std::fill(values.begin(), values.end(), 1);
  if (name.ends_with("input_ids")) std::iota(values.begin(), values.end(), 1);
  if (name == "position_ids") std::iota(values.begin(), values.end(), 0);
  return tensor;
}

constexpr std::int64_t kMostElements = std::int64_t{1} << 20;

/// Is what is at [row, column] of a mask hidden? Truth may mean either.
bool hides(const Tensor& mask, std::int64_t at, bool truth) {
  constexpr float kVeryNegative = -1e3F;
  if (mask.dtype() == DType::kBool) return (mask.raw()[at] != std::byte{0}) == truth;
  return mask.dtype() == DType::kF32 && mask.data<float>()[at] < kVeryNegative;
}

/// The last two axes of the first of the matrices.
bool is_triangle(const Tensor& mask, std::int64_t length, bool truth) {
  const Shape& shape = mask.shape();
  if (shape.size() < 2 || shape.back() != length || shape[shape.size() - 2] != length) return false;
  for (std::int64_t row = 0; row < length; ++row) {
    for (std::int64_t column = 0; column < length; ++column) {
      if (hides(mask, row * length + column, truth) != (column > row)) return false;
    }
  }
  return true;
}

}  // namespace

std::map<ValueId, Tensor> probe(const Graph& graph, std::int64_t length, std::span<const ops::TensorSpec> specs) {
  std::map<ValueId, Tensor> values;
  for (const ValueId id : graph.inputs()) values[id] = input_of(graph.value(id).name, length);
  for (const graph::Node& node : graph.nodes()) {
    std::vector<ops::Operand> operands(node.inputs.size());
    std::vector<const ops::Operand*> arguments;
    bool known = true;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      arguments.push_back(id == graph::kNoValue ? nullptr : &operands[i]);
      if (id == graph::kNoValue) continue;
      if (graph.value(id).kind == graph::Value::Kind::kConstant) {
        operands[i].tensor = graph.value(id).constant;
      } else if (const auto found = values.find(id); found != values.end()) {
        operands[i].tensor = found->second;
      } else {
        known = false;
      }
    }
    for (const ValueId id : node.outputs) {
      known = known && numel(specs[static_cast<std::size_t>(id)].shape) <= kMostElements;
    }
    if (!known) continue;
    std::vector<Tensor> results(node.outputs.size());
    ops::KernelContext context(node, arguments, results);
    ops::find_op(node.domain, node.op)->run(context);
    for (std::size_t i = 0; i < results.size(); ++i) values[node.outputs[i]] = results[i];
  }
  return values;
}

bool is_causal(const Graph& graph, const std::map<ValueId, Tensor>& values, std::int64_t length) {
  for (const graph::Node& node : graph.nodes()) {
    if (node.op == "Attention" && node.attributes.int_or(node.domain.empty() ? "is_causal" : "causal", 0) != 0)
      return true;
    if (std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return values.contains(id); }))
      continue;
    for (const ValueId id : node.inputs) {
      const auto found = values.find(id);
      if (found == values.end()) continue;
      if (is_triangle(found->second, length, false) || is_triangle(found->second, length, true)) return true;
    }
  }
  return false;
}

}  // namespace kerf::formats::onnx
