#include "quant/rotation/residual_stream.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "graph/query.h"
#include "quant/transforms/fold.h"

namespace kerf::quant {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::Value;
using graph::ValueId;

bool is_onnx(const Node& node, std::string_view op) { return graph::is_op(node, graph::kOnnxDomain, op); }
bool is_kerf(const Node& node, std::string_view op) { return graph::is_op(node, graph::kKerfDomain, op); }

class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph) {}

  ResidualStream run() {
    start();
    // What is added to the stream may have been read before it is known to belong to it.
    for (std::size_t before = 0; before != done_.size() || done_.empty();) {
      before = done_.size();
      for (std::size_t n = 0; n < graph_.nodes().size(); ++n) visit(static_cast<NodeId>(n));
      if (done_.empty()) refuse("nothing reads the embedding");
    }
    for (const auto& [name, value] : graph_.outputs()) {
      if (stream_.contains(value)) refuse("the model gives its hidden states away as " + quoted(name));
      if (normed_.contains(value)) refuse("the model gives its normalized states away as " + quoted(name));
    }
    check_uses();
    return std::move(result_);
  }

 private:
  [[noreturn]] static void refuse(const std::string& why) { throw_usage("rotate: the function would change: " + why); }
  [[noreturn]] static void refuse(const Node& node, const std::string& why) {
    refuse(fmt::format("node {} ({}) {}", quoted(node.name), node.op, why));
  }

  const Node* producer(ValueId v) const { return graph::producer(graph_, v); }
  bool is_weight(ValueId v) const { return graph::is_weight(graph_, v); }
  bool read_once(ValueId v) const { return graph::read_once(graph_, v); }
  bool is_number(ValueId v) const {
    return v != kNoValue && graph_.value(v).kind == Value::Kind::kConstant && graph_.value(v).constant.size() == 1;
  }
  std::int64_t width_of(ValueId weight) const { return graph_.value(weight).weight.source->row_size(); }

  bool is_lookup(const Node& node) const { return is_onnx(node, "Gather") && is_weight(node.inputs[0]); }

  /// The stream starts where tokens become vectors.
  void start() {
    for (const Node& node : graph_.nodes()) {
      if (!is_lookup(node) || graph_.value(node.inputs[0]).weight.role != graph::Role::kEmbedding) continue;
      if (result_.width != 0) refuse(node, "is a second embedding of tokens");
      result_.width = width_of(node.inputs[0]);
      enter(node.outputs[0], node);
    }
    if (result_.width == 0) refuse("no embedding of tokens was found");
  }

  /// Makes `value`, which is added to the stream, part of it: whatever produces it has to write it rotated.
  void enter(ValueId value, const Node& reader) {
    if (stream_.contains(value)) return;
    const Node* node = producer(value);
    if (node == nullptr) refuse(reader, "adds a constant to the stream");
    if (is_lookup(*node)) {
      if (width_of(node->inputs[0]) != result_.width) refuse(*node, "looks up rows of another width");
      result_.lookups.push_back(node->inputs[0]);
    } else if (is_kerf(*node, "Linear") && is_weight(node->inputs[1])) {
      result_.writers.push_back(node->inputs[1]);
      if (node->inputs.size() > 2 && node->inputs[2] != kNoValue) {
        if (!is_weight(node->inputs[2])) refuse(*node, "has a bias that is computed");
        result_.writers.push_back(node->inputs[2]);
      }
    } else if (is_kerf(*node, "CombineRows")) {
      for (std::size_t i = 1; i < node->inputs.size(); ++i) enter(node->inputs[i], *node);
    } else if (is_onnx(*node, "Add")) {
      for (const ValueId input : node->inputs) enter(input, *node);
    } else if (is_scaling(*node)) {
      enter(scaled_input(*node), *node);
    } else {
      refuse(*node, "writes to the stream");
    }
    stream_.insert(value);
  }

  bool is_scaling(const Node& node) const {
    if (is_onnx(node, "Mul")) return is_number(node.inputs[0]) || is_number(node.inputs[1]);
    return is_onnx(node, "Div") && is_number(node.inputs[1]);
  }
  ValueId scaled_input(const Node& node) const { return node.inputs[is_number(node.inputs[0]) ? 1 : 0]; }

  void visit(NodeId id) {
    const Node& node = graph_.node(id);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNoValue) continue;
      const auto norm = normed_.find(input);
      const bool in_stream = stream_.contains(input);
      if ((!in_stream && norm == normed_.end()) || !done_.emplace(id, i).second) continue;
      if (in_stream) {
        pass_stream(id, node, i);
      } else {
        pass_normed(id, node, i, norm->second);
      }
    }
  }

  void pass_stream(NodeId id, const Node& node, std::size_t input) {
    if (is_onnx(node, "Add")) {
      for (const ValueId other : node.inputs) enter(other, node);
      stream_.insert(node.outputs[0]);
    } else if (is_scaling(node)) {
      stream_.insert(node.outputs[0]);
    } else if (is_kerf(node, "CombineRows") && input > 0) {
      enter(node.outputs[0], node);
    } else if (is_onnx(node, "RMSNormalization") && input == 0) {
      const auto [parameter, offset] = parameter_behind(graph_, node.inputs[1]);
      if (!is_weight(parameter) || !read_once(parameter) || !read_once(node.inputs[1])) {
        refuse(node, "has a scale that others read too");
      }
      result_.norms.push_back({parameter, offset});
      normed_[node.outputs[0]] = result_.norms.back();
    } else if (is_kerf(node, "Linear") && input == 0) {
      add_reader(id, node, std::nullopt);
    } else {
      refuse(node, "does not treat all directions alike");
    }
  }

  void pass_normed(NodeId id, const Node& node, std::size_t input, const NormScale& norm) {
    if (is_kerf(node, "Linear") && input == 0) {
      add_reader(id, node, norm);
    } else if (is_kerf(node, "TakeRows") && input == 0) {
      normed_[node.outputs[0]] = norm;
    } else {
      refuse(node, "reads what a norm gives");
    }
  }

  void add_reader(NodeId id, const Node& node, std::optional<NormScale> norm) {
    const ValueId weight = node.inputs[1];
    if (!is_weight(weight)) refuse(node, "has a matrix that is computed");
    if (std::find(result_.lookups.begin(), result_.lookups.end(), weight) != result_.lookups.end()) {
      result_.tied.emplace_back(id, 1);
      result_.tied_norms[{id, 1}] = norm;
    } else if (!result_.readers.emplace(weight, norm).second) {
      refuse(node, "shares its matrix with another place that reads the stream");
    }
  }

  /// A weight is rotated in one way only.
  void check_uses() const {
    std::set<ValueId> seen;
    const auto once = [&](ValueId id) {
      if (!seen.insert(id).second) refuse(graph_.value(id).weight.name + " is used in two ways");
    };
    for (const ValueId id : result_.lookups) once(id);
    for (const ValueId id : result_.writers) once(id);
    for (const auto& [id, norm] : result_.readers) once(id);
    for (const ValueId id : seen) {
      const auto tied =
          static_cast<std::size_t>(std::count_if(result_.tied.begin(), result_.tied.end(), [&](const auto& place) {
            return graph_.node(place.first).inputs[place.second] == id;
          }));
      if (graph_.consumers(id).size() != 1 + tied) {
        refuse(graph_.value(id).weight.name + " is read at several places");
      }
    }
  }

  const Graph& graph_;
  ResidualStream result_;
  std::set<ValueId> stream_;
  std::set<std::pair<NodeId, std::size_t>> done_;  ///< places that were looked at
  std::map<ValueId, NormScale> normed_;
};

}  // namespace

ResidualStream find_residual_stream(const Graph& graph) { return Finder(graph).run(); }

}  // namespace kerf::quant
