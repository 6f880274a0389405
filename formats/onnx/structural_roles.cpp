#include "formats/onnx/structural_roles.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

namespace kerf::formats::onnx {
namespace {

using graph::Role;
using Names = std::vector<std::string_view>;

bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Operators that move, scale and shift values: heads are cut and turned, positions rotated in, masks added.
const Names& moving() {
  static const Names names = {"Reshape",
                              "Transpose",
                              "Identity",
                              "Cast",
                              "Squeeze",
                              "Unsqueeze",
                              "Expand",
                              "Concat",
                              "Slice",
                              "Split",
                              "Gather",
                              "Tile",
                              "Mul",
                              "Div",
                              "Add",
                              "Sub",
                              "Neg",
                              "Where",
                              "Sqrt",
                              "Clip",
                              "Max",
                              "Min",
                              "Pow",
                              "Flatten",
                              "RotaryEmbedding",
                              "RMSNormalization",
                              "LayerNormalization",
                              "DequantizeLinear",
                              "QuantizeLinear",
                              "DynamicQuantizeLinear",
                              "ScatterElements",
                              "ScatterND"};
  return names;
}

/// Operators of activations written out, and what moves between them.
const Names& activating() {
  static const Names names = {"Sigmoid",
                              "Tanh",
                              "Erf",
                              "Gelu",
                              "Relu",
                              "Elu",
                              "Selu",
                              "Softplus",
                              "Mish",
                              "HardSigmoid",
                              "HardSwish",
                              "QuickGelu",
                              "FastGelu",
                              "BiasGelu",
                              "LeakyRelu",
                              "Celu",
                              "ThresholdedRelu",
                              "Softsign",
                              "Exp",
                              "Silu",
                              "Swish"};
  return names;
}
const Names& between() {
  static const Names names = {"Mul",
                              "Div",
                              "Pow",
                              "Add",
                              "Sub",
                              "Cast",
                              "Identity",
                              "Split",
                              "Slice",
                              "Clip",
                              "Neg",
                              "Reshape",
                              "Reciprocal",
                              "DequantizeLinear",
                              "QuantizeLinear",
                              "DynamicQuantizeLinear"};
  return names;
}

class Finder {
 public:
  explicit Finder(const Draft& draft) : draft_(draft), readers_(draft.values.size()) {
    for (std::size_t n = 0; n < draft.nodes.size(); ++n) {
      for (const ValueIndex input : draft.nodes[n].inputs) {
        if (input != kAbsent) readers_[static_cast<std::size_t>(input)].push_back(static_cast<int>(n));
      }
    }
  }

  std::map<int, Role> find() {
    find_head();
    for (std::size_t n = 0; n < draft_.nodes.size(); ++n) find_attention(draft_.nodes[n]);
    for (std::size_t n = 0; n < draft_.nodes.size(); ++n) {
      if (is_linear(static_cast<int>(n))) find_feed_forward(static_cast<int>(n));
    }
    return std::move(roles_);
  }

 private:
  const DraftNode& node(int n) const { return draft_.nodes[static_cast<std::size_t>(n)]; }
  bool is_linear(int n) const {
    return node(n).op == "Linear" && node(n).domain == graph::kKerfDomain &&
           draft_.constant(node(n).inputs[1]) != nullptr;
  }
  int producer(ValueIndex value) const { return value == kAbsent ? -1 : draft_.value(value).producer; }
  bool is_computed(ValueIndex value) const { return producer(value) >= 0; }
  const std::vector<int>& readers(ValueIndex value) const { return readers_[static_cast<std::size_t>(value)]; }

  void give(int n, Role role) {
    if (n >= 0) roles_.emplace(n, role);
  }

  /// The Linear nodes that a value comes from through nodes of `ops` alone.
  std::set<int> linear_behind(ValueIndex value, const Names& ops) const {
    std::set<int> found;
    std::set<ValueIndex> seen;
    std::vector<ValueIndex> open = {value};
    while (!open.empty()) {
      const ValueIndex at = open.back();
      open.pop_back();
      const int n = producer(at);
      if (n < 0 || !seen.insert(at).second) continue;
      if (is_linear(n)) {
        found.insert(n);
      } else if (contains(ops, node(n).op)) {
        open.insert(open.end(), node(n).inputs.begin(), node(n).inputs.end());
      }
    }
    return found;
  }

  int only_linear_behind(ValueIndex value) const {
    const std::set<int> found = linear_behind(value, moving());
    return found.size() == 1 ? *found.begin() : -1;
  }

  /// The first node in the direction of the output that `fits`, through nodes of `ops`.
  template <typename Fits>
  int first_ahead(ValueIndex value, const Names& ops, const Fits& fits) const {
    std::set<ValueIndex> seen;
    std::vector<ValueIndex> open = {value};
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (!seen.insert(open[i]).second) continue;
      for (const int n : readers(open[i])) {
        if (fits(n)) return n;
        if (!contains(ops, node(n).op)) continue;
        for (const ValueIndex output : node(n).outputs) {
          if (output != kAbsent) open.push_back(output);
        }
      }
    }
    return -1;
  }

