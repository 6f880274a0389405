// The YAML form of a recipe.

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "core/yaml.h"
#include "quant/recipe.h"

namespace kerf::quant {
namespace {

constexpr std::uint64_t kLargestRecipe = 1 << 20;

using yaml::flag;
using yaml::refuse;
using yaml::scalar;
using yaml::values_of;

std::vector<graph::Role> parse_roles(const std::string& path, const YAML::Node& node) {
  constexpr std::string_view kLinear = "linear";
  std::vector<std::string> known = graph::role_names();
  known.emplace_back(kLinear);
  std::vector<graph::Role> roles;
  for (const YAML::Node& entry : values_of(node)) {
    const std::string name = scalar(path, entry, "role");
    if (const auto role = graph::parse_role(name)) {
      roles.push_back(*role);
    } else if (name == kLinear) {
      for (const std::string& each : graph::role_names()) {
        if (graph::is_linear_role(*graph::parse_role(each))) roles.push_back(*graph::parse_role(each));
      }
    } else {
      refuse(path, entry.Mark(), unknown_name("role", name, known));
    }
  }
  if (roles.empty()) refuse(path, node.Mark(), "role: found an empty list");
  return roles;
}

std::vector<ModelCondition> parse_conditions(const std::string& path, const YAML::Node& node) {
  if (!node.IsMap()) refuse(path, node.Mark(), "model: found something else, expected a map such as {experts: 8}");
  std::vector<ModelCondition> conditions;
  for (const auto& entry : node) {
    conditions.emplace_back(scalar(path, entry.first, "a key"), scalar(path, entry.second, "a condition"));
  }
  return conditions;
}

std::string flow_text(const YAML::Node& node) {
  std::vector<std::string> parts;
  if (node.IsSequence()) {
    for (const auto& entry : node) parts.push_back(flow_text(entry));
    return "[" + join(parts, ", ") + "]";
  }
  if (!node.IsMap()) return node.IsScalar() ? node.Scalar() : "";
  for (const auto& entry : node) parts.push_back(entry.first.Scalar() + ": " + flow_text(entry.second));
  return "{" + join(parts, ", ") + "}";
}

Rule parse_rule(const std::string& path, const YAML::Node& node, DType scale_dtype,
                const std::optional<ActivationChoice>& activations, const RangeChoice& range,
                const std::optional<PruneChoice>& pruning) {
  yaml::check_keys(
      path, node, {"role", "layers", "name", "model", "calibrated", "scheme", "method", "activations", "prune", "keep"},
      "recipe key");
  Rule rule;
  rule.activations = activations;
  rule.activations_by_default = true;
  rule.pruning = pruning;
  rule.pruning_by_default = true;
  try {
    if (const auto role = node["role"]) rule.roles = parse_roles(path, role);
    if (const auto layers = node["layers"]) rule.layers = LayerSet(scalar(path, layers, "layers"));
    if (const auto name = node["name"]) rule.name = scalar(path, name, "name");
    if (const auto model = node["model"]) rule.model = parse_conditions(path, model);
    if (const auto calibrated = node["calibrated"]) rule.calibrated = flag(path, calibrated, "calibrated");
    if (const auto scheme = node["scheme"]) {
      rule.scheme = codec::with_scale_dtype(codec::parse_scheme(scalar(path, scheme, "scheme")), scale_dtype);
    }
    if (const auto method = node["method"]) rule.method = &find_method(scalar(path, method, "method"));
    if (const auto given = node["activations"]) {
      rule.activations = parse_activations(scalar(path, given, "activations"), range);
      rule.activations_by_default = false;
    }
    if (const auto given = node["prune"]) {
      rule.pruning = parse_pruning(scalar(path, given, "prune"));
      rule.pruning_by_default = false;
      if (rule.pruning && rule.pruning->pruner->structured()) {
        throw_usage(
            fmt::format("prune: {} changes the shapes of the whole model; it is no part of a rule, give --prune",
                        rule.pruning->name()));
      }
    }
    if (const auto keep = node["keep"]) rule.keep = flag(path, keep, "keep");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    refuse(path, node.Mark(), error.message());  // what the rule's parts know nothing about
  }
  if (!rule.keep && !rule.scheme) refuse(path, node.Mark(), "a rule needs a scheme, or keep: true");
  if (rule.keep && !rule.activations_by_default)
    refuse(path, node.Mark(), "a rule has either activations or keep: true, not both");
  if (rule.keep && !rule.pruning_by_default)
    refuse(path, node.Mark(), "a rule has either prune or keep: true, not both; scheme: none keeps the dtype");
  if (rule.keep && rule.scheme) refuse(path, node.Mark(), "a rule has either a scheme or keep: true, not both");
  rule.text = "recipe " + flow_text(node);
  return rule;
}

}  // namespace

Recipe parse_recipe(const std::string& text, const std::string& label, DType scale_dtype,
                    const std::optional<ActivationChoice>& activations, const RangeChoice& range,
                    const std::optional<PruneChoice>& pruning) {
  return yaml::guarded(label, [&] {
    Recipe recipe;
    const YAML::Node root = yaml::parse(text, label, "recipe");
    yaml::check_keys(label, root, {"about", "fallback", "rules"}, "recipe key");
    if (const auto about = root["about"]) recipe.about = scalar(label, about, "about");
    if (const auto fallback = root["fallback"]) recipe.fallback = flag(label, fallback, "fallback");
    const YAML::Node rules = root["rules"];
    if (!rules || !rules.IsSequence()) throw_input(label, "", "a recipe needs a list called rules");
    for (const auto& node : rules) {
      recipe.rules.push_back(parse_rule(label, node, scale_dtype, activations, range, pruning));
    }
    return recipe;
  });
}

Recipe read_recipe(const std::string& path, DType scale_dtype, const std::optional<ActivationChoice>& activations,
                   const RangeChoice& range, const std::optional<PruneChoice>& pruning) {
  return parse_recipe(read_file(path, kLargestRecipe), path, scale_dtype, activations, range, pruning);
}

}  // namespace kerf::quant
