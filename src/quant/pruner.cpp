#include "quant/pruner.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "quant/registered_kind.h"

namespace kerf::quant {

#define X(id) extern const PrunerInfo id##_pruner;
#include "quant/pruners.def"
#undef X

const std::vector<const PrunerInfo*>& pruners() {
  static const std::vector<const PrunerInfo*> all = {
#define X(id) &id##_pruner,
#include "quant/pruners.def"
#undef X
  };
  return all;
}

const PrunerInfo& find_pruner(std::string_view name) {
  std::vector<std::string> known;
  for (const PrunerInfo* info : pruners()) {
    if (info->name == to_lower_ascii(name)) return *info;
    known.emplace_back(info->name);
  }
  throw_usage(unknown_choice("pruning", name, known));
}

PruneOutcome prune(const PruneProblem& problem, const PrunerInfo& pruner) {
  const auto state =
      pruner.prepare == nullptr ? nullptr : pruner.prepare(*problem.statistics, problem.pattern, problem.options);
  return pruner.prune(problem, state.get());
}

std::string PruneChoice::name() const { return fmt::format("{}:{}", pruner->name, pattern.name()); }

std::optional<PruneChoice> parse_pruning(std::string_view text) {
  if (text.empty() || to_lower_ascii(text) == "none") return std::nullopt;
  const std::size_t colon = text.find(':');
  const PrunerInfo& pruner = find_pruner(text.substr(0, colon));
  if (colon == std::string_view::npos) {
    throw_usage(fmt::format("pruning {}: expected how much behind a colon, such as {}:50%", quoted(text), pruner.name));
  }
  const PruneChoice choice{&pruner, parse_pattern(text.substr(colon + 1), fmt::format("pruning {}", quoted(text)))};
  if (pruner.structured() && choice.pattern.by_group()) {
    throw_usage(fmt::format("pruning {}: found N:M, expected the share of the {} that disappears, such as {}:25%",
                            quoted(text), pruner.name, pruner.name));
  }
  return choice;
}

bool holds_zero(const codec::Scheme& scheme) {
  if (!scheme.quantized()) return true;
  if (scheme.offset == codec::Offset::kMinimum) return false;
  if (scheme.levels == nullptr) return true;
  const auto& levels = scheme.levels->values;
  return std::find(levels.begin(), levels.end(), 0.0F) != levels.end();
}

}  // namespace kerf::quant
