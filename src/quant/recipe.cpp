#include "quant/recipe.h"

#include <algorithm>

#include <fmt/format.h>

#include "codec/block_codec.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::quant {
namespace {

/// What rules look at besides the weight.
struct Setting {
  const description::Hyperparameters& model;
  std::int64_t layers = 0;
};

std::int64_t count_layers(const graph::Graph& graph) {
  int last = -1;
  for (const graph::ValueId id : graph.weights()) last = std::max(last, graph.value(id).weight.layer);
  return std::int64_t{last} + 1;
}

bool is_calibrated(const Rule& rule) { return rule.method != nullptr && !rule.method->observers.empty(); }

bool matches(const Rule& rule, const graph::Weight& weight, const Setting& setting) {
  if (!rule.roles.empty() && std::find(rule.roles.begin(), rule.roles.end(), weight.role) == rule.roles.end()) {
    return false;
  }
  if (!rule.layers.contains(weight.layer, setting.layers)) return false;
  if (rule.calibrated && *rule.calibrated != is_calibrated(rule)) return false;
  const auto holds = [&](const ModelCondition& condition) { return condition.holds(setting.model); };
  if (!std::all_of(rule.model.begin(), rule.model.end(), holds)) return false;
  return rule.name.empty() || glob_match(rule.name, weight.name);
}

/// What a rule says of the activations that a weight of this role is multiplied by.
std::optional<ActivationChoice> activations_of(const Rule& rule, graph::Role role) {
  if (!rule.activations_by_default) return rule.activations;
  return rule.scheme->quantized() && graph::is_linear_role(role) ? rule.activations : std::nullopt;
}

std::optional<PruneChoice> pruning_of(const Rule& rule, graph::Role role) {
  return rule.pruning_by_default && !graph::is_linear_role(role) ? std::nullopt : rule.pruning;
}

/// Zeros must stay zero in what the weight becomes.
void require_zero(const graph::Weight& weight, const Decision& decision) {
  const auto stays = decision.scheme.kind == codec::Scheme::Kind::kKeep ? weight.source->scheme() : std::nullopt;
  if (stays) {
    throw_usage(
        fmt::format("{} stays as the codes that it is stored as ({}), of which none becomes zero; pruning ({}) "
                    "needs a scheme",
                    quoted(weight.name), stays->name, decision.pruning->name()));
  }
  if (!holds_zero(decision.scheme)) {
    throw_usage(
        fmt::format("{} as {} cannot be pruned ({}): the scheme has no code that is exactly zero in every "
                    "group; symmetric and -asym schemes, q3_k and q6_k have one",
                    quoted(weight.name), decision.scheme.name, decision.pruning->name()));
  }
}

/// Does the rule say something about this weight, beyond matching it?
bool decides(const Rule& rule) { return rule.keep || rule.scheme.has_value(); }

Decision kept(std::string rule) { return Decision{codec::parse_scheme("none"), nullptr, std::move(rule)}; }

Decision quantized(const Rule& rule, const graph::Weight& weight, bool may_fall_back) {
  const codec::Scheme& asked = *rule.scheme;
  const std::int64_t cols = weight.source->row_size();
  Decision decision{may_fall_back ? codec::scheme_for_rows(asked, cols) : asked, nullptr, rule.text};
  if (!(decision.scheme == asked)) {
    decision.fallback = true;
    decision.rule += fmt::format(" ({} in place of {}: its blocks of {} do not divide rows of {})",
                                 decision.scheme.name, asked.name, codec::find_block_codec(asked)->block_size, cols);
  }
  if (decision.scheme.quantized()) decision.method = rule.method;
  return decision;
}

Decision decide_one(const graph::Weight& weight, const Recipe& recipe, const Setting& setting) {
  for (const Rule& rule : recipe.rules) {
    if (!matches(rule, weight, setting) || !decides(rule)) continue;
    if (rule.keep) return kept(rule.text);
    Decision decision = quantized(rule, weight, recipe.fallback);
    decision.activations = activations_of(rule, weight.role);
    decision.pruning = pruning_of(rule, weight.role);
    return decision;
  }
  return kept("no rule matches: kept");
}

}  // namespace

std::map<graph::ValueId, Decision> decide(const graph::Graph& graph, const sweep::Plan& plan, const Recipe& recipe,
                                          const description::Hyperparameters& model) {
  const Setting setting{model, count_layers(graph)};
  std::map<graph::ValueId, Decision> decisions;
  for (const sweep::Site& site : plan.sites) {
    const graph::Weight& weight = graph.value(site.weight).weight;
    Decision decision = decide_one(weight, recipe, setting);
    // A table that rows are looked up in has no inputs whose statistics could guide a method.
    if (decision.method != nullptr && !decision.method->observers.empty()) {
      if (!site.lookup_uses.empty()) {
        decision.method = &find_method("rtn");
        decision.rule += " (rtn: rows are looked up)";
      } else if (site.linear_uses.size() > 1) {
        decision.rule += fmt::format(" (one for {} places)", site.linear_uses.size());
      }
    }
    if (decision.activations && site.linear_uses.empty()) {
      decision.activations.reset();
      decision.rule += " (no activations: rows are looked up)";
    }
    if (decision.pruning && !site.lookup_uses.empty()) {
      decision.pruning.reset();
      decision.rule += " (not pruned: rows are looked up)";
    }
    if (decision.pruning) require_zero(weight, decision);
    decisions.emplace(site.weight, std::move(decision));
  }
  return decisions;
}

Fallbacks count_fallbacks(const graph::Graph& graph, const std::map<graph::ValueId, Decision>& decisions) {
  Fallbacks result;
  double elements = 0, fallen = 0;
  for (const auto& [id, decision] : decisions) {
    if (!decision.scheme.quantized() && !decision.fallback) continue;
    const graph::Weight& weight = graph.value(id).weight;
    const auto size = static_cast<double>(numel(weight.source->shape()));
    ++result.of_weights;
    elements += size;
    if (!decision.fallback) continue;
    fallen += size;
    if (result.weights++ == 0) result.first = fmt::format("{}: {}", weight.name, decision.rule);
  }
  if (elements > 0) result.share = fallen / elements;
  return result;
}

}  // namespace kerf::quant
