#include "codec/unknown_scheme.h"

#include <vector>

#include <fmt/format.h>

#include "codec/scheme.h"
#include "core/strings.h"

namespace kerf::codec {

std::string unknown_scheme(std::string_view name, std::span<const std::string> recipes) {
  std::vector<std::string> names, grammars;
  for (const SchemeFamily* family : scheme_families()) {
    names.insert(names.end(), family->examples.begin(), family->examples.end());
    grammars.emplace_back(family->grammar);
  }
  names.insert(names.end(), recipes.begin(), recipes.end());
  std::string text = fmt::format("no scheme {}; ", quoted(name));
  if (const auto nearest = nearest_name(name, names)) text += fmt::format("did you mean {}? ", *nearest);
  text += "known: " + join(grammars, ", ");
  if (!recipes.empty()) text += "; recipes: " + join(recipes, ", ");
  return text;
}

}  // namespace kerf::codec
