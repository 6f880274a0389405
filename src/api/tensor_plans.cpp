#include "api/tensor_plans.h"

#include <algorithm>

#include <fmt/format.h>

#include "codec/quantized_tensor.h"
#include "core/strings.h"

namespace kerf::api {
namespace {

/// Why nothing decides about a weight.
std::string why_it_stays(const graph::Graph& graph, graph::ValueId id) {
  const auto readers = graph.consumers(id);
  if (graph.value(id).weight.source->shape().size() < 2 || readers.empty()) return "norms, biases and vectors stay";
  const graph::Node& reader = graph.node(readers.front());
  return fmt::format("read by {}, which is no linear layer and no lookup of rows: stays",
                     reader.name.empty() ? reader.op : fmt::format("{} ({})", kerf::quoted(reader.name), reader.op));
}

}  // namespace

std::vector<TensorPlan> tensor_plans(const OpenModel& model, const quant::Candidate& candidate,
                                     const emit::EmitModel& planned, const emit::Emission* first) {
  std::vector<TensorPlan> plans;
  for (const emit::EmitTensor& tensor : planned.tensors) {
    TensorPlan plan;
    plan.name = tensor.name;
    plan.role = graph::role_name(tensor.role);
    plan.shape = tensor.shape;
    if (tensor.scheme.quantized()) {
      plan.scheme = tensor.scheme.name;
      plan.bits_per_weight = static_cast<double>(codec::storage_bits(tensor.scheme, tensor.shape[0], tensor.shape[1])) /
                             static_cast<double>(std::max<std::int64_t>(numel(tensor.shape), 1));
    } else {
      const bool cast = tensor.scheme.kind == codec::Scheme::Kind::kFloat;
      const DType asked = cast ? tensor.scheme.float_dtype : tensor.source_dtype;
      const DType dtype = first == nullptr ? asked : first->held_dtype(plans.size(), asked);
      plan.scheme = dtype_name(dtype);
      plan.bits_per_weight = 8.0 * static_cast<double>(dtype_bytes(dtype));
    }
    plans.push_back(std::move(plan));
  }
  const auto weights = model.graph().weights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto decision = candidate.decisions.find(weights[i]);
    if (decision == candidate.decisions.end()) {
      plans[i].rule = why_it_stays(model.graph(), weights[i]);
      continue;
    }
    plans[i].rule = decision->second.rule;
    plans[i].fallback = decision->second.fallback;
    if (decision->second.method != nullptr) plans[i].method = decision->second.method->name;
    if (decision->second.pruning) plans[i].pruning = decision->second.pruning->name();
    if (decision->second.activations) plans[i].activations = decision->second.activations->name();
  }
  return plans;
}

}  // namespace kerf::api
