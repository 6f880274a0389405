#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/scheme.h"
#include "description/description.h"
#include "graph/graph.h"
#include "quant/activation_choice.h"
#include "quant/layer_set.h"
#include "quant/method.h"
#include "quant/model_condition.h"
#include "quant/pruner.h"
#include "sweep/plan.h"

namespace kerf::quant {

/// What a weight becomes, and why.
struct Decision {
  codec::Scheme scheme;
  const MethodInfo* method = nullptr;                          ///< null for schemes without codes
  std::string rule;                                            ///< the rule that decided, as printed
  std::optional<ActivationChoice> activations = std::nullopt;  ///< how the input of its products is rounded
  bool fallback = false;  ///< another scheme than the rule names, which the rows do not fit: `rule` says so
  std::optional<PruneChoice> pruning = std::nullopt;  ///< which values become zero before the others are rounded
};

/// One line of a recipe: whatever is given must match.
struct Rule {
  std::vector<graph::Role> roles;  ///< any of them; empty: every role
  LayerSet layers;
  std::string name;                               ///< glob on the weight's name; empty: every name
  std::vector<ModelCondition> model;              ///< all of them
  std::optional<bool> calibrated = std::nullopt;  ///< does the method look at data?
  std::optional<codec::Scheme> scheme;
  const MethodInfo* method = nullptr;
  bool keep = false;
  std::string text;  ///< as printed
  std::optional<ActivationChoice> activations = std::nullopt;
  bool activations_by_default = false;  ///< they hold for quantized weights inside the blocks only
  std::optional<PruneChoice> pruning = std::nullopt;
  bool pruning_by_default = false;  ///< it holds for weights inside the blocks only
};

/// Ordered rules, first match wins. What no rule matches stays as it is.
struct Recipe {
  std::string about;      ///< one line for lists
  bool fallback = false;  ///< a block that does not divide a weight's rows gives way to a narrower one
  std::vector<Rule> rules;
};

/// Reads a recipe from YAML (strict: an unknown key is refused with the nearest known one). Error(kInput) names file
/// and line. `scale_dtype`: for schemes that the file names; `activations`: for rules that say nothing of them;
/// `range`: for static activations that name no rule of their own; `pruning`: for rules that say nothing of it.
///   about: a line of text
///   fallback: true
///   rules:
///     - {role: [v, qkv], layers: "first 1/8, from 7/8", model: {experts: ">=8"}, calibrated: true, name: "*.q_*",
///        scheme: q6_k, method: gptq, activations: int8-dynamic, prune: wanda:50%}
///     - {role: head, keep: true}
/// role: one or a list; "linear" stands for the matrices inside the blocks. layers: see LayerSet; model: see
/// ModelCondition.
Recipe read_recipe(const std::string& path, DType scale_dtype,
                   const std::optional<ActivationChoice>& activations = std::nullopt,
                   const RangeChoice& range = parse_range(""),
                   const std::optional<PruneChoice>& pruning = std::nullopt);
/// The same from a text; `label` names it in errors.
Recipe parse_recipe(const std::string& text, const std::string& label, DType scale_dtype,
                    const std::optional<ActivationChoice>& activations = std::nullopt,
                    const RangeChoice& range = parse_range(""),
                    const std::optional<PruneChoice>& pruning = std::nullopt);

/// Decisions for every weight matrix (the plan's sites), by value id. `model`: what the rules' conditions are about.
std::map<graph::ValueId, Decision> decide(const graph::Graph& graph, const sweep::Plan& plan, const Recipe& recipe,
                                          const description::Hyperparameters& model = {});

/// Weights of which the recipe asked for another scheme than their rows can have.
struct Fallbacks {
  std::int64_t weights = 0, of_weights = 0;  ///< of all that are quantized
  double share = 0;                          ///< of their elements
  std::string first;                         ///< name and what happened
};
Fallbacks count_fallbacks(const graph::Graph& graph, const std::map<graph::ValueId, Decision>& decisions);

}  // namespace kerf::quant
