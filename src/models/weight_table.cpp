#include "models/weight_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::models {

WeightTable::WeightTable(const graph::SourceMap& tensors, std::string config_file, std::vector<std::string> prefixes)
    : tensors_(tensors), config_file_(std::move(config_file)), prefixes_(std::move(prefixes)) {
  if (prefixes_.empty()) prefixes_.emplace_back();
}

std::string WeightTable::full_name(std::string_view name) const {
  for (const std::string& prefix : prefixes_) {
    if (std::string full = prefix + std::string(name); tensors_.contains(full)) return full;
  }
  return prefixes_[usual_prefix_] + std::string(name);
}

bool WeightTable::has(std::string_view name) const { return tensors_.contains(full_name(name)); }

graph::SourcePtr WeightTable::take(std::string_view name, const Shape& shape) {
  const std::string full = full_name(name);
  const auto found = tensors_.find(full);
  if (found == tensors_.end()) {
    throw_input(config_file_, fmt::format("tensor {}", quoted(full)),
                fmt::format("the checkpoint has none, expected shape {}", to_string(shape)));
  }
  const graph::SourcePtr& source = found->second;
  if (source->shape() != shape) {
    throw_input(source->label(), "",
                fmt::format("found shape {}, expected {}", to_string(source->shape()), to_string(shape)));
  }
  if (!is_floating(source->dtype()) && !source->scheme()) {
    throw_input(source->label(), "",
                fmt::format("found {} values and nothing that says their scale, expected a floating dtype",
                            dtype_name(source->dtype())));
  }
  if (used_.empty()) {
    const auto fits = [&](const std::string& prefix) { return full == prefix + std::string(name); };
    usual_prefix_ =
        static_cast<std::size_t>(std::find_if(prefixes_.begin(), prefixes_.end(), fits) - prefixes_.begin());
  }
  used_.insert(full);
  return source;
}

std::vector<std::string> WeightTable::finish(std::span<const Ignorable> ignorable, std::string_view family) const {
  struct LeftAside {
    std::string first;
    std::size_t count = 0;
  };
  std::vector<LeftAside> left(ignorable.size());
  for (const auto& [name, source] : tensors_) {
    if (used_.contains(name)) continue;
    // Captured by a name of its own: clang takes no structured bindings into lambdas before C++20's last corrections.
    const auto rule = std::find_if(ignorable.begin(), ignorable.end(), [&tensor = name](const Ignorable& candidate) {
      return glob_match(candidate.pattern, tensor);
    });
    if (rule == ignorable.end()) {
      throw_input(source->label(), "", fmt::format("found a tensor that no part of a {} model reads", family));
    }
    LeftAside& entry = left[static_cast<std::size_t>(rule - ignorable.begin())];
    if (entry.count++ == 0) entry.first = name;
  }
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i].count == 0) continue;
    const std::string others = left[i].count == 1 ? "" : fmt::format(" and {} more", left[i].count - 1);
    notes.push_back(fmt::format("tensor {}{} left aside: {}", quoted(left[i].first), others, ignorable[i].reason));
  }
  return notes;
}

}  // namespace kerf::models
