#include "formats/onnx/module_scope.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/strings.h"

namespace kerf::formats::onnx {
namespace {

/// "['', 'm.model', 'm.model.layers.0', 'linear']" -> its strings.
std::vector<std::string> python_strings(std::string_view list) {
  std::vector<std::string> strings;
  std::size_t at = 0;
  while ((at = list.find('\'', at)) != std::string_view::npos) {
    const std::size_t end = list.find('\'', at + 1);
    if (end == std::string_view::npos) break;
    strings.emplace_back(list.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return strings;
}

}  // namespace

std::string module_scope(const proto::NodeProto& node) {
  for (const auto& entry : node.metadata_props()) {
    if (entry.key() != "pkg.torch.onnx.name_scopes") continue;
    // The last one is the call itself.
    const auto scopes = python_strings(entry.value());
    return scopes.size() < 2 ? std::string() : scopes[scopes.size() - 2];
  }
  const std::string& name = node.name();
  const std::size_t end = name.rfind('/');
  if (end == std::string::npos) return {};
  std::string scope = name.substr(name.front() == '/' ? 1 : 0, end - (name.front() == '/' ? 1 : 0));
  std::replace(scope.begin(), scope.end(), '/', '.');
  return scope;
}

}  // namespace kerf::formats::onnx
