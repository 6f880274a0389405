#include "emit/weight_names.h"

namespace kerf::emit {

WeightNames::WeightNames(const graph::Graph& graph) {
  for (const graph::ValueId id : graph.weights()) {
    const graph::Weight& weight = graph.value(id).weight;
    add(weight.name, weight.source);
  }
}

WeightNames::WeightNames(const graph::SourceMap& tensors) {
  for (const auto& [name, source] : tensors) add(name, source);
}

void WeightNames::add(const std::string& name, graph::SourcePtr source) {
  if (!whole_.emplace(name, std::move(source)).second) return;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    behind_prefix_.emplace(name.substr(dot + 1), name);
  }
}

const std::string* WeightNames::name_of(const std::string& name) const {
  if (const auto found = whole_.find(name); found != whole_.end()) return &found->first;
  if (const auto found = behind_prefix_.find(name); found != behind_prefix_.end()) return &found->second;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    if (const auto found = whole_.find(name.substr(dot + 1)); found != whole_.end()) return &found->first;
  }
  return nullptr;
}

graph::SourcePtr WeightNames::find(const std::string& name) const {
  const std::string* whole = name_of(name);
  if (whole == nullptr) return nullptr;
  found_[*whole] = true;
  return whole_.find(*whole)->second;
}

std::vector<std::string> WeightNames::left_over() const {
  std::vector<std::string> names;
  for (const auto& [name, source] : whole_) {
    if (!found_.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace kerf::emit