  void find_head() {
    static const Names ops = {"Reshape", "Identity", "Cast", "Squeeze", "Add",  "Slice",
                              "Gather",  "Flatten",  "Mul",  "Div",     "Tanh", "Split"};
    const std::set<int> found = linear_behind(draft_.output, ops);
    if (found.size() == 1) give(*found.begin(), Role::kHead);
  }

  // ---- Attention ----

  void find_attention(const DraftNode& at) {
    if (at.op == "Attention" && at.inputs.size() >= 3) {
      name_inputs(at.inputs[0], at.inputs[1], at.inputs[2]);
      name_output(at.outputs.front());
    } else if (at.op == "Softmax" && at.domain.empty()) {
      const int scores = product_behind(at.inputs.front());
      const int mixed = first_ahead(at.outputs.front(), moving(), [&](int n) { return is_product(n); });
      if (scores < 0 || mixed < 0) return;
      name_inputs(node(scores).inputs[0], node(scores).inputs[1], node(mixed).inputs[1]);
      name_output(node(mixed).outputs.front());
    }
  }

  bool is_product(int n) const {
    const DraftNode& at = node(n);
    return at.op == "MatMul" && at.domain.empty() && is_computed(at.inputs[0]) && is_computed(at.inputs[1]);
  }

  int product_behind(ValueIndex value) const {
    std::set<ValueIndex> seen;
    std::vector<ValueIndex> open = {value};
    while (!open.empty()) {
      const ValueIndex at = open.back();
      open.pop_back();
      const int n = producer(at);
      if (n < 0 || !seen.insert(at).second || is_linear(n)) continue;
      if (is_product(n)) return n;
      if (contains(moving(), node(n).op)) open.insert(open.end(), node(n).inputs.begin(), node(n).inputs.end());
    }
    return -1;
  }

  void name_inputs(ValueIndex query, ValueIndex key, ValueIndex value) {
    const int q = only_linear_behind(query), k = only_linear_behind(key), v = only_linear_behind(value);
    if (q >= 0 && q == k && k == v) return give(q, Role::kQkv);
    if (q == k || k == v || q == v) return;
    give(q, Role::kQuery);
    give(k, Role::kKey);
    give(v, Role::kValue);
  }

  void name_output(ValueIndex mixed) {
    give(first_ahead(mixed, moving(), [&](int n) { return is_linear(n); }), Role::kAttentionOutput);
  }

  // ---- Feed-forward ----

  /// Nodes from one Linear to another with an activation between: `down` is the second.
  void find_feed_forward(int down) {
    if (roles_.contains(down)) return;
    Names ops = between();
    ops.insert(ops.end(), activating().begin(), activating().end());
    std::set<int> found = linear_behind(node(down).inputs[0], ops);
    std::erase_if(found, [&](int n) { return roles_.contains(n) && roles_.at(n) != Role::kUp; });
    if (!is_activated(node(down).inputs[0], ops)) return;
    if (found.size() == 1) {
      const int up = *found.begin();
      const bool is_cut = first_ahead(node(up).outputs.front(), {},
                                      [&](int n) { return node(n).op == "Split" || node(n).op == "Slice"; }) >= 0;
      give(up, is_cut ? Role::kGateUp : Role::kUp);
      give(down, Role::kDown);
    } else if (found.size() == 2) {
      const int a = *found.begin(), b = *found.rbegin();
      if (node(a).inputs[0] != node(b).inputs[0]) return;
      const bool a_gates = reads_activation(a);
      if (a_gates == reads_activation(b)) return;
      give(a_gates ? a : b, Role::kGate);
      give(a_gates ? b : a, Role::kUp);
      give(down, Role::kDown);
    }
  }

  bool is_activated(ValueIndex value, const Names& ops) const {
    std::set<ValueIndex> seen;
    std::vector<ValueIndex> open = {value};
    while (!open.empty()) {
      const ValueIndex at = open.back();
      open.pop_back();
      const int n = producer(at);
      if (n < 0 || !seen.insert(at).second || is_linear(n)) continue;
      if (contains(activating(), node(n).op)) return true;
      if (contains(ops, node(n).op)) open.insert(open.end(), node(n).inputs.begin(), node(n).inputs.end());
    }
    return false;
  }

  bool reads_activation(int linear) const {
    static const Names ops = {"Cast", "Identity", "Div", "Pow", "Reshape"};
    return first_ahead(node(linear).outputs.front(), ops, [&](int n) { return contains(activating(), node(n).op); }) >=
           0;
  }

  const Draft& draft_;
  std::vector<std::vector<int>> readers_;  ///< by value
  std::map<int, Role> roles_;
};

}  // namespace

std::map<int, graph::Role> structural_roles(const Draft& draft) { return Finder(draft).find(); }

}  // namespace kerf::formats::onnx
