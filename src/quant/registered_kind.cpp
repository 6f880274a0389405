#include "quant/registered_kind.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"
#include "quant/method.h"
#include "quant/pruner.h"
#include "quant/transform.h"

namespace kerf::quant {
namespace {

template <typename Info>
bool has(const std::vector<const Info*>& all, std::string_view name) {
  return std::any_of(all.begin(), all.end(), [&](const Info* info) { return info->name == name; });
}

/// Where a name belongs, as the end of a sentence; empty if nowhere.
std::string place_of(const std::string& name) {
  if (has(methods(), name)) return fmt::format("a method: --method {}, or SCHEME/{} of a candidate", name, name);
  if (has(transforms(), name)) {
    return fmt::format("a transform: --transform {}, or SCHEME/METHOD+{} of a candidate", name, name);
  }
  if (has(pruners(), name)) {
    return fmt::format("a way of pruning: --prune {}:25%, or SCHEME/METHOD+{}:25% of a candidate", name, name);
  }
  return "";
}

}  // namespace

std::string unknown_choice(std::string_view kind, std::string_view name, std::span<const std::string> known) {
  // "wanda:50%" is a name with how much.
  const std::string place = place_of(to_lower_ascii(name.substr(0, name.find(':'))));
  return place.empty() ? unknown_name(kind, name, known) : fmt::format("no {} {}: it is {}", kind, quoted(name), place);
}

}  // namespace kerf::quant
