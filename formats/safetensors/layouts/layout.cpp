#include "formats/safetensors/layouts/layout.h"

#include <algorithm>

namespace kerf::formats::safetensors {

const std::vector<const LayoutInfo*>& layouts() {
#define X(name) &name##_layout(),
  static const std::vector<const LayoutInfo*> all = {
#include "formats/safetensors/layouts/layouts.def"
  };
#undef X
  return all;
}

const LayoutInfo* find_layout(std::string_view name) {
  const auto found =
      std::find_if(layouts().begin(), layouts().end(), [&](const LayoutInfo* layout) { return layout->name == name; });
  return found == layouts().end() ? nullptr : *found;
}

std::vector<std::string> layout_names() {
  std::vector<std::string> names;
  for (const LayoutInfo* layout : layouts()) names.emplace_back(layout->name);
  return names;
}

}  // namespace kerf::formats::safetensors
