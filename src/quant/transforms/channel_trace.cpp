#include "quant/transforms/channel_trace.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "graph/query.h"
#include "ops/op.h"

namespace kerf::quant {
namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

bool moves_elements(const Node& node) {
  static const std::set<std::string_view> kMoves = {"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten",
                                                    "Expand",  "Slice",     "Split",   "Tile"};
  return node.domain.empty() && kMoves.contains(node.op);
}

/// Nodes that move elements, from the first to run to the last; nullopt if something else reads a value on the way.
/// `value` becomes what they begin with.
std::optional<std::vector<const Node*>> moves_before(const Graph& graph, ValueId& value) {
  std::vector<const Node*> path;
  constexpr std::size_t kLongest = 32;
  while (true) {
    const Node* node = producer(graph, value);
    if (node == nullptr || !moves_elements(*node)) break;
    if (path.size() == kLongest || !read_once(graph, node->inputs[0])) return std::nullopt;
    path.push_back(node);
    value = node->inputs[0];
  }
  std::reverse(path.begin(), path.end());
  return path;
}

/// What inputs of a few tokens make of the values that depend on no weight.
class FreeValues {
 public:
  FreeValues(const Graph& graph, const sweep::Plan& plan, std::int64_t batch, std::int64_t length)
      : graph_(graph), plan_(plan), shape_{batch, length} {}

  /// Error(kInput) if a rule does not fit these inputs; not defined where the value depends on a weight.
  Tensor of(ValueId id) {
    for (const NodeId node : needed(id)) run(graph_.node(node));
    return known(id);
  }

  /// The outputs of a node that reads `first` and, behind it, free values.
  std::vector<Tensor> apply(const Node& node, const Tensor& first) {
    std::vector<Tensor> inputs = {first};
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      inputs.push_back(node.inputs[i] == graph::kNoValue ? Tensor() : of(node.inputs[i]));
      if (node.inputs[i] != graph::kNoValue && !inputs.back().defined()) return {};
    }
    return run(node, inputs);
  }

 private:
  Tensor known(ValueId id) {
    const Value& value = graph_.value(id);
    if (value.kind == Value::Kind::kConstant) return value.constant;
    if (value.kind == Value::Kind::kInput) return Tensor::zeros(value.dtype, shape_);
    const auto found = values_.find(id);
    return found == values_.end() ? Tensor() : found->second;
  }

  /// The nodes that a free value takes, in their order.
  std::set<NodeId> needed(ValueId id) const {
    std::set<NodeId> nodes;
    std::vector<ValueId> open = {id};
    while (!open.empty()) {
      const ValueId at = open.back();
      const Value& value = graph_.value(at);
      open.pop_back();
      if (value.kind != Value::Kind::kComputed || values_.contains(at)) continue;
      if (!plan_.free_value[static_cast<std::size_t>(at)] || !nodes.insert(value.producer).second) continue;
      for (const ValueId input : graph_.node(value.producer).inputs) {
        if (input != graph::kNoValue) open.push_back(input);
      }
    }
    return nodes;
  }

  void run(const Node& node) {
    std::vector<Tensor> inputs;
    for (const ValueId input : node.inputs) inputs.push_back(input == graph::kNoValue ? Tensor() : known(input));
    const auto outputs = run(node, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) values_[node.outputs[i]] = outputs[i];
  }

  static std::vector<Tensor> run(const Node& node, const std::vector<Tensor>& inputs) {
    std::vector<ops::TensorSpec> specs(inputs.size());
    std::vector<ops::Operand> operands(inputs.size());
    std::vector<const ops::TensorSpec*> spec_list;
    std::vector<const ops::Operand*> operand_list;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const bool given = inputs[i].defined();
      if (given) specs[i] = {inputs[i].dtype(), inputs[i].shape(), inputs[i]};
      operands[i].tensor = inputs[i];
      spec_list.push_back(given ? &specs[i] : nullptr);
      operand_list.push_back(given ? &operands[i] : nullptr);
    }
    const ops::OpInfo* op = ops::find_op(node.domain, node.op);
    if (op == nullptr) return {};
    op->infer(node, spec_list);
    std::vector<Tensor> outputs(node.outputs.size());
    ops::KernelContext context(node, operand_list, outputs);
    op->run(context);
    return outputs;
  }

  const Graph& graph_;
  const sweep::Plan& plan_;
  const Shape shape_;
  std::map<ValueId, Tensor> values_;
};

/// `rows` tokens that have the number of each channel in it.
Tensor numbered(Shape shape, std::int64_t channels) {
  shape.push_back(channels);
  Tensor result(DType::kI64, shape);
  for (std::int64_t i = 0; i < result.size(); ++i) result.data<std::int64_t>()[i] = i % channels;
  return result;
}

/// The nodes of a path in their order; not defined if one reads what is not free.
Tensor send(FreeValues& values, const std::vector<const Node*>& path, Tensor tensor, ValueId end) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto outputs = values.apply(*path[i], tensor);
    if (outputs.empty()) return {};
    const ValueId next = i + 1 < path.size() ? path[i + 1]->inputs[0] : end;
    const auto& names = path[i]->outputs;
    tensor = outputs[static_cast<std::size_t>(std::find(names.begin(), names.end(), next) - names.begin())];
  }
  return tensor;
}

