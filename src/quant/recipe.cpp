#include "quant/recipe.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::quant {
namespace {

bool layer_matches(const Rule& rule, int layer) {
  return rule.layers.empty() || std::any_of(rule.layers.begin(), rule.layers.end(), [&](const auto& range) {
           return layer >= range.first && layer <= range.second;
         });
}

bool matches(const Rule& rule, const graph::Weight& weight) {
  if (rule.role && *rule.role != weight.role) return false;
  if (!layer_matches(rule, weight.layer)) return false;
  return rule.name.empty() || glob_match(rule.name, weight.name);
}

/// What a rule says of the activations that a weight of this role is multiplied by.
std::optional<ActivationChoice> activations_of(const Rule& rule, graph::Role role) {
  if (!rule.activations_by_default) return rule.activations;
  return rule.scheme->quantized() && graph::is_linear_role(role) ? rule.activations : std::nullopt;
}

/// Does the rule say something about this weight, beyond matching it?
bool decides(const Rule& rule) { return rule.keep || rule.scheme.has_value(); }

Decision kept(std::string rule) { return Decision{codec::parse_scheme("none"), nullptr, std::move(rule)}; }

Decision decide_one(const graph::Weight& weight, const Recipe& recipe) {
  for (const Rule& rule : recipe.rules) {
    if (!matches(rule, weight) || !decides(rule)) continue;
    if (rule.keep) return kept(rule.text);
    return Decision{*rule.scheme, rule.scheme->quantized() ? rule.method : nullptr, rule.text,
                    activations_of(rule, weight.role)};
  }
  return kept("no rule matches: kept");
}

}  // namespace

std::map<graph::ValueId, Decision> decide(const graph::Graph& graph, const sweep::Plan& plan, const Recipe& recipe) {
  std::map<graph::ValueId, Decision> decisions;
  for (const sweep::Site& site : plan.sites) {
    const graph::Weight& weight = graph.value(site.weight).weight;
    Decision decision = decide_one(weight, recipe);
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
    decisions.emplace(site.weight, std::move(decision));
  }
  return decisions;
}

}  // namespace kerf::quant
