#include <map>
#include <optional>

#include "formats/onnx/passes.h"

namespace kerf::formats::onnx {
namespace {

struct Rounded {
  ValueIndex input = kAbsent;
  InputRounding rounding;
};

const DraftNode* made_by(const Draft& draft, ValueIndex value, std::string_view op) {
  const DraftNode* node = draft.producer(value);
  return node != nullptr && node->domain.empty() && node->op == op && node->inputs.size() >= 2 ? node : nullptr;
}

/// Scale and zero point of a node, both single constants of bytes.
std::optional<InputRounding> rounding_of(const Draft& draft, const DraftNode& node) {
  const Constant* scale = draft.constant(node.inputs[1]);
  const bool has_point = node.inputs.size() > 2 && node.inputs[2] != kAbsent;
  const Constant* point = has_point ? draft.constant(node.inputs[2]) : nullptr;
  if (scale == nullptr || scale->size() != 1 || scale->dtype() != DType::kF32 || node.attributes.has("block_size")) {
    return std::nullopt;
  }
  if (has_point && (point == nullptr || point->size() != 1)) return std::nullopt;
  InputRounding rounding{.scale = scale->values().data<float>()[0]};
  const DType dtype = has_point ? point->dtype() : DType::kU8;
  if (dtype == DType::kI8) {
    rounding.zero_point = point->values().data<std::int8_t>()[0];
    rounding.symmetric = rounding.zero_point == 0;
  } else if (dtype == DType::kU8) {
    rounding.zero_point = (has_point ? point->values().data<std::uint8_t>()[0] : 0) - 128;
    rounding.symmetric = false;
  } else {
    return std::nullopt;
  }
  return rounding;
}

/// x -> QuantizeLinear -> DequantizeLinear with the same numbers.
std::optional<Rounded> rounded(const Draft& draft, ValueIndex value) {
  const DraftNode* back = made_by(draft, value, "DequantizeLinear");
  const DraftNode* codes = back == nullptr ? nullptr : made_by(draft, back->inputs[0], "QuantizeLinear");
  if (codes == nullptr) return std::nullopt;
  const auto there = rounding_of(draft, *codes), again = rounding_of(draft, *back);
  if (!there || !(there == again) || !(there->scale > 0)) return std::nullopt;
  return Rounded{codes->inputs[0], *there};
}

bool is_linear(const DraftNode& node) { return node.op == "Linear" && node.domain == graph::kKerfDomain; }

}  // namespace

void fold_roundings(Draft& draft) {
  // By the weight, which may be used at several places: all must say the same.
  std::map<const graph::TensorSource*, std::optional<InputRounding>> by_weight;
  for (const DraftNode& node : draft.nodes) {
    const Constant* weight = is_linear(node) ? draft.constant(node.inputs[1]) : nullptr;
    if (weight == nullptr) continue;
    const auto found = rounded(draft, node.inputs[0]);
    const std::optional<InputRounding> here = found ? std::optional(found->rounding) : std::nullopt;
    const auto [entry, is_new] = by_weight.try_emplace(weight->source().get(), here);
    if (!is_new && !(entry->second == here)) entry->second = std::nullopt;
  }
  for (DraftNode& node : draft.nodes) {
    const Constant* weight = is_linear(node) ? draft.constant(node.inputs[1]) : nullptr;
    if (weight == nullptr || !by_weight.at(weight->source().get())) continue;
    node.rounding = by_weight.at(weight->source().get());
    node.inputs[0] = rounded(draft, node.inputs[0])->input;
  }
}

}  // namespace kerf::formats::onnx
