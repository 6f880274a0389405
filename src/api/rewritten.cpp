#include "api/rewritten.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "quant/transform.h"

namespace kerf::api {
namespace {

/// Takes the transforms that rewrite the graph out of a choice.
std::vector<const quant::TransformInfo*> take_rewrites(QuantizationChoice& choice) {
  std::vector<const quant::TransformInfo*> rewrites;
  std::erase_if(choice.transforms, [&](const std::string& name) {
    const quant::TransformInfo& info = quant::find_transform(name);
    if (info.rewrite == nullptr) return false;
    rewrites.push_back(&info);
    return true;
  });
  return rewrites;
}

}  // namespace

const OpenModel& RewrittenModels::get(QuantizationChoice& choice) {
  const auto rewrites = take_rewrites(choice);
  if (rewrites.empty()) return original_;
  if (original_.description().hyperparameters.tied_head && choice.head.empty()) choice.head = choice.embedding;
  std::string names;
  for (const quant::TransformInfo* info : rewrites) names += (names.empty() ? "" : ",") + std::string(info->name);
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.transforms == names; });
  if (found != entries_.end()) return *found->model;
  Entry entry{names, nullptr};
  for (const quant::TransformInfo* info : rewrites) {
    const OpenModel& before = entry.model ? *entry.model : original_;
    quant::Rewritten rewritten = info->rewrite(before.graph());
    entry.model = std::make_unique<OpenModel>(before, std::move(rewritten.graph), rewritten.untied_head);
    notes_.insert(notes_.end(), rewritten.notes.begin(), rewritten.notes.end());
  }
  entries_.push_back(std::move(entry));
  return *entries_.back().model;
}

void RewrittenModels::check(const quant::CalibrationData& data) const {
  if (entries_.empty() || !data.statistics) return;
  throw_usage(
      fmt::format("saved statistics describe the inputs of the model as it is, not behind {}; give calibration "
                  "text",
                  entries_.front().transforms));
}

std::vector<const OpenModel*> RewrittenModels::models() const {
  std::vector<const OpenModel*> result;
  for (const Entry& entry : entries_) result.push_back(entry.model.get());
  return result;
}

}  // namespace kerf::api
