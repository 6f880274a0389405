#include "quant/candidate.h"

#include <algorithm>

namespace kerf::quant {
namespace {

bool is_static(const Decision& decision) { return decision.activations && !decision.activations->scheme.dynamic; }

bool prunes_by_data(const Decision& decision) {
  return decision.pruning && !decision.pruning->pruner->observers.empty();
}

/// Does a weight's decision need data about its own inputs?
bool wants_statistics(const Decision& decision) {
  return is_static(decision) || prunes_by_data(decision) ||
         (decision.method != nullptr && !decision.method->observers.empty());
}

bool corrects(const Candidate& candidate) {
  return std::any_of(candidate.transforms.begin(), candidate.transforms.end(),
                     [](const TransformInfo* transform) { return transform->correct != nullptr; });
}

}  // namespace

bool loses_inputs(const Candidate& candidate, graph::ValueId weight) {
  return candidate.structure != nullptr && candidate.structure->by_consumer.contains(weight);
}

bool wants_input_statistics(const Candidate& candidate) {
  if (candidate.structure != nullptr) return true;
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(),
                     [](const auto& entry) { return wants_statistics(entry.second); });
}

bool needs_own_stream(const Candidate& candidate) {
  return candidate.options.sequential && (wants_input_statistics(candidate) || corrects(candidate));
}

bool needs_data(const Candidate& candidate) {
  return !candidate.transforms.empty() || wants_input_statistics(candidate);
}

std::string pruning_by_data(const Candidate& candidate) {
  if (candidate.structure != nullptr) {
    return std::string(candidate.structure->by_consumer.begin()->second.pruner->name);
  }
  for (const auto& [id, decision] : candidate.decisions) {
    if (prunes_by_data(decision)) return decision.pruning->name();
  }
  return "";
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
  const bool reduced = loses_inputs(candidate, weight);
  if (found == candidate.decisions.end() || (found->second.method == nullptr && !found->second.pruning && !reduced)) {
    return names;
  }
  const auto add = [&](const std::vector<std::string>& observers) { names.insert(observers.begin(), observers.end()); };
  if (found->second.method != nullptr) add(found->second.method->observers);
  if (found->second.pruning) add(found->second.pruning->pruner->observers);
  if (reduced) add(candidate.structure->by_consumer.at(weight).pruner->observers);
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