/// Is every column of each of the matrices one number?
bool same_for_all_tokens(const Tensor& values) {
  const std::size_t rank = values.rank();
  const std::int64_t width = values.dim(rank - 1), tokens = values.dim(rank - 2);
  const std::int64_t* data = values.data<std::int64_t>();
  for (std::int64_t i = 0; i < values.size(); ++i) {
    if (data[i] != data[i / (tokens * width) * tokens * width + i % width]) return false;
  }
  return true;
}

/// The number that is in each channel; nullopt if that depends on the token.
std::optional<std::vector<std::int64_t>> channels_of(const Tensor& values) {
  if (values.rank() < 1 || values.size() == 0) return std::nullopt;
  const std::int64_t channels = values.shape().back();
  const std::int64_t* data = values.data<std::int64_t>();
  for (std::int64_t i = channels; i < values.size(); ++i) {
    if (data[i] != data[i % channels]) return std::nullopt;
  }
  return std::vector<std::int64_t>(data, data + channels);
}

/// What `follow` finds for some tokens of the first shape that fits: files of a fixed length take no other.
template <typename Follow>
std::optional<std::vector<std::int64_t>> with_some_tokens(const std::set<std::int64_t>& fixed, const Follow& follow) {
  std::vector<std::pair<std::int64_t, Shape>> trials = {{2, {2, 3}}, {2, {6}}};
  for (const std::int64_t rows : fixed) trials.insert(trials.end(), {{1, {1, rows}}, {1, {rows}}});
  for (const auto& [batch, tokens] : trials) {
    try {
      if (auto channels = follow(batch, tokens)) return channels;
    } catch (const Error&) {
      continue;  // a rule that such tokens do not fit
    }
  }
  return std::nullopt;
}

/// Lengths of texts that a file of fixed shapes may be for: constants that Reshape takes.
std::set<std::int64_t> fixed_rows(const Graph& graph, const std::vector<const Node*>& path, std::int64_t channels) {
  std::set<std::int64_t> rows;
  for (const Node* node : path) {
    if (node->op != "Reshape") continue;
    const Value& target = graph.value(node->inputs[1]);
    if (target.kind != Value::Kind::kConstant || target.constant.dtype() != DType::kI64) continue;
    const auto extents = target.constant.values<std::int64_t>();
    const auto count = checked_numel(Shape(extents.begin(), extents.end()));
    constexpr std::int64_t kMost = 1 << 13;
    const std::int64_t found = count && channels > 0 ? *count / channels : 0;
    if (found > 0 && found <= kMost && found * channels == *count) rows.insert(found);
  }
  return rows;
}

}  // namespace

std::optional<ChannelTrace> trace_through_moves(const Graph& graph, const sweep::Plan& plan, ValueId value,
                                                std::int64_t channels) {
  ValueId source = value;
  const auto path = moves_before(graph, source);
  if (!path || path->empty()) return std::nullopt;
  auto found = with_some_tokens(fixed_rows(graph, *path, channels), [&](std::int64_t batch, const Shape& tokens) {
    FreeValues values(graph, plan, batch, numel(tokens) / batch);
    const Tensor end = send(values, *path, numbered(tokens, channels), value);
    return end.defined() && end.shape().back() == channels ? channels_of(end) : std::nullopt;
  });
  return found ? std::optional(ChannelTrace{source, std::move(*found)}) : std::nullopt;
}

std::optional<ChannelTrace> trace_through_attention(const Graph& graph, const sweep::Plan& plan, ValueId value) {
  ValueId at = value;
  const auto behind = moves_before(graph, at);
  const Node* product = producer(graph, at);
  if (!behind || product == nullptr || !is_op(*product, graph::kOnnxDomain, "MatMul")) return std::nullopt;
  at = product->inputs[1];
  const auto before = moves_before(graph, at);
  const Node* linear = producer(graph, at);
  if (!before || linear == nullptr || !is_op(*linear, graph::kKerfDomain, "Linear")) return std::nullopt;
  if (!read_once(graph, product->inputs[1]) || !read_once(graph, at)) return std::nullopt;
  const Value& weight = graph.value(linear->inputs[1]);
  if (weight.kind != Value::Kind::kWeight) return std::nullopt;
  const std::int64_t channels = weight.weight.source->rows();
  auto fixed = fixed_rows(graph, *before, channels);
  fixed.merge(fixed_rows(graph, *behind, channels));
  auto found =
      with_some_tokens(fixed, [&](std::int64_t batch, const Shape& tokens) -> std::optional<std::vector<std::int64_t>> {
        const std::int64_t length = numel(tokens) / batch;
        FreeValues values(graph, plan, batch, length);
        const Tensor v = send(values, *before, numbered(tokens, channels), product->inputs[1]);
        // Each token's sum has the channels of the terms, whatever their weights are.
        if (!v.defined() || v.rank() < 2 || v.dim(v.rank() - 2) != length || !same_for_all_tokens(v)) return {};
        const Tensor end = send(values, *behind, v, value);
        return end.defined() ? channels_of(end) : std::nullopt;
      });
  return found ? std::optional(ChannelTrace{at, std::move(*found)}) : std::nullopt;
}

}  // namespace kerf::quant
