#include "formats/safetensors/layouts/layout.h"

#include <algorithm>

namespace kerf::formats::safetensors {
namespace {

std::string_view method_of(const LayoutInfo& layout) { return layout.method.empty() ? layout.name : layout.method; }

}  // namespace

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

const LayoutInfo* find_layout_of(std::string_view method) {
  const auto found = std::find_if(layouts().begin(), layouts().end(),
                                  [&](const LayoutInfo* layout) { return method_of(*layout) == method; });
  return found == layouts().end() ? nullptr : *found;
}

std::vector<std::string> layout_methods() {
  std::vector<std::string> methods;
  for (const LayoutInfo* layout : layouts()) {
    std::string method(method_of(*layout));
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(std::move(method));
  }
  return methods;
}

}  // namespace kerf::formats::safetensors
