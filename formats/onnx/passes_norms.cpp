#include <optional>
#include <string_view>
#include <utility>

#include "formats/onnx/passes.h"
#include "ops/shape_rules.h"

namespace kerf::formats::onnx {
namespace {

/// Looks for norms in the plain operators that exporters write them with, from the end to the beginning; nodes on the
/// way are collected.
class NormMatcher {
 public:
  explicit NormMatcher(const Draft& draft) : draft_(draft) {}

  struct Match {
    ValueIndex x = kAbsent;
    double epsilon = 0;
    bool centred = false;
    std::vector<NodeOrigin> origins{};
  };

  /// x / sqrt(mean x^2 + epsilon), or with x - mean x in place of x.
  std::optional<Match> match(ValueIndex value) {
    origins_.clear();
    auto found = normalized(value);
    if (!found) return std::nullopt;
    Match match{found->first, found->second};
    if (const DraftNode* difference = made_by(match.x, "Sub");
        difference != nullptr && mean_of(difference->inputs[1]) == difference->inputs[0]) {
      match.x = difference->inputs[0];
      match.centred = true;
    }
    match.origins = origins_;
    return match;
  }

 private:
  using Scaled = std::pair<ValueIndex, double>;

  /// The node of this operator that makes a value; its origins count as matched.
  const DraftNode* made_by(ValueIndex value, std::string_view op) {
    const DraftNode* node = draft_.producer(value);
    const bool fits = node != nullptr && node->domain.empty() && node->op == op && !node->inputs.empty() &&
                      (node->inputs.size() == 2 || op == "Sqrt" || op == "Reciprocal");
    if (!fits) return nullptr;
    origins_.insert(origins_.end(), node->origins.begin(), node->origins.end());
    return node;
  }

  std::optional<double> number(ValueIndex value) const {
    const Constant* constant = draft_.constant(value);
    if (constant == nullptr || constant->dtype() != DType::kF32 || constant->size() != 1) return std::nullopt;
    return static_cast<double>(constant->values().data<float>()[0]);
  }

  /// What the mean over the last axis is of; kAbsent if the value is no such mean.
  ValueIndex mean_of(ValueIndex value) {
    const DraftNode* node = made_by(value, "ReduceMean");
    const Constant* axes = node == nullptr ? nullptr : draft_.constant(node->inputs[1]);
    if (axes == nullptr || node->attributes.int_or("keepdims", 1) == 0) return kAbsent;
    return ops::integers_of(axes->values()) == std::vector<std::int64_t>{-1} ? node->inputs[0] : kAbsent;
  }

  ValueIndex root_of_square(ValueIndex value) {
    if (const DraftNode* node = made_by(value, "Pow"))
      return number(node->inputs[1]) == 2.0 ? node->inputs[0] : kAbsent;
    const DraftNode* node = made_by(value, "Mul");
    return node != nullptr && node->inputs[0] == node->inputs[1] ? node->inputs[0] : kAbsent;
  }

  /// sqrt(mean x^2 + epsilon) -> x, epsilon
  std::optional<Scaled> root_mean_square(ValueIndex value) {
    const DraftNode* root = made_by(value, "Sqrt");
    const DraftNode* sum = root == nullptr ? nullptr : made_by(root->inputs[0], "Add");
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      if (sum == nullptr) break;
      const auto epsilon = number(sum->inputs[1 - i]);
      const ValueIndex square = epsilon ? mean_of(sum->inputs[i]) : kAbsent;
      const ValueIndex x = square == kAbsent ? kAbsent : root_of_square(square);
      if (x != kAbsent) return Scaled{x, *epsilon};
    }
    return std::nullopt;
  }

  std::optional<Scaled> inverse(ValueIndex value) {
    if (const DraftNode* node = made_by(value, "Reciprocal")) return root_mean_square(node->inputs[0]);
    const DraftNode* node = made_by(value, "Div");
    return node != nullptr && number(node->inputs[0]) == 1.0 ? root_mean_square(node->inputs[1]) : std::nullopt;
  }

  std::optional<Scaled> normalized(ValueIndex value) {
    if (const DraftNode* node = made_by(value, "Div")) {
      const auto found = root_mean_square(node->inputs[1]);
      return found && found->first == node->inputs[0] ? found : std::nullopt;
    }
    const DraftNode* node = made_by(value, "Mul");
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      if (node == nullptr) break;
      const auto found = inverse(node->inputs[1 - i]);
      if (found && found->first == node->inputs[i]) return found;
    }
    return std::nullopt;
  }

  const Draft& draft_;
  std::vector<NodeOrigin> origins_;
};

bool is_plain_vector(const Constant* constant) {
  return constant != nullptr && constant->dtype() == DType::kF32 && constant->shape().size() == 1 &&
         constant->size() > 1;
}

/// Mul of a normalized value and a constant vector.
void fuse_scale(Draft& draft, DraftNode& mul) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    if (!is_plain_vector(draft.constant(mul.inputs[1 - i]))) continue;
    const auto match = NormMatcher(draft).match(mul.inputs[i]);
    if (!match) continue;
    mul.inputs = {match->x, mul.inputs[1 - i]};
    mul.op = match->centred ? "LayerNormalization" : "RMSNormalization";
    mul.attributes = {{"axis", std::int64_t{-1}}, {"epsilon", match->epsilon}};
    mul.origins.insert(mul.origins.end(), match->origins.begin(), match->origins.end());
    return;
  }
}

}  // namespace

void fuse_norms(Draft& draft) {
  for (DraftNode& node : draft.nodes) {
    if (node.op == "Mul" && node.domain.empty() && node.inputs.size() == 2) fuse_scale(draft, node);
  }
  const std::vector<int> readers = count_readers(draft);
  std::vector<bool> gone(draft.nodes.size(), false);
  for (std::size_t n = 0; n < draft.nodes.size(); ++n) {
    const DraftNode add = draft.nodes[n];
    if (add.op != "Add" || !add.domain.empty() || add.inputs.size() != 2 || add.outputs.size() != 1) continue;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const DraftNode* norm = draft.producer(add.inputs[i]);
      const bool open = norm != nullptr && norm->op == "LayerNormalization" && norm->inputs.size() == 2 &&
                        readers[static_cast<std::size_t>(add.inputs[i])] == 1;
      const Constant* bias = draft.constant(add.inputs[1 - i]);
      const Constant* scale = open ? draft.constant(norm->inputs[1]) : nullptr;
      if (scale == nullptr || !is_plain_vector(bias) || scale->shape() != bias->shape()) continue;
      const auto at = static_cast<std::size_t>(draft.value(add.inputs[i]).producer);
      DraftNode& target = draft.nodes[at];
      target.inputs.push_back(add.inputs[1 - i]);
      target.origins.insert(target.origins.end(), add.origins.begin(), add.origins.end());
      target.outputs = add.outputs;
      draft.value(add.outputs.front()).producer = static_cast<int>(at);
      gone[n] = true;
      break;
    }
  }
  remove_nodes(draft, gone);
}

}  // namespace kerf::formats::onnx
