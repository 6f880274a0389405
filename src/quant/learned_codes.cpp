#include "quant/learned_codes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/threads.h"
#include "quant/tunable.h"

namespace kerf::quant {
namespace {

using codec::GroupParams;
using codec::QuantizedTensor;

/// How far a value may go from where it starts, in steps of the grid: to the neighbouring code.
constexpr float kReach = 0.5F;

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

/// Codes in memory, as they were when they were asked for.
class CodesSource : public graph::TensorSource {
 public:
  CodesSource(QuantizedTensor tensor, Shape shape, std::string label)
      : TensorSource(tensor.scheme.scale_dtype, std::move(shape), std::move(label)), tensor_(std::move(tensor)) {}
  std::optional<codec::Scheme> scheme() const override { return tensor_.scheme; }
  std::optional<QuantizedTensor> read_quantized() const override { return tensor_; }
  std::uint64_t stored_bytes() const override {
    return (codec::storage_bits(tensor_.scheme, tensor_.rows, tensor_.cols) + 7) / 8;
  }
  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    codec::dequantize_rows(tensor_, first, count, out);
  }

 private:
  QuantizedTensor tensor_;
};

}  // namespace

LearnedCodes::LearnedCodes(QuantizedTensor start, const Tensor& weights, const graph::TensorSource& original)
    : tensor_(std::move(start)),
      grid_(codec::make_grid(tensor_.scheme)),
      level_gap_(level_gap(tensor_.scheme)),
      start_(tensor_.codes.size()),
      shape_(original.shape()),
      label_(original.label()) {
  parallel_for(tensor_.rows, [&](std::int64_t row) {
    for_row(tensor_, row, [&](std::size_t at, const GroupParams& params) {
      const float weight = weights.data<float>()[at];
      const bool own = grid_->encode(weight, params) == tensor_.codes[at];
      start_[at] = own ? weight : grid_->decode(tensor_.codes[at], params);
    });
  });
  values_ = start_;
  if (const auto scales = make_tunable_scales(tensor_, original)) numbers_ = scales->numbers;
}

void LearnedCodes::step(const Tensor& by_weight, double rate, double scale_rate) {
  if (scale_rate > 0 && !numbers_.empty()) step_scales(by_weight, scale_rate);
  const float* const by = by_weight.data<float>();
  parallel_for(tensor_.rows, [&](std::int64_t row) {
    for_row(tensor_, row, [&](std::size_t at, const GroupParams& params) {
      const float unit = std::abs(params.scale) * level_gap_;
      const float moved = values_[at] - static_cast<float>(rate) * unit * sign(by[at]);
      values_[at] = std::clamp(moved, start_[at] - kReach * unit, start_[at] + kReach * unit);
      tensor_.codes[at] = grid_->encode(values_[at], params);
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

graph::SourcePtr LearnedCodes::source() const { return std::make_shared<CodesSource>(tensor_, shape_, label_); }

}  // namespace kerf::quant
