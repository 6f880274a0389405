#include "quant/candidate.h"

#include <algorithm>

namespace kerf::quant {
namespace {

bool is_static(const Decision& decision) { return decision.activations && !decision.activations->scheme.dynamic; }

/// Does a weight's decision need data about its own inputs?
bool wants_statistics(const Decision& decision) {
  return is_static(decision) || (decision.method != nullptr && !decision.method->observers.empty());
}

bool corrects(const Candidate& candidate) {
  return std::any_of(candidate.transforms.begin(), candidate.transforms.end(),
                     [](const TransformInfo* transform) { return transform->correct != nullptr; });
}

}  // namespace

bool wants_input_statistics(const Candidate& candidate) {
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(),
                     [](const auto& entry) { return wants_statistics(entry.second); });
}

bool needs_own_stream(const Candidate& candidate) {
  return candidate.options.sequential && (wants_input_statistics(candidate) || corrects(candidate));
}

bool needs_data(const Candidate& candidate) {
  return !candidate.transforms.empty() || wants_input_statistics(candidate);
}

bool learns_blocks(const Candidate& candidate) {
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(), [](const auto& entry) {
    return entry.second.method != nullptr && entry.second.method->refine != nullptr;
  });
}

bool has_static_activations(const Candidate& candidate) {
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(),
                     [](const auto& entry) { return is_static(entry.second); });
}

bool transforms_weights(const Candidate& candidate) {
  return std::any_of(candidate.transforms.begin(), candidate.transforms.end(),
                     [](const TransformInfo* transform) { return transform->apply != nullptr; });
}

std::set<std::string> range_observers_of(const Candidate& candidate, graph::ValueId weight) {
  const auto found = candidate.decisions.find(weight);
  if (found == candidate.decisions.end() || !is_static(found->second)) return {};
  const auto& names = found->second.activations->range.rule->observers;
  return {names.begin(), names.end()};
}

std::set<std::string> solving_observers_of(const Candidate& candidate, graph::ValueId weight) {
  std::set<std::string> names;
  const auto found = candidate.decisions.find(weight);
  if (found == candidate.decisions.end() || found->second.method == nullptr) return names;
  names.insert(found->second.method->observers.begin(), found->second.method->observers.end());
  for (const TransformInfo* transform : candidate.transforms) {
    names.insert(transform->site_observers.begin(), transform->site_observers.end());
  }
  return names;
}

bool is_tuned(const Candidate& candidate) {
  return std::any_of(candidate.transforms.begin(), candidate.transforms.end(),
                     [](const TransformInfo* transform) { return transform->tune != nullptr; });
}

bool looks_at_outputs(const Candidate& candidate) {
  return is_tuned(candidate) ||
         std::any_of(candidate.decisions.begin(), candidate.decisions.end(), [](const auto& entry) {
           return entry.second.method != nullptr && entry.second.method->wants_curvature;
         });
}

}  // namespace kerf::quant
