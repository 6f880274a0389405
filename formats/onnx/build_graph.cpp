#include "formats/onnx/build_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/roles.h"
#include "formats/onnx/structural_roles.h"
#include "ops/op.h"

namespace kerf::formats::onnx {
namespace {

using graph::Role;
using graph::ValueId;

bool is_linear(const DraftNode& node) { return node.op == "Linear" && node.domain == graph::kKerfDomain; }

/// Rows of a float matrix chosen by data.
bool is_lookup(const DraftNode& node, const Draft& draft) {
  const bool gathers = node.op == "Gather" && node.domain.empty() && node.inputs.size() == 2;
  const Constant* table = gathers ? draft.constant(node.inputs[0]) : nullptr;
  return table != nullptr && table->dtype() == DType::kF32 && table->shape().size() == 2 &&
         node.attributes.int_or("axis", 0) == 0;
}

/// Products of windows with a constant.
bool is_convolution(const DraftNode& node, const Draft& draft) {
  return (node.op == "Conv" || node.op == "ConvTranspose") && node.domain.empty() && node.inputs.size() > 1 &&
         draft.constant(node.inputs[1]) != nullptr;
}

/// Names that exporters make up: "onnx::MatMul_708", "val_59", "571".
bool is_made_up(std::string_view name) {
  return name.empty() || starts_with(name, "onnx::") || starts_with(name, "val_") || starts_with(name, "_v_") ||
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class GraphBuilder {
 public:
  GraphBuilder(const Draft& draft, const std::string& file)
      : draft_(draft),
        file_(file),
        ids_(draft.values.size(), graph::kNoValue),
        heavy_(draft.values.size(), false),
        by_structure_(structural_roles(draft)) {}

  BuiltGraph build() {
    number_layers();
    for (const DraftInput& input : draft_.inputs) {
      ids_[static_cast<std::size_t>(input.value)] = result_.graph.add_input(input.name, DType::kI64);
    }
    for (const DraftNode& node : draft_.nodes) add(node);
    result_.graph.add_output("logits", id_of(draft_.output));
    return std::move(result_);
  }

 private:
  /// Where encoder and decoder both have numbered layers, the decoder's follow.
  void number_layers() {
    int encoder = 0, decoder = 0;
    for (const DraftNode& node : draft_.nodes) {
      const int layer = layer_of_module(node.scope);
      int& count = is_decoder_module(node.scope) ? decoder : encoder;
      count = std::max(count, layer + 1);
    }
    const bool both = encoder > 0 && decoder > 0;
    decoder_offset_ = both ? encoder : 0;
    result_.layers = both ? encoder + decoder : std::max(encoder, decoder);
    result_.decoder_layers = both ? decoder : 0;
  }

  int layer_of(const DraftNode& node) const {
    const int layer = layer_of_module(node.scope);
    if (layer >= 0) return layer + (is_decoder_module(node.scope) ? decoder_offset_ : 0);
    if (!node.scope.empty()) return -1;
    // What a rewrite of the exporter left without a module belongs where its input was made.
    for (const ValueIndex input : node.inputs) {
      const DraftNode* from = draft_.producer(input);
      if (from == nullptr) continue;
      const auto known = layers_.find(from);
      if (known != layers_.end() && known->second >= 0) return known->second;
    }
    return -1;
  }

  bool is_heavy(ValueIndex index) const { return index != kAbsent && heavy_[static_cast<std::size_t>(index)]; }

  /// Positions times frequencies: a product of what depends on no weight with few numbers is no weight either.
  bool makes_a_table(const DraftNode& node) const {
    constexpr std::int64_t kFewNumbers = 4096;
    if (!is_linear(node) || node.inputs.size() != 2 || is_heavy(node.inputs[0]) || node.rounding) return false;
    const Constant* positions = draft_.constant(node.inputs[0]);
    return (positions == nullptr || positions->initializers().empty()) &&
           draft_.constant(node.inputs[1])->size() <= kFewNumbers;
  }

  void add(const DraftNode& node) {
    if (ops::find_op(node.domain, node.op) == nullptr) {
      throw_input(file_, fmt::format("node {}", quoted(node.name)),
                  fmt::format("operator {} of {} is not implemented", quoted(node.op),
                              node.domain.empty() ? "the default domain" : "domain " + quoted(node.domain)));
    }
    const int layer = layers_[&node] = layer_of(node);
    graph::Node made{.op = node.op,
                     .domain = node.domain,
                     .name = node.name,
                     .inputs = {},
                     .outputs = {},
                     .attributes = node.attributes,
                     .layer = layer};
    const bool is_table = makes_a_table(node);
    bool heavy = (is_linear(node) && !is_table) || is_lookup(node, draft_) || is_convolution(node, draft_);
    for (const ValueIndex input : node.inputs) heavy = heavy || is_heavy(input);
    if (is_table) {
      made.op = "MatMul";
      made.domain = graph::kOnnxDomain;
      const Tensor matrix = transposed(*draft_.constant(node.inputs[1])).values();
      made.inputs = {id_of(node.inputs[0]), result_.graph.add_constant(draft_.value(node.inputs[1]).name, matrix)};
    } else {
      for (std::size_t i = 0; i < node.inputs.size(); ++i) made.inputs.push_back(input_of(node, i, heavy, layer));
    }
    const auto id = static_cast<graph::NodeId>(result_.graph.nodes().size());
    const auto outputs = result_.graph.add_node(std::move(made), node.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (node.outputs[i] == kAbsent) continue;
      ids_[static_cast<std::size_t>(node.outputs[i])] = outputs[i];
      heavy_[static_cast<std::size_t>(node.outputs[i])] = heavy;
    }
    result_.origins.nodes.emplace(id, node.origins);
    if (node.rounding) {
      const ValueId weight = result_.graph.node(id).inputs[1];
      result_.roundings.emplace(result_.graph.value(weight).weight.name, *node.rounding);
    }
  }

  ValueId id_of(ValueIndex index) {
    if (index == kAbsent) return graph::kNoValue;
    ValueId& id = ids_[static_cast<std::size_t>(index)];
    // Only constants have none yet: nodes are in order.
    if (id == graph::kNoValue)
      id = result_.graph.add_constant(draft_.value(index).name, draft_.constant(index)->values());
    return id;
  }

  ValueId input_of(const DraftNode& node, std::size_t i, bool heavy, int layer) {
    const Constant* constant = draft_.constant(node.inputs[i]);
    if (constant == nullptr || constant->dtype() != DType::kF32) return id_of(node.inputs[i]);
    // What is multiplied is no weight, though it may be learned.
    if (is_linear(node) && i == 0) return id_of(node.inputs[i]);
    if (is_linear(node)) return weight(node, i, *constant, i == 1 ? linear_role(node) : Role::kBias, layer);
    if (i == 0 && is_lookup(node, draft_)) return weight(node, i, *constant, lookup_role(node), layer);
    if (heavy && constant->size() > 1 && !constant->shape().empty()) {
      return weight(node, i, *constant, vector_role(node, i), layer);
    }
    return id_of(node.inputs[i]);
  }

  ValueId weight(const DraftNode& node, std::size_t i, const Constant& constant, Role role, int layer) {
    graph::SourcePtr source = constant.source();
    if (const auto known = weights_.find(source.get()); known != weights_.end()) return known->second;
    graph::Weight made{.name = weight_name(node, i, constant, role), .role = role, .layer = layer, .source = source};
    const ValueId id = result_.graph.add_weight(std::move(made));
    weights_.emplace(source.get(), id);
    if (!constant.initializers().empty()) result_.origins.initializers.emplace(id, constant.initializers());
    const std::string& main_name = draft_.value(node.inputs[i]).main_name;
    if (!main_name.empty()) result_.origins.values.emplace(id, main_name);
    return id;
  }

  /// The initializer's, or one that says where it belongs if that one was made up by the exporter.
  std::string weight_name(const DraftNode& node, std::size_t i, const Constant& constant, Role role) {
    std::string name =
        constant.initializers().size() == 1 ? constant.initializers().front() : draft_.value(node.inputs[i]).name;
    if (is_made_up(name) && !node.scope.empty()) {
      name = fmt::format("{}.{}", node.scope, role == Role::kBias ? "bias" : "weight");
    }
    const std::string wanted = name;
    for (int n = 2; !weight_names_.insert(name).second; ++n) name = fmt::format("{}#{}", wanted, n);
    return name;
  }

  std::string module_of(const DraftNode& node, std::size_t i) const {
    const Constant* constant = draft_.constant(node.inputs[i]);
    // Of a weight of codes, which has several, the value has the name that they go by.
    const bool of_codes = constant->dtype() == DType::kF32 && constant->source()->rounded_to().has_value();
    const bool named = of_codes || constant->initializers().size() == 1;
    const std::string name = of_codes ? draft_.value(node.inputs[i]).name
                             : named  ? constant->initializers().front()
                                      : std::string();
    if (!named || is_made_up(name)) return node.scope;
    const auto end = name.find_last_of('.');
    return end == std::string::npos ? name : name.substr(0, end);
  }

  Role linear_role(const DraftNode& node) const {
    Role role = role_of_module(module_of(node, 1));
    if (role == Role::kOther) role = role_of_module(node.scope);
    if (role != Role::kOther) return role;
    const auto found = by_structure_.find(static_cast<int>(&node - draft_.nodes.data()));
    return found == by_structure_.end() ? Role::kOther : found->second;
  }

  Role lookup_role(const DraftNode& node) const {
    const std::string module = to_lower_ascii(module_of(node, 0) + "." + node.scope);
    if (module.find("type") != std::string::npos) return Role::kTypeEmbedding;
    if (module.find("pos") != std::string::npos || module.find("wpe") != std::string::npos ||
        !depends_on_ids(node.inputs[1])) {
      return Role::kPositionEmbedding;
    }
    return Role::kEmbedding;
  }

  /// Does a value follow from token ids themselves, not only from how many there are?
  bool depends_on_ids(ValueIndex value) const {
    std::set<ValueIndex> seen;
    std::vector<ValueIndex> open{value};
    while (!open.empty()) {
      const ValueIndex at = open.back();
      open.pop_back();
      if (at == kAbsent || !seen.insert(at).second) continue;
      const int input = draft_.value(at).input;
      if (input >= 0 && draft_.inputs[static_cast<std::size_t>(input)].name.ends_with("input_ids")) return true;
      const DraftNode* from = draft_.producer(at);
      if (from != nullptr && from->op != "Shape" && from->op != "Size") {
        open.insert(open.end(), from->inputs.begin(), from->inputs.end());
      }
    }
    return false;
  }

  Role vector_role(const DraftNode& node, std::size_t i) const {
    if (node.op == "LayerNormalization" || node.op == "RMSNormalization") return i == 1 ? Role::kNorm : Role::kBias;
    const std::string module = to_lower_ascii(module_of(node, i) + "." + node.scope);
    const bool norm = module.find("norm") != std::string::npos || module.find("ln_") != std::string::npos;
    if (node.op == "Add" || (i == 2 && is_convolution(node, draft_))) return Role::kBias;
    return norm ? Role::kNorm : Role::kOther;
  }

  const Draft& draft_;
  const std::string& file_;
  BuiltGraph result_;
  std::vector<ValueId> ids_;  ///< by draft value
  std::vector<bool> heavy_;   ///< by draft value: does it depend on a weight?
  std::unordered_map<const graph::TensorSource*, ValueId> weights_;
  std::set<std::string> weight_names_;
  std::unordered_map<const DraftNode*, int> layers_;
  int decoder_offset_ = 0;
  const std::map<int, Role> by_structure_;  ///< by place among the draft's nodes
};

}  // namespace

BuiltGraph build_graph(const Draft& draft, const std::string& file) { return GraphBuilder(draft, file).build(); }

}  // namespace kerf::formats::onnx
