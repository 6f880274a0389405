#include "sweep/plan.h"

#include <algorithm>

namespace kerf::sweep {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

bool is_linear(const Node& node) { return node.domain == graph::kKerfDomain && node.op == "Linear"; }
bool is_lookup(const Node& node) { return node.domain == graph::kOnnxDomain && node.op == "Gather"; }

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

void mark_free(const Graph& graph, Plan& plan) {
  plan.free_value.assign(graph.values().size(), false);
  plan.free_node.assign(graph.nodes().size(), false);
  for (std::size_t v = 0; v < graph.values().size(); ++v) {
    const auto kind = graph.values()[v].kind;
    plan.free_value[v] = kind == Value::Kind::kInput || kind == Value::Kind::kConstant;
  }
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    const bool free = std::all_of(node.inputs.begin(), node.inputs.end(),
                                  [&](ValueId v) { return v == kNoValue || plan.free_value[index(v)]; });
    plan.free_node[n] = free;
    for (const ValueId output : node.outputs) plan.free_value[index(output)] = free;
  }
}

void find_last_uses(const Graph& graph, Plan& plan) {
  plan.last_use.assign(graph.values().size(), -1);
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    for (const ValueId input : graph.nodes()[n].inputs) {
      if (input != kNoValue) plan.last_use[index(input)] = static_cast<NodeId>(n);
    }
  }
  for (const auto& [name, value] : graph.outputs()) {
    plan.last_use[index(value)] = static_cast<NodeId>(graph.nodes().size());
  }
}

void find_sites(const Graph& graph, Plan& plan) {
  plan.site_index.assign(graph.values().size(), -1);
  const auto site_for = [&](ValueId weight) -> Site& {
    int& at = plan.site_index[index(weight)];
    if (at < 0) {
      at = static_cast<int>(plan.sites.size());
      plan.sites.push_back(Site{weight, {}, {}});
    }
    return plan.sites[index(at)];
  };
  const auto is_weight = [&](ValueId v) { return v != kNoValue && graph.value(v).kind == Value::Kind::kWeight; };
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    if (is_linear(node) && is_weight(node.inputs[1])) {
      site_for(node.inputs[1]).linear_uses.push_back(static_cast<NodeId>(n));
    } else if (is_lookup(node) && is_weight(node.inputs[0])) {
      site_for(node.inputs[0]).lookup_uses.push_back(static_cast<NodeId>(n));
    }
  }
}

bool kept_and_alive(const Plan& plan, const Graph& graph, ValueId v, NodeId position) {
  const Value& value = graph.value(v);
  return value.kind == Value::Kind::kComputed && !plan.free_value[index(v)] && value.producer < position &&
         plan.last_use[index(v)] >= position;
}

std::vector<Group> find_groups(const Graph& graph, const Plan& plan, const Block& block) {
  std::vector<Group> groups;
  for (NodeId n = block.begin; n < block.end; ++n) {
    const Node& node = graph.node(n);
    if (!is_linear(node)) continue;
    const int site = plan.site_of(node.inputs[1]);
    if (site < 0) continue;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.input == node.inputs[0]; });
    if (group == groups.end()) {
      groups.push_back(Group{node.inputs[0], {}, n});
      group = groups.end() - 1;
    }
    group->sites.push_back(static_cast<std::size_t>(site));
  }
  return groups;
}

/// By value: do nodes of several layers read it? What an encoder hands to every layer of a decoder is such a value; the
/// stream that passes through the layers is not.
std::vector<bool> shared_by_layers(const Graph& graph) {
  std::vector<int> reader(graph.values().size(), -1);
  std::vector<bool> shared(graph.values().size(), false);
  for (const Node& node : graph.nodes()) {
    if (node.layer < 0) continue;
    for (const ValueId input : node.inputs) {
      if (input == kNoValue) continue;
      if (reader[index(input)] >= 0 && reader[index(input)] != node.layer) shared[index(input)] = true;
      reader[index(input)] = node.layer;
    }
  }
  return shared;
}

/// Number of kept values alive before each position, those that layers share aside; by one pass over births and deaths.
std::vector<int> live_counts(const Graph& graph, const Plan& plan) {
  const auto shared = shared_by_layers(graph);
  std::vector<int> change(graph.nodes().size() + 2, 0);
  for (std::size_t v = 0; v < graph.values().size(); ++v) {
    const Value& value = graph.values()[v];
    if (value.kind != Value::Kind::kComputed || plan.free_value[v] || shared[v]) continue;
    if (plan.last_use[v] <= value.producer) continue;
    ++change[index(value.producer) + 1];
    --change[index(plan.last_use[v]) + 1];
  }
  std::vector<int> counts(graph.nodes().size() + 1, 0);
  int alive = 0;
  for (std::size_t p = 0; p < counts.size(); ++p) {
    alive += change[p];
    counts[p] = alive;
  }
  return counts;
}

void cut_blocks(const Graph& graph, Plan& plan) {
  const auto counts = live_counts(graph, plan);
  const auto node_count = static_cast<NodeId>(graph.nodes().size());
  // A trailing piece without a linear site joins the block before it.
  NodeId last_linear = -1;
  for (NodeId n = 0; n < node_count; ++n) {
    if (is_linear(graph.node(n))) last_linear = n;
  }
  NodeId begin = 0;
  bool has_site = false;
  for (NodeId n = 0; n < node_count; ++n) {
    has_site = has_site || is_linear(graph.node(n));
    const NodeId position = n + 1;
    const bool cut = position == node_count || (has_site && counts[index(position)] == 1 && position <= last_linear);
    if (!cut) continue;
    Block block;
    block.begin = begin;
    block.end = position;
    block.live_in = live_values(graph, plan, begin);
    block.live_out = live_values(graph, plan, position);
    block.groups = find_groups(graph, plan, block);
    plan.blocks.push_back(std::move(block));
    begin = position;
    has_site = false;
  }
}

}  // namespace

std::vector<ValueId> live_values(const Graph& graph, const Plan& plan, NodeId position) {
  std::vector<ValueId> live;
  for (std::size_t v = 0; v < graph.values().size(); ++v) {
    if (kept_and_alive(plan, graph, static_cast<ValueId>(v), position)) live.push_back(static_cast<ValueId>(v));
  }
  return live;
}

Plan make_plan(const Graph& graph) {
  Plan plan;
  mark_free(graph, plan);
  find_last_uses(graph, plan);
  find_sites(graph, plan);
  cut_blocks(graph, plan);
  return plan;
}

}  // namespace kerf::sweep
