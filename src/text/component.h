#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/json.h"
#include "core/strings.h"

namespace kerf::text {

/// One type of component that tokenizer.json may name: each kind (normalizer, pre-tokenizer, model, post-processor,
/// decoder) has a .def list of them.
template <typename Component>
struct ComponentInfo {
  std::string_view type;     ///< "ByteLevel": the value of the key `type`
  std::string_view summary;  ///< what it does, one line
  /// Builds it from its JSON object. Error(kInput) names the file and the key.
  std::unique_ptr<Component> (*make)(const JsonCursor& json);
};

/// Refuses keys of an object that are not `type` or in `known`: an option that is not understood could change the ids.
void expect_keys(const JsonCursor& json, std::initializer_list<std::string_view> known);

/// The component that the JSON object's `type` names; `kind` ("normalizer") is for the error about an unknown one.
template <typename Component>
std::unique_ptr<Component> make_component(std::string_view kind,
                                          const std::vector<const ComponentInfo<Component>*>& all,
                                          const JsonCursor& json) {
  const JsonCursor type = json.at("type");
  const std::string name = type.as_string();
  std::vector<std::string> known;
  for (const auto* info : all) {
    if (info->type == name) return info->make(json);
    known.emplace_back(info->type);
  }
  type.fail(unknown_name(kind, name, known));
}

}  // namespace kerf::text
