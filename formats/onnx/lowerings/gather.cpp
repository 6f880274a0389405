#include <optional>

#include "formats/onnx/dtypes.h"
#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

/// The node of an operator of the default domain that makes a value; nullptr if something else does.
const DraftNode* made_by(const Draft& draft, ValueIndex value, std::string_view op) {
  const DraftNode* node = draft.producer(value);
  return node != nullptr && node->domain.empty() && node->op == op ? node : nullptr;
}

bool is_constant(const MaybeSymbol& symbol, std::int64_t value) {
  return symbol && symbol->is_constant() && symbol->value == value;
}

/// What classifiers write as x[mask].view(batch, -1, width)[:, -1]: NonZero, Transpose, GatherND, Reshape, Gather. How
/// many are not 0 depends on the data, but that is one number for all rows (or the view fails), so that the last of a
/// row is its last one that is not 0. A row without any gives its last element.
struct ChosenRows {
  ValueIndex x = kAbsent, mask = kAbsent;
};

std::optional<ChosenRows> chosen_rows(const Emitter& emitter, ValueIndex value) {
  const Draft& draft = emitter.draft();
  const DraftNode* view = made_by(draft, value, "Reshape");
  const DraftNode* rows = view == nullptr ? nullptr : made_by(draft, view->inputs[0], "GatherND");
  const DraftNode* turned = rows == nullptr ? nullptr : made_by(draft, rows->inputs[1], "Transpose");
  const DraftNode* places = turned == nullptr ? nullptr : made_by(draft, turned->inputs[0], "NonZero");
  if (places == nullptr || view->inputs.size() != 2 || rows->attributes.int_or("batch_dims", 0) != 0)
    return std::nullopt;
  const ChosenRows found{rows->inputs[0], places->inputs[0]};
  const auto x = emitter.shape(found.x), mask = emitter.shape(found.mask), target = emitter.contents(view->inputs[1]);
  if (!x || x->size() != 3 || !mask || mask->size() != 2 || !target || target->size() != 3) return std::nullopt;
  const bool fits = (*target)[0] && (*target)[0] == (*mask)[0] && is_constant((*target)[1], -1) && (*target)[2] &&
                    (*target)[2] == (*x)[2];
  return fits ? std::optional(found) : std::nullopt;
}

std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  const Constant* index = call.input(1) == kAbsent ? nullptr : emitter.constant(call.input(1));
  const bool one = index != nullptr && index->size() == 1 && index->shape().empty() && index->dtype() == DType::kI64;
  if (one && call.attributes.int_or("axis", 0) == 1) {
    const std::int64_t place = index->values().data<std::int64_t>()[0];
    const auto chosen = place == 0 || place == -1 ? chosen_rows(emitter, call.input(0)) : std::nullopt;
    if (chosen) {
      const ValueIndex number = emitter.node("Cast", {chosen->mask}, {{"to", data_type_of(DType::kI32)}});
      const ValueIndex at = emitter.node(
          "ArgMax", {number},
          {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{1}}, {"select_last_index", std::int64_t{place == -1}}});
      return {emitter.node("GatherND", {chosen->x, at}, {{"batch_dims", std::int64_t{1}}})};
    }
  }
  return {emitter.node("Gather", call.inputs, call.attributes)};
}

}  // namespace

const LoweringInfo& gather_lowering() {
  static const LoweringInfo info{"Gather", "",
                                 "itself, or ArgMax and GatherND where a mask chooses one row of each text", lower};
  return info;
}

}  // namespace kerf::formats::onnx
