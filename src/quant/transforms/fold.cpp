#include "quant/transforms/fold.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "graph/query.h"
#include "quant/transforms/channel_trace.h"

namespace kerf::quant {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

bool is_linear(const Node& node) { return graph::is_op(node, graph::kKerfDomain, "Linear"); }

std::vector<std::int64_t> identity(std::int64_t channels) {
  std::vector<std::int64_t> map(static_cast<std::size_t>(channels));
  std::iota(map.begin(), map.end(), 0);
  return map;
}

/// A norm whose scale and bias nobody else reads.
std::optional<Fold> fold_into_norm(const Graph& graph, const Node& norm, std::int64_t channels) {
  Fold fold;
  fold.where = "norm";
  fold.channels = identity(channels);
  fold.producer_channels = channels;
  for (std::size_t i = 1; i < norm.inputs.size(); ++i) {
    if (norm.inputs[i] == kNoValue) continue;
    const auto [v, offset] = parameter_behind(graph, norm.inputs[i]);
    if (!is_weight(graph, v) || !read_once(graph, norm.inputs[i]) || !read_once(graph, v)) return std::nullopt;
    fold.parameters.push_back(v);
    fold.offsets.push_back(offset);
  }
  if (fold.parameters.empty()) return std::nullopt;
  return fold;
}

/// Rows of the linear node whose output is `v`; `channels` maps the group's channels to rows.
std::optional<Fold> fold_into_linear(const Graph& graph, const sweep::Plan& plan, ValueId v,
                                     std::vector<std::int64_t> channels) {
  const Node* node = producer(graph, v);
  if (node == nullptr || !is_linear(*node) || !read_once(graph, v)) return std::nullopt;
  const ValueId weight = node->inputs[1];
  const int site = plan.site_of(weight);
  if (site < 0) return std::nullopt;
  const sweep::Site& uses = plan.sites[static_cast<std::size_t>(site)];
  if (uses.linear_uses.size() != 1 || !uses.lookup_uses.empty()) return std::nullopt;
  Fold fold;
  fold.parameters.push_back(weight);
  fold.offsets.push_back(0.0F);
  fold.linear = weight;
  if (node->inputs.size() > 2 && node->inputs[2] != kNoValue) {
    if (!is_weight(graph, node->inputs[2]) || !read_once(graph, node->inputs[2])) return std::nullopt;
    fold.parameters.push_back(node->inputs[2]);
    fold.offsets.push_back(0.0F);
  }
  fold.channels = std::move(channels);
  fold.producer_channels = graph.value(weight).weight.source->rows();
  fold.where = graph::role_name(graph.value(weight).weight.role);
  return fold;
}

/// Attention is linear in V, channel by channel; query heads share the channels of their key-value head.
std::optional<Fold> fold_into_values(const Graph& graph, const sweep::Plan& plan, const Node& attention,
                                     std::int64_t channels) {
  const std::int64_t heads = attention.attributes.int_or("num_heads", 0);
  const std::int64_t kv_heads = attention.attributes.int_or("kv_num_heads", heads);
  if (heads <= 0 || kv_heads <= 0 || heads % kv_heads != 0 || channels % heads != 0) return std::nullopt;
  const std::int64_t width = channels / heads, share = heads / kv_heads;
  std::vector<std::int64_t> map(static_cast<std::size_t>(channels));
  for (std::int64_t c = 0; c < channels; ++c) {
    map[static_cast<std::size_t>(c)] = (c / width / share) * width + c % width;
  }
  const ValueId v = attention.inputs[2];
  if (!read_once(graph, v)) return std::nullopt;
  const Node* source = producer(graph, v);
  if (source == nullptr || !is_op(*source, graph::kOnnxDomain, "Split")) return fold_into_linear(graph, plan, v, map);
  // A fused projection: V is one of the parts that Split cuts from its output.
  const auto part = std::find(source->outputs.begin(), source->outputs.end(), v) - source->outputs.begin();
  const ValueId sizes_value = source->inputs.size() > 1 ? source->inputs[1] : kNoValue;
  std::int64_t offset = 0;
  if (sizes_value != kNoValue && graph.value(sizes_value).kind == Value::Kind::kConstant) {
    const auto sizes = graph.value(sizes_value).constant.values<std::int64_t>();
    for (std::ptrdiff_t p = 0; p < part; ++p) offset += sizes[static_cast<std::size_t>(p)];
  } else {
    offset = part * (kv_heads * width);
    if (heads != kv_heads) return std::nullopt;  // equal parts cannot hold fewer key-value heads
  }
  for (std::int64_t& c : map) c += offset;
  return fold_into_linear(graph, plan, source->inputs[0], map);
}

bool only_group_reads(const Graph& graph, const sweep::Plan& plan, const sweep::Group& group) {
  std::set<NodeId> own;
  for (const std::size_t s : group.sites) {
    const sweep::Site& site = plan.sites[s];
    if (site.linear_uses.size() != 1 || !site.lookup_uses.empty()) return false;
    own.insert(site.linear_uses.front());
  }
  const auto readers = graph.consumers(group.input);
  return std::all_of(readers.begin(), readers.end(), [&](NodeId n) { return own.contains(n); });
}

/// Are all nodes that read the fold's parameters in the block?
bool within(const Graph& graph, const sweep::Block& block, const Fold& fold) {
  for (const ValueId parameter : fold.parameters) {
    for (const NodeId n : graph.consumers(parameter)) {
      if (n < block.begin || n >= block.end) return false;
    }
  }
  return true;
}

}  // namespace

