#include "formats/onnx/symbols.h"

#include "formats/onnx/symbol_arithmetic.h"
#include "formats/onnx/symbol_rules.h"
#include "ops/shape_rules.h"

namespace kerf::formats::onnx {

void Symbols::learn_input(ValueIndex input, ValueIndex batch, ValueIndex length, const Shape& declared) {
  SymbolList shape;
  for (int axis = 0; axis < 2; ++axis) {
    const std::int64_t extent = declared.size() == 2 ? declared[static_cast<std::size_t>(axis)] : -1;
    shape.emplace_back(extent >= 0 ? constant_symbol(extent) : Symbol{1, axis == 0 ? batch : length, axis});
  }
  known_[input].shape = shape;
}

void Symbols::learn(const DraftNode& node) {
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != kAbsent) known_[node.outputs[i]] = apply_symbol_rules(*this, draft_, node, i);
  }
}

std::optional<SymbolList> Symbols::shape(ValueIndex value) const {
  if (const Constant* known = draft_.constant(value)) return constant_symbols(known->shape());
  const auto found = known_.find(value);
  return found == known_.end() ? std::nullopt : found->second.shape;
}

std::optional<SymbolList> Symbols::contents(ValueIndex value) const {
  if (const Constant* known = draft_.constant(value)) {
    if (known->shape().size() > 1 || known->size() > static_cast<std::int64_t>(kMaxContents)) return std::nullopt;
    if (known->dtype() == DType::kI64 || known->dtype() == DType::kI32) {
      return constant_symbols(ops::integers_of(known->values()));
    }
    if (known->dtype() != DType::kBool) return std::nullopt;
    SymbolList truths;
    for (std::int64_t i = 0; i < known->size(); ++i) {
      truths.emplace_back(constant_symbol(known->values().raw()[i] == std::byte{0} ? 0 : 1));
    }
    return truths;
  }
  const auto found = known_.find(value);
  return found == known_.end() ? std::nullopt : found->second.contents;
}

}  // namespace kerf::formats::onnx
