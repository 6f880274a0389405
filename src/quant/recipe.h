#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codec/scheme.h"
#include "graph/graph.h"
#include "quant/method.h"
#include "sweep/plan.h"

namespace kerf::quant {

/// What a weight becomes, and why.
struct Decision {
  codec::Scheme scheme;
  const MethodInfo* method = nullptr;  ///< null for schemes without codes
  std::string rule;                    ///< the rule that decided, as printed
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
};

/// Ordered rules, first match wins. What no rule matches stays as it is.
struct Recipe {
  std::vector<Rule> rules;
};

/// Reads `rules:` from YAML (strict: an unknown key is refused with the nearest known one). Error(kInput) names file
/// and line. `scale_dtype`: for schemes that the file names.
Recipe read_recipe(const std::string& path, DType scale_dtype);

/// Decisions for every weight matrix (the plan's sites), by value id.
std::map<graph::ValueId, Decision> decide(const graph::Graph& graph, const sweep::Plan& plan, const Recipe& recipe);

}  // namespace kerf::quant
