#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codec/scheme.h"
#include "graph/graph.h"
#include "quant/activation_choice.h"
#include "quant/method.h"
#include "sweep/plan.h"

namespace kerf::quant {

/// What a weight becomes, and why.
struct Decision {
  codec::Scheme scheme;
  const MethodInfo* method = nullptr;                          ///< null for schemes without codes
  std::string rule;                                            ///< the rule that decided, as printed
  std::optional<ActivationChoice> activations = std::nullopt;  ///< how the input of its products is rounded
};

/// One line of a recipe: whatever is given must match.
struct Rule {
  std::optional<graph::Role> role;
  std::vector<std::pair<int, int>> layers;  ///< inclusive ranges; empty: every layer
  std::string name;                         ///< glob on the weight's name; empty: every name
  std::optional<codec::Scheme> scheme;
  const MethodInfo* method = nullptr;
  bool keep = false;
  std::string text;  ///< as printed
  std::optional<ActivationChoice> activations = std::nullopt;
  bool activations_by_default = false;  ///< they hold for quantized weights inside the blocks only
};

/// Ordered rules, first match wins. What no rule matches stays as it is.
struct Recipe {
  std::vector<Rule> rules;
};

/// Reads `rules:` from YAML (strict: an unknown key is refused with the nearest known one). Error(kInput) names file
/// and line. `scale_dtype`: for schemes that the file names; `activations`: for rules that say nothing of them;
/// `range`: for static activations that name no rule of their own.
Recipe read_recipe(const std::string& path, DType scale_dtype,
                   const std::optional<ActivationChoice>& activations = std::nullopt,
                   const RangeChoice& range = parse_range(""));

/// Decisions for every weight matrix (the plan's sites), by value id.
std::map<graph::ValueId, Decision> decide(const graph::Graph& graph, const sweep::Plan& plan, const Recipe& recipe);

}  // namespace kerf::quant
