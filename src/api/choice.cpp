#include "api/choice.h"

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::api {
namespace {

using graph::Role;

codec::Scheme scheme_named(const std::string& name, DType scales) {
  codec::Scheme scheme = codec::parse_scheme(name);
  if (!scheme.fixed_scale_dtype) scheme.scale_dtype = scales;
  return scheme;
}

/// Embeddings and head unless told otherwise: a plain conversion covers them too, a quantization leaves them in the
/// source's dtype, f32 as f16.
codec::Scheme table_default(const OpenModel& model, const codec::Scheme& linear) {
  if (!linear.quantized()) return linear;
  for (const graph::ValueId id : model.graph().weights()) {
    const graph::Weight& weight = model.graph().value(id).weight;
    if (weight.role == Role::kEmbedding)
      return codec::parse_scheme(codec::written_dtype(weight.source->dtype()) == DType::kF32 ? "f16" : "none");
  }
  return codec::parse_scheme("none");
}

quant::RangeChoice range_of(const QuantizationChoice& choice) { return quant::parse_range(choice.activation_range); }

std::optional<quant::ActivationChoice> activations_of(const QuantizationChoice& choice) {
  return quant::parse_activations(choice.activations, range_of(choice));
}

void add_role_rule(quant::Recipe& recipe, Role role, const codec::Scheme& scheme, const quant::MethodInfo* method,
                   std::string text) {
  quant::Rule rule;
  rule.role = role;
  rule.scheme = scheme;
  rule.method = method;
  rule.text = std::move(text);
  recipe.rules.push_back(std::move(rule));
}

std::string given_or_default(const std::string& flag, const std::string& value, const codec::Scheme& scheme) {
  return value.empty() ? fmt::format("default of {}", flag) : fmt::format("{} {}", flag, scheme.name);
}

/// A tied head is the embedding: what is said of one holds for the other.
void join_tied_tables(const OpenModel& model, std::string& embedding, std::string& head) {
  if (!model.description().hyperparameters.tied_head) return;
  if (!embedding.empty() && !head.empty() && to_lower_ascii(embedding) != to_lower_ascii(head)) {
    throw_usage(fmt::format("the head shares the embedding's weights: --embedding {} and --head {} cannot both hold",
                            embedding, head));
  }
  if (embedding.empty()) embedding = head;
}

quant::Recipe make_recipe(const OpenModel& model, const QuantizationChoice& choice) {
  quant::Recipe recipe;
  for (const std::string& pattern : choice.keep) {
    quant::Rule rule;
    rule.name = pattern;
    rule.keep = true;
    rule.text = "--keep " + pattern;
    recipe.rules.push_back(std::move(rule));
  }
  const DType scales = scale_dtype(choice);
  const auto activations = activations_of(choice);
  if (!choice.recipe_file.empty()) {
    for (quant::Rule& rule : quant::read_recipe(choice.recipe_file, scales, activations, range_of(choice)).rules) {
      if (rule.method == nullptr) rule.method = &quant::find_method(choice.method.empty() ? "rtn" : choice.method);
      recipe.rules.push_back(std::move(rule));
    }
  }
  if (choice.scheme.empty()) return recipe;
  const codec::Scheme linear = scheme_named(choice.scheme, scales);
  const quant::MethodInfo* method = &quant::find_method(choice.method.empty() ? "rtn" : choice.method);
  for (const std::string& name : graph::role_names()) {
    const Role role = *graph::parse_role(name);
    if (!graph::is_linear_role(role)) continue;
    add_role_rule(recipe, role, linear, method, "--scheme " + linear.name);
    // Whatever the weights are: "f16@int8-dynamic" says what rounded activations cost alone.
    recipe.rules.back().activations = activations;
  }
  std::string embedding = choice.embedding, head = choice.head;
  join_tied_tables(model, embedding, head);
  const codec::Scheme fallback = table_default(model, linear);
  const codec::Scheme table = embedding.empty() ? fallback : scheme_named(embedding, scales);
  const codec::Scheme last = head.empty() ? fallback : scheme_named(head, scales);
  add_role_rule(recipe, Role::kEmbedding, table, method, given_or_default("--embedding", embedding, table));
  add_role_rule(recipe, Role::kHead, last, method, given_or_default("--head", head, last));
  return recipe;
}

}  // namespace

DType scale_dtype(const QuantizationChoice& choice) {
  if (choice.scale_dtype.empty()) return DType::kF16;
  const auto dtype = parse_dtype(choice.scale_dtype);
  if (!dtype || (*dtype != DType::kF16 && *dtype != DType::kBF16 && *dtype != DType::kF32)) {
    throw_usage(fmt::format("--scale-dtype {}: expected f16, bf16 or f32", quoted(choice.scale_dtype)));
  }
  return *dtype;
}

quant::Candidate make_candidate(const OpenModel& model, const QuantizationChoice& choice, const std::string& spec) {
  quant::Candidate candidate;
  candidate.spec = spec;
  candidate.decisions = quant::decide(model.graph(), model.walker().plan(), make_recipe(model, choice));
  for (const std::string& name : choice.transforms) candidate.transforms.push_back(&quant::find_transform(name));
  candidate.options = {choice.damping, choice.act_order, choice.polish, choice.sequential};
  const bool predicts = model.description().task != description::Task::kFeatures;
  if (!predicts && quant::looks_at_outputs(candidate)) {
    throw_usage(
        fmt::format("{}: depends on what the model predicts, and a base model without a head predicts nothing", spec));
  }
  return candidate;
}

}  // namespace kerf::api

namespace kerf {

bool names_a_recipe(const std::string& spec) { return ends_with(spec, ".yaml") || ends_with(spec, ".yml"); }

QuantizationChoice parse_spec(const std::string& spec, const QuantizationChoice& defaults) {
  QuantizationChoice choice = defaults;
  if (names_a_recipe(spec)) {
    choice.recipe_file = spec;
    return choice;
  }
  const std::size_t at = spec.find('@');
  choice.activations = at == std::string::npos ? "" : spec.substr(at + 1);
  if (at != std::string::npos && choice.activations.empty()) {
    throw_usage(fmt::format("candidate {}: expected activations behind @, such as @int8-dynamic", quoted(spec)));
  }
  const std::string weights = spec.substr(0, at);
  const std::size_t slash = weights.find('/');
  choice.scheme = weights.substr(0, slash);
  choice.method.clear();
  choice.transforms.clear();
  if (slash != std::string::npos) {
    // "method+transform+transform"; a transform alone stands before rtn.
    for (const std::string& part : split(std::string_view(weights).substr(slash + 1), '+')) {
      bool is_transform = false;
      for (const quant::TransformInfo* info : quant::transforms())
        is_transform = is_transform || info->name == to_lower_ascii(part);
      if (is_transform) {
        choice.transforms.push_back(part);
      } else if (choice.method.empty()) {
        choice.method = part;
      } else {
        throw_usage(fmt::format("candidate {}: {} is not a transform", quoted(spec), quoted(part)));
      }
    }
  }
  if (choice.method.empty()) choice.method = "rtn";
  // Names are checked here, before any file is opened.
  codec::parse_scheme(choice.scheme);
  quant::find_method(choice.method);
  quant::parse_activations(choice.activations, quant::parse_range(choice.activation_range));
  return choice;
}

}  // namespace kerf
