// The YAML form of a recipe.
#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "quant/recipe.h"

namespace kerf::quant {
namespace {

constexpr std::uint64_t kLargestRecipe = 1 << 20;

[[noreturn]] void refuse(const std::string& path, const YAML::Mark& mark, std::string message) {
  throw_input(path, fmt::format("line {}", mark.line + 1), std::move(message));
}

/// Keys of a map: known ones only, none twice.
void check_keys(const std::string& path, const YAML::Node& map, const std::vector<std::string>& known) {
  if (!map.IsMap()) refuse(path, map.Mark(), "found something else, expected a map of keys and values");
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) refuse(path, entry.first.Mark(), "a key must be a plain word");
    const std::string& key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      refuse(path, entry.first.Mark(), unknown_name("recipe key", key, known));
    }
    if (!seen.insert(key).second) refuse(path, entry.first.Mark(), fmt::format("key {} appears twice", quoted(key)));
  }
}

std::string scalar(const std::string& path, const YAML::Node& node, std::string_view key) {
  if (!node.IsScalar()) refuse(path, node.Mark(), fmt::format("{} must be a single value", key));
  return node.Scalar();
}

bool flag(const std::string& path, const YAML::Node& node, std::string_view key) {
  const std::string value = scalar(path, node, key);
  if (value != "true" && value != "false") refuse(path, node.Mark(), fmt::format("{} must be true or false", key));
  return value == "true";
}

/// One value, or the values of a list.
std::vector<YAML::Node> values_of(const YAML::Node& node) {
  if (!node.IsSequence()) return {node};
  return {node.begin(), node.end()};
}

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
  check_keys(path, node,
             {"role", "layers", "name", "model", "calibrated", "scheme", "method", "activations", "prune", "keep"});
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
      rule.scheme = codec::parse_scheme(scalar(path, scheme, "scheme"));
      if (!rule.scheme->fixed_scale_dtype) rule.scheme->scale_dtype = scale_dtype;
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

/// Looks at a file's events before any tree is built: anchors and aliases let a few lines stand for gigabytes, and a
/// recipe needs neither them, nor depth, nor a second document. The library finds documents without end where a token
/// stands that it does not take ("," at the start of a line): those begin at one place.
class PlainStructure : public YAML::EventHandler {
 public:
  explicit PlainStructure(const std::string& path) : path_(path) {}
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) {
      first_ = mark;
    } else if (mark.pos == first_.pos) {
      refuse(path_, mark, "not valid YAML");
    } else {
      refuse(path_, mark, "found a second document, expected one recipe in the file");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { check(mark, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(path_, mark, "aliases are not read in recipes");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string&) override {
    check(mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, anchor);
    enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, anchor);
    enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void check(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(path_, mark, "anchors are not read in recipes");
  }
  void enter(const YAML::Mark& mark) {
    constexpr int kDeepest = 8;
    if (++depth_ > kDeepest) refuse(path_, mark, "nested deeper than a recipe can be");
  }
  const std::string& path_;
  int documents_ = 0, depth_ = 0;
  YAML::Mark first_;
};

void check_structure(const std::string& path, const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  PlainStructure structure(path);
  while (parser.HandleNextDocument(structure)) {
  }
}

}  // namespace

Recipe parse_recipe(const std::string& text, const std::string& label, DType scale_dtype,
                    const std::optional<ActivationChoice>& activations, const RangeChoice& range,
                    const std::optional<PruneChoice>& pruning) {
  if (const auto bad = find_invalid_utf8(text)) throw_input(label, fmt::format("offset {}", *bad), "not valid UTF-8");
  Recipe recipe;
  try {
    check_structure(label, text);
    const YAML::Node root = YAML::Load(text);
    check_keys(label, root, {"about", "fallback", "rules"});
    if (const auto about = root["about"]) recipe.about = scalar(label, about, "about");
    if (const auto fallback = root["fallback"]) recipe.fallback = flag(label, fallback, "fallback");
    const YAML::Node rules = root["rules"];
    if (!rules || !rules.IsSequence()) throw_input(label, "", "a recipe needs a list called rules");
    for (const auto& node : rules) {
      recipe.rules.push_back(parse_rule(label, node, scale_dtype, activations, range, pruning));
    }
  } catch (const YAML::Exception& error) {
    refuse(label, error.mark, "not valid YAML: " + error.msg);
  }
  return recipe;
}

Recipe read_recipe(const std::string& path, DType scale_dtype, const std::optional<ActivationChoice>& activations,
                   const RangeChoice& range, const std::optional<PruneChoice>& pruning) {
  return parse_recipe(read_file(path, kLargestRecipe), path, scale_dtype, activations, range, pruning);
}

}  // namespace kerf::quant
