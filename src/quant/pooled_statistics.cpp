#include "quant/pooled_statistics.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace kerf::quant {
namespace {

using graph::ValueId;

using Inputs = std::vector<ValueId>;

/// What all candidates want to know about a weight's inputs.
std::set<std::string> wanted_observers(const std::vector<Candidate*>& candidates, ValueId weight) {
  std::set<std::string> names;
  for (const Candidate* candidate : candidates) {
    names.merge(range_observers_of(*candidate, weight));
    names.merge(solving_observers_of(*candidate, weight));
  }
  return names;
}

Inputs inputs_of(const graph::Graph& graph, const sweep::Site& site) {
  Inputs inputs;
  for (const graph::NodeId node : site.linear_uses) inputs.push_back(graph.node(node).inputs[0]);
  return inputs;
}

/// Statistics to be filled, one for all weights that read the same inputs, and which of them an input goes to.
struct Collection {
  std::map<Inputs, InputCollector> by_inputs;
  std::map<ValueId, Inputs> inputs_of_weight;
  std::map<ValueId, std::vector<InputCollector*>> readers;

  PooledStatistics finish() {
    std::map<Inputs, SeenInputs> seen;
    for (auto& [inputs, collector] : by_inputs) seen.emplace(inputs, collector.finish());
    PooledStatistics result;
    for (const auto& [weight, inputs] : inputs_of_weight) result.emplace(weight, seen.at(inputs));
    return result;
  }
};

Collection make_collection(const sweep::Walker& walker, const std::vector<Candidate*>& candidates,
                           const WindowSplit& split) {
  Collection collection;
  for (const sweep::Site& site : walker.plan().sites) {
    if (site.linear_uses.size() < 2) continue;
    const auto names = wanted_observers(candidates, site.weight);
    if (names.empty()) continue;
    const Inputs inputs = inputs_of(walker.graph(), site);
    const std::int64_t cols = walker.graph().value(site.weight).weight.source->row_size();
    const auto [collector, added] =
        collection.by_inputs.try_emplace(inputs, cols, std::vector<std::string>(names.begin(), names.end()), split);
    for (const ValueId input : inputs) {
      if (added) collection.readers[input].push_back(&collector->second);
    }
    collection.inputs_of_weight.emplace(site.weight, inputs);
  }
  return collection;
}

}  // namespace

PooledStatistics pool_statistics(const sweep::Walker& walker, const std::vector<Candidate*>& candidates,
                                 sweep::Stream stream, const WindowSplit& split) {
  Collection collection = make_collection(walker, candidates, split);
  const auto end_of_graph = static_cast<graph::NodeId>(walker.graph().nodes().size());
  for (const sweep::Block& block : walker.plan().blocks) {
    if (collection.by_inputs.empty()) break;
    std::vector<ValueId> wanted;
    for (const sweep::Group& group : block.groups) {
      if (collection.readers.contains(group.input)) wanted.push_back(group.input);
    }
    const sweep::Operands operands = walker.prepare_block(block, nullptr, nullptr);
    walker.visit(stream, block.end, wanted, nullptr, &operands, std::nullopt,
                 [&](std::size_t window, std::span<const Tensor> values) {
                   for (std::size_t v = 0; v < values.size(); ++v) {
                     for (InputCollector* collector : collection.readers.at(wanted[v])) {
                       collector->observe(window, values[v].data<float>(), values[v].size() / collector->cols());
                     }
                   }
                 });
    if (block.end != end_of_graph) walker.advance(stream, block.end, nullptr, &operands);
  }
  return collection.finish();
}

}  // namespace kerf::quant
