#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace kerf::yaml {

/// Strict YAML for small files that people write (recipes, policies): plain structure, known keys, every complaint with
/// its line. `file` names the file in errors, `what` says what it is ("recipe"). All errors are Error(kInput).

/// One document without anchors, aliases or deep nesting. Also throws what yaml-cpp does: wrap in guarded().
YAML::Node parse(const std::string& text, const std::string& file, const std::string& what);

/// body(), with yaml-cpp's exceptions as ours.
template <typename Body>
auto guarded(const std::string& file, const Body& body);

[[noreturn]] void refuse(const std::string& file, const YAML::Mark& mark, std::string message);
/// Keys of a map: known ones only, none twice. `kind`: "recipe key".
void check_keys(const std::string& file, const YAML::Node& map, const std::vector<std::string>& known,
                const std::string& kind);
std::string scalar(const std::string& file, const YAML::Node& node, std::string_view key);
bool flag(const std::string& file, const YAML::Node& node, std::string_view key);
/// One value, or the values of a list.
std::vector<YAML::Node> values_of(const YAML::Node& node);

template <typename Body>
auto guarded(const std::string& file, const Body& body) {
  try {
    return body();
  } catch (const YAML::Exception& error) {
    refuse(file, error.mark, "not valid YAML: " + error.msg);
  }
}

}  // namespace kerf::yaml
