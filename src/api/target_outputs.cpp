#include "api/target_outputs.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/choice.h"
#include "api/emission.h"
#include "codec/float_codec.h"
#include "core/error.h"

namespace kerf::api {
namespace {

/// What embeddings and head are if nothing else is asked for: as in the source, f32 as f16.
std::string tables_rules(const OpenModel& model) {
  std::string rules;
  for (const graph::ValueId id : model.graph().weights()) {
    const graph::Weight& weight = model.graph().value(id).weight;
    const bool table = weight.role == graph::Role::kEmbedding || weight.role == graph::Role::kHead;
    if (!table || codec::written_dtype(weight.source->dtype()) != DType::kF32) continue;
    rules += weight_rule(weight.name, codec::parse_scheme("f16"));
  }
  return rules;
}

}  // namespace

std::string weight_rule(std::string_view name, const codec::Scheme& scheme) {
  return fmt::format("  - {{name: \"{}\", scheme: {}}}\n", name, scheme.name);
}

TargetOutputs::TargetOutputs(const QuantizeOptions& options, const QuantizationChoice& choice, const OpenModel& model)
    : options_(options), choice_(choice), model_(model) {}

/// As a candidate without data.
emit::EmitModel TargetOutputs::planned(const std::string& recipe) const {
  QuantizationChoice choice = choice_;
  choice.scheme.clear();
  choice.recipe.clear();
  choice.recipe_text = recipe;
  choice.method = "rtn";
  choice.transforms.clear();
  emit::EmitModel model = emit_model(model_, make_candidate(model_, choice, "target"), false);
  if (!options_.name.empty()) model.name = options_.name;
  return model;
}

std::uint64_t TargetOutputs::bytes_of(const std::string& recipe) const {
  emit::EmitModel model = planned(recipe);
  std::uint64_t most = 0;
  for (const OutputRequest& output : options_.outputs) {
    model.output = output.path;
    most = std::max(most, emit::target_for(output.path, output.format).plan(model, output.options)->bytes());
  }
  return most;
}

std::optional<std::string> TargetOutputs::refusal_of(const std::string& recipe) const {
  try {
    bytes_of(recipe);
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    return error.what();
  }
}

std::string TargetOutputs::recipe(const std::string& rules, const codec::Scheme* linear) const {
  std::string text = "rules:\n" + rules;
  if (linear != nullptr) text += fmt::format("  - {{role: linear, scheme: {}}}\n", linear->name);
  return text + tables_rules(model_);
}

}  // namespace kerf::api
