#include "quant/learned_codes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/threads.h"
#include "quant/sources.h"
#include "quant/tunable.h"

namespace kerf::quant {
namespace {

using codec::GroupParams;
using codec::QuantizedTensor;

/// How far a position may go from where it starts, in steps of the grid: to the neighbouring code.
constexpr float kReach = 1.0F;

/// How far from its code it may start, in steps of the grid.
constexpr float kEdge = 0.49F;

/// On the grid's own axis: codes, or levels, whatever the scale.
float position_of(float value, const GroupParams& params) {
  return (value - params.minimum) / params.scale + params.zero;
}
float value_at(float position, const GroupParams& params) {
  return params.scale * (position - params.zero) + params.minimum;
}

float level_gap(const codec::Scheme& scheme) {
  if (scheme.levels == nullptr) return 1;
  const auto ends = std::minmax_element(scheme.levels->values.begin(), scheme.levels->values.end());
  return (*ends.second - *ends.first) / static_cast<float>(scheme.levels->values.size() - 1);
}

float sign(float x) { return x > 0 ? 1.0F : x < 0 ? -1.0F : 0.0F; }

/// Calls visit(place, params) for each weight of a row, params those of its group.
template <typename Visit>
void for_row(const QuantizedTensor& tensor, std::int64_t row, Visit visit) {
  std::int64_t group = -1;
  GroupParams params;
  for (std::int64_t col = 0; col < tensor.cols; ++col) {
    const std::int64_t index = tensor.group_index(row, col);
    if (index != group) params = codec::get_params(tensor, index);
    group = index;
    visit(static_cast<std::size_t>(row * tensor.cols + col), params);
  }
}

}  // namespace

LearnedCodes::LearnedCodes(QuantizedTensor start, const Tensor& weights, const graph::TensorSource& original,
                           std::vector<bool> held)
    : tensor_(std::move(start)),
      grid_(codec::make_grid(tensor_.scheme)),
      level_gap_(level_gap(tensor_.scheme)),
      start_(tensor_.codes.size()),
      held_(std::move(held)),
      shape_(original.shape()),
      label_(original.label()) {
  parallel_for(tensor_.rows, [&](std::int64_t row) {
    for_row(tensor_, row, [&](std::size_t at, const GroupParams& params) {
      const float center = grid_->decode(tensor_.codes[at], {1, params.zero, 0}) + params.zero;
      start_[at] = center;
      // A scale of 0 decodes every code to the same value: there is nothing to learn.
      if (params.scale == 0) return;
      const float edge = kEdge * level_gap_, own = position_of(weights.data<float>()[at], params);
      const float near = std::clamp(own, center - edge, center + edge);
      if (grid_->encode(value_at(near, params), params) == tensor_.codes[at]) start_[at] = near;
    });
  });
  positions_ = start_;
  if (const auto scales = make_tunable_scales(tensor_, original)) numbers_ = scales->numbers;
}

void LearnedCodes::step(const Tensor& by_weight, double rate, double scale_rate) {
  if (scale_rate > 0 && !numbers_.empty()) step_scales(by_weight, scale_rate);
  const float* const by = by_weight.data<float>();
  parallel_for(tensor_.rows, [&](std::int64_t row) {
    for_row(tensor_, row, [&](std::size_t at, const GroupParams& params) {
      if (params.scale == 0 || (!held_.empty() && held_[at])) return;
      // The derivative by the position is the scale's times that by the weight.
      const float moved = positions_[at] - static_cast<float>(rate) * level_gap_ * sign(by[at] * sign(params.scale));
      positions_[at] = std::clamp(moved, start_[at] - kReach * level_gap_, start_[at] + kReach * level_gap_);
      tensor_.codes[at] = grid_->encode(value_at(positions_[at], params), params);
    });
  });
}

void LearnedCodes::step_scales(const Tensor& by_weight, double scale_rate) {
  const auto scales = make_tunable_scales(tensor_, *source());
  std::vector<float> by_numbers(numbers_.size());
  scales->chain(by_weight, by_numbers);
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    numbers_[i] -= static_cast<float>(scale_rate * std::abs(static_cast<double>(numbers_[i]))) * sign(by_numbers[i]);
  }
  scales->numbers = numbers_;
  tensor_ = *scales->source()->read_quantized();
}

graph::SourcePtr LearnedCodes::source() const {
  return make_codes_source(std::make_shared<const QuantizedTensor>(tensor_), shape_, label_);
}

}  // namespace kerf::quant
