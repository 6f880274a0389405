#include "tests/support/reference_executor.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "ops/op.h"
#include "sweep/bind.h"

namespace kerf::test {

using graph::kNoValue;
using graph::Value;
using graph::ValueId;

std::vector<Tensor> run_graph(const graph::Graph& graph, const std::map<std::string, Tensor>& inputs) {
  std::vector<ops::TensorSpec> input_specs;
  std::vector<ops::Operand> operands(graph.values().size());
  const auto operand = [&](ValueId id) -> ops::Operand& { return operands[static_cast<std::size_t>(id)]; };
  for (const ValueId id : graph.inputs()) {
    operand(id).tensor = inputs.at(graph.value(id).name);
    input_specs.push_back({operand(id).tensor.dtype(), operand(id).tensor.shape()});
  }
  const auto specs = ops::infer_specs(graph, input_specs);
  for (std::size_t v = 0; v < operands.size(); ++v) {
    const Value& value = graph.values()[v];
    if (value.kind == Value::Kind::kConstant) operands[v].tensor = value.constant;
    if (value.kind == Value::Kind::kWeight) operands[v].tensor = value.weight.source->read();
  }
  std::set<ValueId> some_rows;  // of which the rule knows the most rows that there may be
  for (const graph::Node& node : graph.nodes()) {
    const bool takes = node.op == "TakeRows", combines = node.op == "CombineRows";
    const bool reads =
        std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return some_rows.contains(id); });
    if (takes || (reads && !combines)) some_rows.insert(node.outputs.begin(), node.outputs.end());
    std::vector<const ops::Operand*> arguments;
    for (const ValueId id : node.inputs) arguments.push_back(id == kNoValue ? nullptr : &operand(id));
    std::vector<Tensor> results(node.outputs.size());
    ops::KernelContext context(node, arguments, results);
    ops::find_op(node.domain, node.op)->run(context);
    for (std::size_t i = 0; i < results.size(); ++i) {
      auto spec = specs[static_cast<std::size_t>(node.outputs[i])];
      if (some_rows.contains(node.outputs[i]) && results[i].dim(0) <= spec.shape[0]) spec.shape[0] = results[i].dim(0);
      if (results[i].dtype() != spec.dtype || results[i].shape() != spec.shape) {
        throw std::logic_error(node.op + ": the kernel's output is not what the shape rule says");
      }
      operand(node.outputs[i]).tensor = results[i];
    }
  }
  std::vector<Tensor> outputs;
  for (const auto& [name, id] : graph.outputs()) outputs.push_back(operand(id).tensor);
  return outputs;
}

Tensor run_model(const graph::Graph& graph, const Tensor& input_ids) {
  Tensor positions(DType::kI64, input_ids.shape()), mask(DType::kI64, input_ids.shape());
  const std::int64_t length = input_ids.dim(1);
  for (std::int64_t i = 0; i < input_ids.size(); ++i) {
    positions.data<std::int64_t>()[i] = i % length;
    mask.data<std::int64_t>()[i] = 1;
  }
  return run_graph(graph, {{"input_ids", input_ids}, {"position_ids", positions}, {"attention_mask", mask}}).front();
}

Tensor run_model(const models::ModelGraph& model, const std::map<std::string, Tensor>& inputs) {
  const std::int64_t rows = inputs.at("input_ids").dim(0);
  std::map<std::string, Tensor> bound;
  for (std::int64_t row = 0; row < rows; ++row) {
    const sweep::WindowInputs window = sweep::bind_named(model.graph, model.model, inputs, row);
    for (std::size_t i = 0; i < window.size(); ++i) {
      Tensor& batch = bound[model.graph.value(model.graph.inputs()[i]).name];
      if (row == 0) batch = Tensor(DType::kI64, {rows, window[i].dim(1)});
      const auto values = window[i].values<std::int64_t>();
      std::copy(values.begin(), values.end(), batch.data<std::int64_t>() + row * window[i].dim(1));
    }
  }
  return run_graph(model.graph, bound).front();
}

}  // namespace kerf::test
