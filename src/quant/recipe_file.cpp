// The YAML form of a recipe.
#include <charconv>
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

int layer_number(const std::string& path, const YAML::Node& node, std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    refuse(path, node.Mark(),
           fmt::format("layers: found {}, expected numbers and ranges such as \"0-3,7\"", quoted(text)));
  }
  return value;
}

std::vector<std::pair<int, int>> parse_layers(const std::string& path, const YAML::Node& node) {
  std::vector<std::pair<int, int>> ranges;
  for (const std::string& part : split(scalar(path, node, "layers"), ',')) {
    const std::size_t dash = part.find('-');
    const int first = layer_number(path, node, std::string_view(part).substr(0, dash));
    const int last =
        dash == std::string::npos ? first : layer_number(path, node, std::string_view(part).substr(dash + 1));
    if (last < first) refuse(path, node.Mark(), fmt::format("layers: {} ends before it begins", quoted(part)));
    ranges.emplace_back(first, last);
  }
  return ranges;
}

std::string rule_text(const YAML::Node& node) {
  std::vector<std::string> parts;
  for (const auto& entry : node) parts.push_back(entry.first.Scalar() + ": " + entry.second.Scalar());
  return "recipe {" + join(parts, ", ") + "}";
}

Rule parse_rule(const std::string& path, const YAML::Node& node, DType scale_dtype,
                const std::optional<ActivationChoice>& activations, const RangeChoice& range) {
  check_keys(path, node, {"role", "layers", "name", "scheme", "method", "activations", "keep"});
  Rule rule;
  rule.activations = activations;
  rule.activations_by_default = true;
  try {
    if (const auto role = node["role"]) {
      const std::string name = scalar(path, role, "role");
      rule.role = graph::parse_role(name);
      if (!rule.role) refuse(path, role.Mark(), unknown_name("role", name, graph::role_names()));
    }
    if (const auto layers = node["layers"]) rule.layers = parse_layers(path, layers);
    if (const auto name = node["name"]) rule.name = scalar(path, name, "name");
    if (const auto scheme = node["scheme"]) {
      rule.scheme = codec::parse_scheme(scalar(path, scheme, "scheme"));
      if (!rule.scheme->fixed_scale_dtype) rule.scheme->scale_dtype = scale_dtype;
    }
    if (const auto method = node["method"]) rule.method = &find_method(scalar(path, method, "method"));
    if (const auto given = node["activations"]) {
      rule.activations = parse_activations(scalar(path, given, "activations"), range);
      rule.activations_by_default = false;
    }
    if (const auto keep = node["keep"]) {
      const std::string value = scalar(path, keep, "keep");
      if (value != "true" && value != "false") refuse(path, keep.Mark(), "keep must be true or false");
      rule.keep = value == "true";
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    refuse(path, node.Mark(), error.message());  // an unknown scheme or method
  }
  if (!rule.keep && !rule.scheme) refuse(path, node.Mark(), "a rule needs a scheme, or keep: true");
  if (rule.keep && !rule.activations_by_default)
    refuse(path, node.Mark(), "a rule has either activations or keep: true, not both");
  if (rule.keep && rule.scheme) refuse(path, node.Mark(), "a rule has either a scheme or keep: true, not both");
  rule.text = rule_text(node);
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

Recipe read_recipe(const std::string& path, DType scale_dtype, const std::optional<ActivationChoice>& activations,
                   const RangeChoice& range) {
  const std::string text = read_file(path, kLargestRecipe);
  if (const auto bad = find_invalid_utf8(text)) throw_input(path, fmt::format("offset {}", *bad), "not valid UTF-8");
  Recipe recipe;
  try {
    check_structure(path, text);
    const YAML::Node root = YAML::Load(text);
    check_keys(path, root, {"rules"});
    const YAML::Node rules = root["rules"];
    if (!rules || !rules.IsSequence()) throw_input(path, "", "a recipe needs a list called rules");
    for (const auto& node : rules) recipe.rules.push_back(parse_rule(path, node, scale_dtype, activations, range));
  } catch (const YAML::Exception& error) {
    refuse(path, error.mark, "not valid YAML: " + error.msg);
  }
  return recipe;
}

}  // namespace kerf::quant
