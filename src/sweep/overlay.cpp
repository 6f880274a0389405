#include "sweep/overlay.h"

#include <algorithm>

#include "core/checked.h"
#include "core/threads.h"

namespace kerf::sweep {
namespace {

auto find_input(std::vector<InputRounding>& list, std::size_t input) {
  return std::find_if(list.begin(), list.end(), [&](const InputRounding& r) { return r.input == input; });
}

}  // namespace

void Overlay::set_rounding(graph::NodeId node, InputRounding rounding) {
  auto& list = roundings_[node];
  const auto found = find_input(list, rounding.input);
  if (found == list.end()) {
    list.push_back(std::move(rounding));
  } else {
    *found = std::move(rounding);
  }
}

std::shared_ptr<const codec::FakeQuantizer> Overlay::rounding_of(graph::NodeId node, std::size_t input) const {
  const auto found = roundings_.find(node);
  if (found == roundings_.end()) return nullptr;
  for (const InputRounding& rounding : found->second) {
    if (rounding.input == input) return rounding.quantizer;
  }
  return nullptr;
}

Tensor rounded(const Tensor& values, const InputRounding& rounding) {
  /// Values that one task rounds, about.
  constexpr std::int64_t kTaskValues = std::int64_t{1} << 16;
  Tensor copy = values.clone();
  if (values.rank() == 0 || values.size() == 0) return copy;
  const std::int64_t cols = values.shape().back() / rounding.parts, rows = values.size() / cols;
  const std::int64_t step = std::max<std::int64_t>(kTaskValues / cols, 1);
  float* const data = copy.data<float>();
  parallel_for(div_up(rows, step), [&](std::int64_t task) {
    const std::int64_t first = task * step;
    rounding.quantizer->round(data + first * cols, std::min(step, rows - first), cols);
  });
  return copy;
}

}  // namespace kerf::sweep
