#include "core/yaml.h"

#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::yaml {
namespace {

/// Looks at a file's events before any tree is built: anchors and aliases let a few lines stand for gigabytes, and
/// these files need neither them, nor depth, nor a second document. The library finds documents without end where a
/// token stands that it does not take ("," at the start of a line): those begin at one place.
class PlainStructure : public YAML::EventHandler {
 public:
  PlainStructure(const std::string& path, const std::string& what) : path_(path), what_(what) {}
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) {
      first_ = mark;
    } else if (mark.pos == first_.pos) {
      refuse(path_, mark, "not valid YAML");
    } else {
      refuse(path_, mark, "found a second document, expected one " + what_ + " in the file");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { check(mark, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(path_, mark, "aliases are not read in a " + what_);
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
    if (anchor != 0) refuse(path_, mark, "anchors are not read in a " + what_);
  }
  void enter(const YAML::Mark& mark) {
    constexpr int kDeepest = 8;
    if (++depth_ > kDeepest) refuse(path_, mark, "nested deeper than a " + what_ + " can be");
  }
  const std::string &path_, &what_;
  int documents_ = 0, depth_ = 0;
  YAML::Mark first_;
};

void check_structure(const std::string& file, const std::string& text, const std::string& what) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  PlainStructure structure(file, what);
  while (parser.HandleNextDocument(structure)) {
  }
}

}  // namespace

void refuse(const std::string& file, const YAML::Mark& mark, std::string message) {
  throw_input(file, fmt::format("line {}", mark.line + 1), std::move(message));
}

YAML::Node parse(const std::string& text, const std::string& file, const std::string& what) {
  if (const auto bad = find_invalid_utf8(text)) throw_input(file, fmt::format("offset {}", *bad), "not valid UTF-8");
  check_structure(file, text, what);
  return YAML::Load(text);
}

void check_keys(const std::string& file, const YAML::Node& map, const std::vector<std::string>& known,
                const std::string& kind) {
  if (map.IsNull() && map.Mark().is_null()) throw_input(file, "", "is empty, expected a map of keys and values");
  if (!map.IsMap()) refuse(file, map.Mark(), "found something else, expected a map of keys and values");
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) refuse(file, entry.first.Mark(), "a key must be a plain word");
    const std::string& key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      refuse(file, entry.first.Mark(), unknown_name(kind, key, known));
    }
    if (!seen.insert(key).second)
      refuse(file, entry.first.Mark(), fmt::format("key {} appears twice", kerf::quoted(key)));
  }
}

std::string scalar(const std::string& file, const YAML::Node& node, std::string_view key) {
  if (!node.IsScalar()) refuse(file, node.Mark(), fmt::format("{} must be a single value", key));
  return node.Scalar();
}

bool flag(const std::string& file, const YAML::Node& node, std::string_view key) {
  const std::string value = scalar(file, node, key);
  if (value != "true" && value != "false") refuse(file, node.Mark(), fmt::format("{} must be true or false", key));
  return value == "true";
}

std::vector<YAML::Node> values_of(const YAML::Node& node) {
  if (!node.IsSequence()) return {node};
  return {node.begin(), node.end()};
}

}  // namespace kerf::yaml
