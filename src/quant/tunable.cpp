#include "quant/tunable.h"

#include <cmath>
#include <span>
#include <utility>

#include "codec/float_codec.h"
#include "core/threads.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

using codec::GroupParams;
using codec::Offset;
using codec::QuantizedTensor;

double mean_size(const std::vector<float>& numbers) {
  double sum = 0;
  for (const float number : numbers) sum += std::fabs(static_cast<double>(number));
  return numbers.empty() ? 0 : sum / static_cast<double>(numbers.size());
}

class TunableScales : public Tunable {
 public:
  TunableScales(QuantizedTensor tensor, const graph::TensorSource& original)
      : tensor_(std::make_shared<QuantizedTensor>(std::move(tensor))),
        grid_(codec::make_grid(tensor_->scheme)),
        shape_(original.shape()),
        label_(original.label()) {
    numbers = scales();
    numbers.insert(numbers.end(), minima().begin(), minima().end());
    // A minimum is as fine as the codes it is added to; that of a super-block counts codes of its own.
    const double unit = mean_size(scales());
    set_units(scales().size(), unit, tensor_->scheme.has_super_blocks() ? mean_size(minima()) : unit);
  }

  void chain(const Tensor& by_weight, std::vector<float>& by_numbers) const override {
    const QuantizedTensor& t = *tensor_;
    const bool super = t.scheme.has_super_blocks(), shared = t.scheme.shares_rows();
    const std::size_t offset = scales().size();
    const auto row_of = [&](std::int64_t row) {
      for (std::int64_t col = 0; col < t.cols; ++col) {
        const std::int64_t group = t.group_index(row, col);
        const auto at = static_cast<std::size_t>(row * t.cols + col);
        const float by = by_weight.data<float>()[at];
        const GroupParams params = codec::get_params(t, group);
        const float level = grid_->decode(t.codes[at], {1, params.zero, 0});
        const auto g = static_cast<std::size_t>(group);
        const auto number = super ? static_cast<std::size_t>(t.super_index(row, col)) : g;
        by_numbers[number] += by * (super ? static_cast<float>(t.scale_codes[g]) * level : level);
        if (t.scheme.offset != Offset::kMinimum) continue;
        by_numbers[offset + number] += super ? -static_cast<float>(t.minimum_codes[g]) * by : by;
      }
    };
    if (shared) {
      for (std::int64_t row = 0; row < t.rows; ++row) row_of(row);
    } else {
      parallel_for(t.rows, row_of);
    }
  }

  graph::SourcePtr source() override {
    auto next = std::make_shared<QuantizedTensor>(*tensor_);
    std::vector<float>& first = next->scheme.has_super_blocks() ? next->super_scales : next->scales;
    std::vector<float>& second = next->scheme.has_super_blocks() ? next->super_minima : next->minima;
    take(first, 0);
    take(second, first.size());
    if (next->scheme.has_super_blocks()) {
      for (std::int64_t row = 0; row < next->rows; ++row) {
        for (std::int64_t col = 0; col < next->cols; col += next->scheme.super.cols) next->expand_super_block(row, col);
      }
    }
    tensor_ = next;
    return make_codes_source(next, shape_, label_);
  }

 private:
  const std::vector<float>& scales() const {
    return tensor_->scheme.has_super_blocks() ? tensor_->super_scales : tensor_->scales;
  }
  const std::vector<float>& minima() const {
    return tensor_->scheme.has_super_blocks() ? tensor_->super_minima : tensor_->minima;
  }

  void take(std::vector<float>& stored, std::size_t from) const {
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const float value = codec::round_to(tensor_->scheme.scale_dtype, numbers[from + i]) + 0.0F;
      // A scale of 0 stays: its group holds nothing, and no code would follow.
      if (std::isfinite(value) && (from > 0 || (value != 0 && stored[i] != 0))) stored[i] = value;
    }
  }

  std::shared_ptr<const QuantizedTensor> tensor_;
  std::unique_ptr<const codec::Grid> grid_;
  Shape shape_;
  std::string label_;
};

class TunableVector : public Tunable {
 public:
  TunableVector(const graph::TensorSource& source, DType dtype)
      : dtype_(dtype), shape_(source.shape()), label_(source.label()), stored_(source.read()) {
    const auto values = stored_.values<float>();
    numbers.assign(values.begin(), values.end());
    set_units(numbers.size(), mean_size(numbers), 0);
  }

  void chain(const Tensor& by_weight, std::vector<float>& by_numbers) const override {
    const auto by = by_weight.values<float>();
    for (std::size_t i = 0; i < by.size(); ++i) by_numbers[i] += by[i];
  }

  graph::SourcePtr source() override {
    Tensor next(DType::kF32, shape_);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const float value = codec::round_to(dtype_, numbers[i]);
      next.values<float>()[i] = std::isfinite(value) ? value : stored_.values<float>()[i];
    }
    stored_ = next;
    return graph::make_memory_source(next, label_);
  }

 private:
  DType dtype_;
  Shape shape_;
  std::string label_;
  Tensor stored_;
};

}  // namespace

std::unique_ptr<Tunable> make_tunable_scales(QuantizedTensor tensor, const graph::TensorSource& original) {
  const DType dtype = tensor.scheme.scale_dtype;
  if (dtype != DType::kF16 && dtype != DType::kBF16 && dtype != DType::kF32) return nullptr;
  return std::make_unique<TunableScales>(std::move(tensor), original);
}

std::unique_ptr<Tunable> make_tunable_vector(const graph::TensorSource& source, DType dtype) {
  return std::make_unique<TunableVector>(source, dtype);
}

}  // namespace kerf::quant
