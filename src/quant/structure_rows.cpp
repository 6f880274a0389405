// Looks upwards from a weight's input for the rows of the weights that make it.
#include "quant/structure_rows.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "graph/query.h"

namespace kerf::quant {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

/// Operators that treat each channel by itself.
constexpr std::array<std::string_view, 6> kElementwise = {"Mul", "Sigmoid", "Gelu", "Relu", "Tanh", "Identity"};

class Search {
 public:
  Search(const Graph& graph, const sweep::Site& consumer) : graph_(graph), consumer_(consumer) {
    if (consumer.linear_uses.size() != 1 || !consumer.lookup_uses.empty()) refuse("it is used at several places");
    input_ = graph.node(consumer.linear_uses.front()).inputs[0];
  }

  Reduction neurons() {
    result_.units = consumer_weight().source->row_size();
    result_.width = 1;
    up_elementwise(input_);
    check_readers();
    return std::move(result_);
  }

  Reduction heads() {
    const Node& attention = producer(input_);
    if (!is_op(attention, graph::kKerfDomain, "Attention"))
      refuse(fmt::format("its input comes from {}", attention.op));
    visit(input_);
    const std::int64_t heads = attention.attributes.int_or("num_heads", 0);
    const std::int64_t kv_heads = attention.attributes.int_or("kv_num_heads", heads);
    if (heads <= 0 || kv_heads <= 0 || heads % kv_heads != 0) refuse("its attention has no whole groups of heads");
    if (attention.attributes.int_or("alibi", 0) != 0) refuse("alibi's slopes depend on the number of heads");
    if (attention.inputs.size() > 4) refuse("its attention has a bias for each head");
    const std::int64_t channels = consumer_weight().source->row_size();
    result_.units = kv_heads;
    result_.width = channels / kv_heads;
    head_dim_ = channels / heads;
    up_heads(attention.inputs[0], result_.width);
    up_heads(attention.inputs[1], head_dim_);
    up_heads(attention.inputs[2], head_dim_);
    check_readers();
    return std::move(result_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw_usage(fmt::format("nothing can be removed from the inputs of {}: {}", quoted(consumer_weight().name), why));
  }

  const graph::Weight& consumer_weight() const { return graph_.value(consumer_.weight).weight; }
  bool is_small_constant(ValueId v) const {
    return graph_.value(v).kind == Value::Kind::kConstant && graph_.value(v).constant.size() == 1;
  }

  const Node& producer(ValueId v) const {
    if (graph_.value(v).kind != Value::Kind::kComputed) refuse("its input is not computed in the model");
    return graph_.node(graph_.value(v).producer);
  }
  void visit(ValueId v) { visited_.insert(graph_.value(v).producer); }

  void up_elementwise(ValueId v) {
    const Node& node = producer(v);
    visit(v);
    if (is_linear(node)) return take(node, 0, 1);
    if (is_op(node, graph::kOnnxDomain, "Split")) return take_part(node, v, 1);
    if (node.domain != graph::kOnnxDomain ||
        std::find(kElementwise.begin(), kElementwise.end(), node.op) == kElementwise.end()) {
      refuse(fmt::format("{} stands before it", node.op));
    }
    for (const ValueId input : node.inputs) {
      if (input == kNoValue || is_small_constant(input)) continue;
      up_elementwise(input);
    }
  }

  void up_heads(ValueId v, std::int64_t width) {
    const Node& node = producer(v);
    visit(v);
    if (is_linear(node)) return take(node, 0, width);
    if (is_op(node, graph::kOnnxDomain, "Split")) return take_part(node, v, width);
    const bool norm =
        is_op(node, graph::kOnnxDomain, "RMSNormalization") || is_op(node, graph::kOnnxDomain, "LayerNormalization");
    if (norm && !is_by_head(node)) refuse("a norm over all heads stands before its attention");
    if (!norm && !is_op(node, graph::kOnnxDomain, "RotaryEmbedding") && !is_op(node, graph::kOnnxDomain, "Reshape")) {
      refuse(fmt::format("{} stands before its attention", node.op));
    }
    up_heads(node.inputs[0], width);
  }

  /// Do all heads share the norm's parameters?
  bool is_by_head(const Node& norm) const {
    const Value* scale = &graph_.value(norm.inputs[1]);
    if (scale->kind == Value::Kind::kComputed) scale = &graph_.value(graph_.node(scale->producer).inputs[0]);
    return scale->kind == Value::Kind::kWeight && numel(scale->weight.source->shape()) == head_dim_;
  }

  static bool is_linear(const Node& node) { return is_op(node, graph::kKerfDomain, "Linear"); }

  /// A part of a fused projection.
  void take_part(const Node& split, ValueId part, std::int64_t width) {
    const Node& linear = producer(split.inputs[0]);
    if (!is_linear(linear)) refuse("its heads are fused in another order than one after the other");
    visit(split.inputs[0]);
    const auto index =
        static_cast<std::size_t>(std::find(split.outputs.begin(), split.outputs.end(), part) - split.outputs.begin());
    std::int64_t offset = 0;
    if (split.inputs.size() > 1 && split.inputs[1] != kNoValue) {
      const auto sizes = graph_.value(split.inputs[1]).constant.values<std::int64_t>();
      for (std::size_t p = 0; p < index; ++p) offset += sizes[p];
    } else {
      offset = static_cast<std::int64_t>(index) * result_.units * width;
    }
    take(linear, offset, width);
  }

  void take(const Node& linear, std::int64_t offset, std::int64_t width) {
    for (std::size_t i = 1; i < linear.inputs.size(); ++i) {
      const ValueId id = linear.inputs[i];
      if (id == kNoValue) continue;
      const Value& value = graph_.value(id);
      if (value.kind != Value::Kind::kWeight || graph_.consumers(id).size() != 1 ||
          value.weight.source->rows() < offset + result_.units * width) {
        refuse(fmt::format("what makes it, {}, has another reader or shape", quoted(value.name)));
      }
      auto& parts = result_.producers[id];
      const bool known = std::any_of(parts.begin(), parts.end(), [&](const auto& p) { return p.offset == offset; });
      if (!known) parts.push_back({offset, width});
    }
  }

  /// Nothing but the way down to the weight may read what is removed.
  void check_readers() const {
    for (const NodeId n : visited_) {
      for (const ValueId output : graph_.node(n).outputs) {
        for (const NodeId reader : graph_.consumers(output)) {
          if (!visited_.contains(reader) && reader != consumer_.linear_uses.front()) {
            refuse(fmt::format("{} reads what would be removed", quoted(graph_.node(reader).name)));
          }
        }
      }
    }
  }

  const Graph& graph_;
  const sweep::Site& consumer_;
  ValueId input_ = kNoValue;
  std::int64_t head_dim_ = 0;
  std::set<NodeId> visited_;
  Reduction result_;
};

}  // namespace

Reduction find_neurons(const Graph& graph, const sweep::Site& consumer) { return Search(graph, consumer).neurons(); }
Reduction find_heads(const Graph& graph, const sweep::Site& consumer) { return Search(graph, consumer).heads(); }

}  // namespace kerf::quant