std::pair<ValueId, float> parameter_behind(const Graph& graph, ValueId value) {
  const Node* sum = producer(graph, value);
  if (sum == nullptr || !is_op(*sum, graph::kOnnxDomain, "Add")) return {value, 0.0F};
  const Value& added = graph.value(sum->inputs[1]);
  const bool plain = added.kind == Value::Kind::kConstant && added.constant.size() == 1;
  return plain ? std::pair(sum->inputs[0], added.constant.data<float>()[0]) : std::pair(value, 0.0F);
}

std::optional<Fold> find_value_fold(const Graph& graph, const sweep::Plan& plan, const Node& attention,
                                    std::int64_t channels) {
  return fold_into_values(graph, plan, attention, channels);
}

std::optional<Fold> find_fold(const Graph& graph, const sweep::Plan& plan, const sweep::Block& block,
                              const sweep::Group& group, std::int64_t channels, std::string& reason) {
  if (!only_group_reads(graph, plan, group)) {
    reason = "its input is also read elsewhere";
    return std::nullopt;
  }
  // Nodes that make rows of texts, as where Gemm is used for a linear layer.
  const auto moved = trace_through_moves(graph, plan, group.input, channels);
  const ValueId input = moved ? moved->source : group.input;
  const Node* node = producer(graph, input);
  std::optional<Fold> fold;
  if (node == nullptr) {
    reason = "its input is not computed";
    return std::nullopt;
  }
  if (is_op(*node, graph::kOnnxDomain, "RMSNormalization") || is_op(*node, graph::kOnnxDomain, "LayerNormalization")) {
    fold = fold_into_norm(graph, *node, channels);
  } else if (is_op(*node, graph::kOnnxDomain, "Mul")) {
    for (const ValueId factor : node->inputs) {
      if (!fold) fold = fold_into_linear(graph, plan, factor, identity(channels));
    }
  } else if (is_op(*node, graph::kKerfDomain, "Attention")) {
    fold = fold_into_values(graph, plan, *node, channels);
  } else if (is_linear(*node)) {
    fold = fold_into_linear(graph, plan, input, identity(channels));
  }
  if (fold && moved) {
    std::vector<std::int64_t> through;
    for (const std::int64_t channel : moved->channels) {
      through.push_back(fold->channels[static_cast<std::size_t>(channel)]);
    }
    fold->channels = std::move(through);
  }
  if (!fold) {
    if (auto trace = trace_through_attention(graph, plan, group.input);
        trace && std::ssize(trace->channels) == channels) {
      fold = fold_into_linear(graph, plan, trace->source, std::move(trace->channels));
    }
  }
  if (!fold) {
    reason = fmt::format("scales cannot pass through {}", node->op);
  } else if (!within(graph, block, *fold)) {
    reason = "what produces its input belongs to an earlier block";
    fold.reset();
  }
  return fold;
}

namespace {

std::vector<float> producer_factors(const Fold& fold, const std::vector<float>& factors) {
  std::vector<float> result(static_cast<std::size_t>(fold.producer_channels), 1.0f);
  for (std::size_t c = 0; c < factors.size(); ++c) result[static_cast<std::size_t>(fold.channels[c])] = factors[c];
  return result;
}

}  // namespace

void apply_fold(const Graph& graph, const sweep::Plan& plan, const sweep::Group& group, const Fold& fold,
                const std::vector<float>& factors, DType folded_dtype, sweep::Overlay& overlay) {
  const auto divided = producer_factors(fold, factors);
  for (std::size_t p = 0; p < fold.parameters.size(); ++p) {
    const ValueId id = fold.parameters[p];
    const float offset = fold.offsets[p];
    const graph::SourcePtr source = overlay.source(graph, id);
    Tensor values = source->read();
    const std::int64_t width = values.rank() > 1 ? source->row_size() : 1;
    for (std::int64_t r = 0; r < source->rows(); ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        float& value = values.data<float>()[r * width + c];
        value = (value + offset) / divided[static_cast<std::size_t>(r)] - offset;
        if (values.rank() == 1) value = codec::round_to(folded_dtype, value);
      }
    }
    overlay.set(id, graph::make_memory_source(std::move(values), source->label()));
  }
  for (const std::size_t s : group.sites) {
    const ValueId id = plan.sites[s].weight;
    const graph::SourcePtr source = overlay.source(graph, id);
    Tensor values = source->read();
    const auto width = static_cast<std::int64_t>(factors.size());
    for (std::int64_t r = 0; r < source->rows(); ++r) {
      float* const row = values.data<float>() + r * width;
      for (std::int64_t c = 0; c < width; ++c) row[c] *= factors[static_cast<std::size_t>(c)];
    }
    overlay.set(id, graph::make_memory_source(std::move(values), source->label()));
  }
}

}  // namespace kerf::quant
