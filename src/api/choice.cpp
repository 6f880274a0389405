#include "api/choice.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "codec/unknown_scheme.h"
#include "core/error.h"
#include "core/strings.h"
#include "ops/op.h"
#include "quant/option_use.h"
#include "quant/presets.h"

namespace kerf::api {
namespace {

using graph::Role;

codec::Scheme scheme_named(const std::string& name, DType scales) {
  return codec::with_scale_dtype(codec::parse_scheme(name), scales);
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

/// What is asked for: one choice of values, and any of what disappears as a whole.
struct Pruning {
  std::optional<quant::PruneChoice> values;
  std::vector<quant::PruneChoice> structured;
};

Pruning pruning_of(const QuantizationChoice& choice) {
  Pruning pruning;
  for (const std::string& text : choice.prune) {
    const auto parsed = quant::parse_pruning(text);
    if (!parsed) continue;
    const bool structured = parsed->pruner->structured();
    const bool again = structured ? std::any_of(pruning.structured.begin(), pruning.structured.end(),
                                                [&](const auto& other) { return other.pruner == parsed->pruner; })
                                  : pruning.values.has_value();
    if (again) throw_usage(fmt::format("pruning {}: another one of its kind is asked for too", quoted(text)));
    if (structured) {
      pruning.structured.push_back(*parsed);
    } else {
      pruning.values = parsed;
    }
  }
  return pruning;
}

/// Weights that stay as the codes that they are stored as cannot lose input channels, and those whose rows share scales
/// by blocks no rows.
void check_structure(const OpenModel& model, const quant::Candidate& candidate) {
  if (candidate.structure == nullptr) return;
  for (const auto& [id, consumer] : candidate.structure->consumer_of) {
    const auto decision = candidate.decisions.find(id);
    if (decision == candidate.decisions.end()) continue;
    const codec::Scheme& scheme = decision->second.scheme;
    if (scheme.granularity != codec::Granularity::kBlock) continue;
    throw_usage(fmt::format("{} has scales of {} rows in common ({}), and {} would take some of them out",
                            quoted(model.graph().value(id).weight.name), scheme.block_rows, scheme.name,
                            candidate.structure->by_consumer.at(consumer).pruner->name));
  }
  for (const auto& [id, reduction] : candidate.structure->by_consumer) {
    const graph::Weight& weight = model.graph().value(id).weight;
    const auto decision = candidate.decisions.find(id);
    if (decision == candidate.decisions.end() || decision->second.scheme.kind != codec::Scheme::Kind::kKeep) continue;
    if (const auto stored = weight.source->scheme()) {
      throw_usage(fmt::format("{} stays as the codes that it is stored as ({}); {} need a scheme for it",
                              quoted(weight.name), stored->name, reduction.pruner->name));
    }
  }
}

void add_role_rule(quant::Recipe& recipe, Role role, const codec::Scheme& scheme, const quant::MethodInfo* method,
                   std::string text) {
  quant::Rule rule;
  rule.roles = {role};
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

void add_tables(const OpenModel& model, const QuantizationChoice& choice, const codec::Scheme& fallback,
                const quant::MethodInfo* method, bool given_only, quant::Recipe& recipe) {
  std::string embedding = choice.embedding, head = choice.head;
  join_tied_tables(model, embedding, head);
  const auto add = [&](Role role, const std::string& flag, const std::string& name) {
    if (name.empty() == given_only) return;
    const codec::Scheme scheme = name.empty() ? fallback : scheme_named(name, scale_dtype(choice));
    add_role_rule(recipe, role, scheme, method, given_or_default(flag, name, scheme));
  };
  add(Role::kEmbedding, "--embedding", embedding);
  add(Role::kHead, "--head", head);
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
  const quant::MethodInfo* method = &quant::find_method(choice.method.empty() ? "rtn" : choice.method);
  const auto activations = activations_of(choice);
  const auto pruning = pruning_of(choice).values;
  add_tables(model, choice, {}, method, true, recipe);
  if (!choice.recipe.empty() || !choice.recipe_text.empty()) {
    quant::Recipe named = choice.recipe_text.empty()
                              ? quant::load_recipe(choice.recipe, scales, activations, range_of(choice), pruning)
                              : quant::parse_recipe(choice.recipe_text, "the chosen recipe", scales, activations,
                                                    range_of(choice), pruning);
    recipe.fallback = named.fallback;
    for (quant::Rule& rule : named.rules) {
      if (rule.method == nullptr) rule.method = method;
      recipe.rules.push_back(std::move(rule));
    }
  }
  if (choice.scheme.empty()) return recipe;
  const codec::Scheme linear = scheme_named(choice.scheme, scales);
  for (const std::string& name : graph::role_names()) {
    const Role role = *graph::parse_role(name);
    if (!graph::is_linear_role(role)) continue;
    add_role_rule(recipe, role, linear, method, "--scheme " + linear.name);
    // Whatever the weights are: "f16@int8-dynamic" says what rounded activations cost alone.
    recipe.rules.back().activations = activations;
    recipe.rules.back().pruning = pruning;
  }
  add_tables(model, choice, table_default(model, linear), method, false, recipe);
  return recipe;
}

void check_fallbacks(const OpenModel& model, const quant::Candidate& candidate, double most) {
  const quant::Fallbacks fallen = quant::count_fallbacks(model.graph(), candidate.decisions);
  if (fallen.share <= most) return;
  throw_usage(
      fmt::format("{} of {} weights, {:.1f} % of their values, cannot have the scheme that the recipe asks for; "
                  "--max-fallback allows {:.1f} %; first {}",
                  fallen.weights, fallen.of_weights, 100 * fallen.share, 100 * most, fallen.first));
}

/// Truth values and integers, which do not follow what they are made of smoothly: there is nothing to stop at.
bool makes_no_floats(std::string_view op) {
  constexpr std::array<std::string_view, 16> kOps = {
      "And",  "ArgMax", "ArgMin",      "Equal",   "Greater", "GreaterOrEqual", "IsInf", "IsNaN",
      "Less", "Not",    "LessOrEqual", "NonZero", "Or",      "Shape",          "Size",  "Xor"};
  return std::find(kOps.begin(), kOps.end(), op) != kOps.end();
}

/// Derivatives that stop at an operator without a rule would be taken for the whole: an imported graph may have such
/// operators, those that kerf's own families are made of have their rules.
void check_derivatives(const OpenModel& model, const std::string& spec) {
  if (model.checkpoint().imported == nullptr) return;
  const sweep::Plan& plan = model.walker().plan();
  for (std::size_t n = 0; n < model.graph().nodes().size(); ++n) {
    const graph::Node& node = model.graph().nodes()[n];
    const ops::OpInfo* const op = ops::find_op(node.domain, node.op);
    if (plan.free_node[n] || (op != nullptr && op->differentiate != nullptr) || makes_no_floats(node.op)) continue;
    throw_usage(
        fmt::format("{}: needs derivatives of the whole model, and node {} is a {}, which has none here; gptq "
                    "and gptaq need none",
                    spec, kerf::quoted(node.name), node.op));
  }
}

bool names_a_scheme(const std::string& name) {
  try {
    codec::parse_scheme(name);
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    return false;
  }
}

}  // namespace

DType scale_dtype(const QuantizationChoice& choice) {
  if (choice.scale_dtype.empty()) return DType::kF16;
  const bool is_short = to_lower_ascii(choice.scale_dtype) == "e4m3";
  const auto dtype = is_short ? DType::kF8E4M3 : parse_dtype(choice.scale_dtype);
  constexpr std::array kKnown = {DType::kF16, DType::kBF16, DType::kF32, DType::kE8M0, DType::kF8E4M3};
  if (!dtype || std::find(kKnown.begin(), kKnown.end(), *dtype) == kKnown.end()) {
    throw_usage(fmt::format("--scale-dtype {}: expected f16, bf16, f32, e8m0 or f8_e4m3", quoted(choice.scale_dtype)));
  }
  return *dtype;
}

std::string fallback_note(const OpenModel& model, const quant::Candidate& candidate) {
  const quant::Fallbacks fallen = quant::count_fallbacks(model.graph(), candidate.decisions);
  if (fallen.weights == 0) return "";
  return fmt::format(
      "{} of {} weights, {:.1f} % of their values, have another scheme than the recipe asks for; first {}",
      fallen.weights, fallen.of_weights, 100 * fallen.share, fallen.first);
}

std::string transform_note(const QuantizationChoice& choice, const quant::Candidate& candidate) {
  if (candidate.transforms.empty() || candidate.structure != nullptr || !choice.teacher.empty()) return "";
  const bool loses = std::any_of(candidate.decisions.begin(), candidate.decisions.end(), [](const auto& entry) {
    const quant::Decision& decision = entry.second;
    return decision.scheme.quantized() || decision.pruning || decision.activations;
  });
  if (loses) return "";
  return fmt::format(
      "the transform {} has hardly anything to make up for: no weight is quantized or pruned, and no "
      "activation rounded",
      candidate.transforms.front()->name);
}

std::vector<std::string> unused_notes(const OpenModel& model, const QuantizationChoice& choice,
                                      const std::vector<const quant::Candidate*>& candidates) {
  using quant::MethodOption;
  std::vector<std::string> notes;
  const std::vector<graph::ValueId> weights = model.graph().weights();
  for (const std::string& pattern : choice.keep) {
    const bool matches = std::any_of(weights.begin(), weights.end(), [&](graph::ValueId id) {
      return glob_match(pattern, model.graph().value(id).weight.name);
    });
    if (!matches) notes.push_back(fmt::format("--keep {} keeps nothing: no weight has such a name", quoted(pattern)));
  }
  const auto note_unread = [&](const char* flag, bool given, MethodOption option) {
    const bool read = std::any_of(candidates.begin(), candidates.end(),
                                  [&](const quant::Candidate* candidate) { return quant::reads(*candidate, option); });
    if (!given || read) return;
    notes.push_back(fmt::format("{} changes nothing: it is for {}", flag, join(quant::readers_of(option), ", ")));
  };
  const QuantizationChoice usual;
  note_unread("--damping", choice.damping != usual.damping, MethodOption::kDamping);
  note_unread("--no-act-order", choice.act_order != usual.act_order, MethodOption::kActOrder);
  note_unread("--polish", choice.polish != usual.polish, MethodOption::kPolish);
  note_unread("--steps", choice.steps != usual.steps, MethodOption::kSteps);
  return notes;
}

void resolve_scheme(QuantizationChoice& choice) {
  if (choice.scheme.empty() || names_a_scheme(choice.scheme)) return;
  if (quant::find_preset(choice.scheme) == nullptr) {
    std::vector<std::string> recipes = quant::preset_names();
    std::erase_if(recipes, names_a_scheme);
    throw_usage(codec::unknown_scheme(choice.scheme, recipes));
  }
  if (!choice.recipe.empty()) {
    throw_usage(fmt::format("--scheme {} is a recipe too; --recipe {} cannot hold beside it", choice.scheme,
                            quoted(choice.recipe)));
  }
  choice.recipe = std::move(choice.scheme);
  choice.scheme.clear();
}

quant::Candidate make_candidate(const OpenModel& model, const QuantizationChoice& choice, const std::string& spec) {
  quant::Candidate candidate;
  candidate.spec = spec;
  candidate.decisions = quant::decide(model.graph(), model.walker().plan(), make_recipe(model, choice),
                                      model.description().hyperparameters);
  check_fallbacks(model, candidate, choice.max_fallback);
  candidate.structure =
      quant::plan_structure(model.graph(), model.walker().plan(), model.description(), pruning_of(choice).structured);
  check_structure(model, candidate);
  for (const std::string& name : choice.transforms) candidate.transforms.push_back(&quant::find_transform(name));
  candidate.options = {.damping = choice.damping,
                       .act_order = choice.act_order,
                       .polish = choice.polish,
                       .steps = choice.steps,
                       .sequential = choice.sequential};
  const bool predicts = model.description().task != description::Task::kFeatures;
  if (!predicts && quant::looks_at_outputs(candidate)) {
    throw_usage(
        fmt::format("{}: depends on what the model predicts, and a base model without a head predicts nothing", spec));
  }
  if (quant::looks_at_outputs(candidate)) check_derivatives(model, spec);
  return candidate;
}

}  // namespace kerf::api

namespace kerf {

namespace {

constexpr std::string_view kRecipePrefix = "recipe:";

/// Where the path of a recipe ends in a spec, "mixed.yaml/gptq"; npos if it has none.
std::size_t end_of_recipe_path(const std::string& spec) {
  for (const std::string_view ending : {".yaml", ".yml"}) {
    if (ends_with(spec, ending)) return spec.size();
    const std::size_t at = spec.rfind(std::string(ending) + "/");
    if (at != std::string::npos) return at + ending.size();
  }
  return std::string::npos;
}

/// "method+transform+pruning"; a transform or pruning alone stands before rtn.
void parse_method(const std::string& spec, std::string_view text, QuantizationChoice& choice) {
  for (const std::string& part : split(text, '+')) {
    if (part.find(':') != std::string::npos) {
      choice.prune.push_back(part);
      continue;
    }
    bool is_transform = false;
    for (const quant::TransformInfo* info : quant::transforms())
      is_transform = is_transform || info->name == to_lower_ascii(part);
    if (is_transform) {
      choice.transforms.push_back(part);
    } else if (choice.method.empty()) {
      choice.method = part;
    } else {
      throw_usage(fmt::format("candidate {}: {} is no transform, and no pruning such as wanda:50%", quoted(spec),
                              quoted(part)));
    }
  }
}

/// Error(kUsage) on what is no scheme's name for a reason that is plain to see.
void refuse_other_specs(const std::string& spec, const std::string& scheme) {
  if (scheme.find(',') != std::string::npos) {
    throw_usage(fmt::format("candidate {}: expected candidates apart, as in --candidate int8 int4-g32", quoted(spec)));
  }
  if (const std::size_t plus = scheme.find('+'); plus != std::string::npos) {
    const std::string first = scheme.substr(0, plus);
    const bool stored = api::names_a_scheme(first) || quant::find_preset(first) != nullptr;
    throw_usage(fmt::format("candidate {}: transforms and pruning follow a method, as in {}/rtn{}", quoted(spec),
                            stored ? first : "int4-g32", scheme.substr(plus)));
  }
  // No scheme's name has a dot.
  if (scheme.find('.') != std::string::npos) {
    throw_usage(fmt::format("candidate {}: there is no such file or folder, and no scheme of that name", quoted(spec)));
  }
}

}  // namespace

bool names_a_recipe(const std::string& spec) {
  return starts_with(spec, kRecipePrefix) || end_of_recipe_path(spec.substr(0, spec.find('@'))) != std::string::npos;
}

QuantizationChoice parse_spec(const std::string& spec, const QuantizationChoice& defaults) {
  QuantizationChoice choice = defaults;
  choice.method.clear();
  choice.transforms.clear();
  choice.prune.clear();
  const std::size_t at = spec.find('@');
  choice.activations = at == std::string::npos ? "" : spec.substr(at + 1);
  if (at != std::string::npos && choice.activations.empty()) {
    throw_usage(fmt::format("candidate {}: expected activations behind @, such as @int8-dynamic", quoted(spec)));
  }
  const std::string weights = spec.substr(0, at);
  const std::size_t path_end = end_of_recipe_path(weights);
  const std::size_t slash = path_end == std::string::npos ? weights.find('/') : path_end;
  const std::string what = weights.substr(0, slash);
  if (starts_with(what, kRecipePrefix)) {
    choice.recipe = what.substr(kRecipePrefix.size());
    if (quant::find_preset(choice.recipe) == nullptr) {
      throw_usage(unknown_name("recipe", choice.recipe, quant::preset_names()));
    }
  } else if (path_end != std::string::npos) {
    choice.recipe = what;
  } else {
    // Names are checked here, before any file is opened.
    refuse_other_specs(spec, what);
    choice.scheme = what;
    api::resolve_scheme(choice);
  }
  if (slash < weights.size()) parse_method(spec, std::string_view(weights).substr(slash + 1), choice);
  if (choice.method.empty()) choice.method = "rtn";
  quant::find_method(choice.method);
  api::pruning_of(choice);
  quant::parse_activations(choice.activations, quant::parse_range(choice.activation_range));
  return choice;
}

}  // namespace kerf
