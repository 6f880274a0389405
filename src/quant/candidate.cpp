#include "quant/candidate.h"

#include <algorithm>

namespace kerf::quant {
namespace {

bool wants_statistics(const Decision& decision) {
  return decision.method != nullptr && !decision.method->observers.empty();
}

}  // namespace

bool needs_own_stream(const Candidate& candidate) {
  return candidate.options.sequential && std::any_of(candidate.decisions.begin(), candidate.decisions.end(),
                                                     [](const auto& entry) { return wants_statistics(entry.second); });
}

bool needs_data(const Candidate& candidate) {
  return !candidate.transforms.empty() || std::any_of(candidate.decisions.begin(), candidate.decisions.end(),
                                                      [](const auto& entry) { return wants_statistics(entry.second); });
}

}  // namespace kerf::quant
