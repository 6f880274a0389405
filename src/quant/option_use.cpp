#include "quant/option_use.h"

#include <algorithm>
#include <string_view>

namespace kerf::quant {
namespace {

/// What methods and pruners have in common: what they look at says what they do with it.
template <typename Info>
bool reads_common(const Info& info, MethodOption option) {
  const auto& observers = info.observers;
  const bool solves = std::find(observers.begin(), observers.end(), "outer_product") != observers.end();
  switch (option) {
    case MethodOption::kDamping:
      return solves;
    // Columns are gone through one after another by those whose codes coordinate descent then polishes.
    case MethodOption::kActOrder:
      return solves && info.sweeps > 0;
    case MethodOption::kPolish:
      return info.sweeps > 0;
    case MethodOption::kSteps:
      return false;
  }
  return false;
}

template <typename Infos>
void add_readers(const Infos& infos, MethodOption option, std::vector<std::string>& names) {
  for (const auto* info : infos) {
    if (reads(*info, option)) names.emplace_back(info->name);
  }
}

}  // namespace

bool reads(const MethodInfo& method, MethodOption option) {
  return option == MethodOption::kSteps ? method.refine != nullptr : reads_common(method, option);
}

bool reads(const PrunerInfo& pruner, MethodOption option) { return reads_common(pruner, option); }

bool reads(const Candidate& candidate, MethodOption option) {
  if (candidate.structure != nullptr) {
    for (const auto& [id, reduction] : candidate.structure->by_consumer) {
      if (reads(*reduction.pruner, option)) return true;
    }
  }
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(), [&](const auto& entry) {
    const Decision& decision = entry.second;
    return (decision.method != nullptr && reads(*decision.method, option)) ||
           (decision.pruning && reads(*decision.pruning->pruner, option));
  });
}

bool watches_model(const MethodInfo& method) {
  return method.wants_drift || method.wants_curvature || method.refine != nullptr;
}

std::vector<std::string> readers_of(MethodOption option) {
  std::vector<std::string> names;
  add_readers(methods(), option, names);
  add_readers(pruners(), option, names);
  return names;
}

}  // namespace kerf::quant
