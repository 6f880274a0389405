#include "emit/weight_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "codec/float_codec.h"
#include "codec/quantized_tensor.h"
#include "core/error.h"
#include "core/threads.h"
#include "quant/sources.h"

namespace kerf::emit {
namespace {

/// Differences in steps, counted in bins of a sixteenth up to 64.
constexpr std::size_t kBins = 16 * 64 + 1;
constexpr double kBinsPerStep = 16;
constexpr std::int64_t kPartValues = std::int64_t{1} << 18;

/// What one part of the rows adds up to.
struct Sums {
  double error = 0, values = 0, found_values = 0, offset = 0, squared_steps = 0;
  std::int64_t counted = 0, zeroed = 0, changed = 0, lost_groups = 0, swollen_groups = 0;
  std::array<std::int64_t, kBins> histogram{};
  double worst = 0, worst_group = 0;
  std::int64_t worst_at = 0, group_at = 0;

  void add(const Sums& part) {
    error += part.error;
    values += part.values;
    found_values += part.found_values;
    offset += part.offset;
    squared_steps += part.squared_steps;
    counted += part.counted;
    zeroed += part.zeroed;
    changed += part.changed;
    lost_groups += part.lost_groups;
    swollen_groups += part.swollen_groups;
    for (std::size_t b = 0; b < kBins; ++b) histogram[b] += part.histogram[b];
    if (part.worst > worst) std::tie(worst, worst_at) = std::pair(part.worst, part.worst_at);
    if (part.worst_group > worst_group) {
      std::tie(worst_group, group_at) = std::pair(part.worst_group, part.group_at);
    }
  }
};

/// The distance of each code's value to the farther of its neighbours, before the scale; codes that stand at an end.
class Codes {
 public:
  explicit Codes(const codec::Scheme& scheme) {
    const std::size_t count = std::size_t{1} << scheme.bits;
    step_.assign(count, 1);
    at_end_.assign(count, false);
    if (scheme.levels == nullptr) {
      at_end_.front() = at_end_.back() = true;
      if (scheme.bits == 8 && scheme.offset == codec::Offset::kSymmetric) at_end_[1] = true;  // code 0 is left out
      return;
    }
    std::vector<std::pair<float, std::size_t>> sorted;
    for (std::size_t code = 0; code < count; ++code) {
      if (std::isfinite(scheme.levels->values[code])) sorted.emplace_back(scheme.levels->values[code], code);
    }
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const float below = i > 0 ? sorted[i].first - sorted[i - 1].first : 0;
      const float above = i + 1 < sorted.size() ? sorted[i + 1].first - sorted[i].first : 0;
      step_[sorted[i].second] = std::max(below, above);
    }
    at_end_[sorted.front().second] = at_end_[sorted.back().second] = true;
  }
  float step(std::uint8_t code) const { return step_[code]; }
  /// What a run of codes is measured by at least. Next to 0 the steps of 8-bit floats are thousands of times finer than
  /// what methods that make up for errors move their values by: there the root mean square of the run's steps.
  float least_step(std::span<const std::uint8_t> codes) const {
    if (step_.size() < 256 || at_end_.front()) return 0;  // integers
    double sum = 0;
    for (const std::uint8_t code : codes) sum += static_cast<double>(step_[code]) * static_cast<double>(step_[code]);
    return static_cast<float>(std::sqrt(sum / static_cast<double>(std::max<std::size_t>(codes.size(), 1))));
  }
  bool at_end(std::uint8_t code) const { return at_end_[code]; }

 private:
  std::vector<float> step_;
  std::vector<bool> at_end_;
};

/// The distance between the floats of a dtype around a value.
float float_step(DType dtype, float value) {
  const int digits = dtype == DType::kBF16 ? 7 : dtype == DType::kF16 ? 10 : 23;
  const float smallest = dtype == DType::kF16 ? 0x1p-24F : std::numeric_limits<float>::denorm_min();
  return std::max(std::ldexp(std::abs(value), -digits), smallest);
}

void count_step(double steps, std::int64_t at, Sums& sums) {
  const double size = std::abs(steps);
  const auto bin = std::min(static_cast<std::size_t>(std::min(size * kBinsPerStep, 1e6)), kBins - 1);
  ++sums.histogram[bin];
  ++sums.counted;
  sums.offset += steps;
  if (size > sums.worst) std::tie(sums.worst, sums.worst_at) = std::pair(size, at);
}

void add_errors(std::span<const float> expected, std::span<const float> found, Sums& sums) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double value = expected[i], error = found[i] - value;
    sums.error += error * error;
    sums.values += value * value;
    sums.found_values += static_cast<double>(found[i]) * found[i];
  }
}

/// One group of a row of codes: `scale` its scale, `rms` that of the whole weight.
void add_group(std::span<const float> expected, std::span<const float> found, std::span<const std::uint8_t> codes,
               const Codes& table, float scale, double rms, std::int64_t at, Sums& sums) {
  double energy = 0, found_energy = 0, step_energy = 0, squared = 0;
  std::int64_t counted = 0;
  const float least = table.least_step(codes.first(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    energy += static_cast<double>(expected[i]) * expected[i];
    found_energy += static_cast<double>(found[i]) * found[i];
    const float step = std::abs(scale) * std::max(table.step(codes[i]), least);
    step_energy += static_cast<double>(step) * step;
    if (step == 0) continue;
    if (found[i] == 0 && std::abs(expected[i]) > step) {
      ++sums.zeroed;
      continue;
    }
    const bool clipped = table.at_end(codes[i]) && std::abs(expected[i]) > std::abs(found[i]);
    if (clipped) continue;
    // In the direction of rising codes: scales may be negative.
    const double steps = (static_cast<double>(found[i]) - expected[i]) / std::copysign(step, scale);
    count_step(steps, at + static_cast<std::int64_t>(i), sums);
    squared += steps * steps;
    ++counted;
  }
  if (scale == 0) {
    constexpr double kSmall = 1e-3;
    const double size = std::sqrt(energy / static_cast<double>(expected.size()));
    const bool all_zero = std::all_of(found.begin(), found.end(), [](float value) { return value == 0; });
    if (all_zero && size > kSmall * rms) ++sums.lost_groups;
    return;
  }
  constexpr double kSwollen = 6;
  if (found_energy > kSwollen * energy + step_energy) ++sums.swollen_groups;
  if (counted == 0) return;
  sums.squared_steps += squared;
  const double mean = squared / static_cast<double>(counted);
  if (mean > sums.worst_group) std::tie(sums.worst_group, sums.group_at) = std::pair(mean, at);
}

class Check {
 public:
  Check(const graph::SourcePtr& original, const Scaling& scaling, const graph::TensorSource& found)
      : original_(original), scaling_(scaling), found_(found), quantized_(found.read_quantized()) {
    if (quantized_) codes_.emplace(quantized_->scheme);
  }

  WeightFigures run() {
    if (quantized_) rms_ = sampled_rms();
    const std::int64_t rows = found_.rows(), step = std::max<std::int64_t>(kPartValues / width(), 1);
    Sums total;
    std::mutex mutex;
    std::vector<Sums> parts(static_cast<std::size_t>((rows + step - 1) / step));
    parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t i) {
      parts[static_cast<std::size_t>(i)] = part(i * step, std::min(step, rows - i * step));
    });
    for (const Sums& sums : parts) total.add(sums);
    return figures(total);
  }

 private:
  std::int64_t width() const { return std::max<std::int64_t>(found_.row_size(), 1); }

  /// Rows spread over the weight, at most `count`.
  std::vector<std::int64_t> sample(std::int64_t count) const {
    const std::int64_t rows = found_.rows(), taken = std::min(rows, count);
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = 0; i < taken; ++i) chosen.push_back(i * rows / taken);
    return chosen;
  }

  double sampled_rms() const {
    double sum = 0, count = 0;
    for (const std::int64_t row : sample(64)) {
      for (const float value : scaled_rows(*original_, scaling_, row, 1)) {
        sum += static_cast<double>(value) * value;
        ++count;
      }
    }
    return count > 0 ? std::sqrt(sum / count) : 0;
  }

  Sums part(std::int64_t first, std::int64_t count) const {
    const auto expected = scaled_rows(*original_, scaling_, first, count);
    std::vector<float> found(expected.size());
    found_.read_rows(first, count, found.data());
    Sums sums;
    add_errors(expected, found, sums);
    if (quantized_) {
      for (std::int64_t r = 0; r < count; ++r)
        add_row(first + r,
                std::span(expected).subspan(static_cast<std::size_t>(r * width()), static_cast<std::size_t>(width())),
                std::span(found).subspan(static_cast<std::size_t>(r * width()), static_cast<std::size_t>(width())),
                sums);
    } else {
      add_floats(first, expected, found, sums);
    }
    return sums;
  }

  void add_row(std::int64_t row, std::span<const float> expected, std::span<const float> found, Sums& sums) const {
    const std::int64_t group = quantized_->scheme.group_width(quantized_->cols);
    const auto codes = std::span(quantized_->codes).subspan(static_cast<std::size_t>(row * width()));
    for (std::int64_t col = 0; col < width(); col += group) {
      const auto at = static_cast<std::size_t>(col);
      const auto size = static_cast<std::size_t>(std::min(group, width() - col));
      const float scale = quantized_->scales[static_cast<std::size_t>(quantized_->group_index(row, col))];
      add_group(expected.subspan(at, size), found.subspan(at, size), codes.subspan(at, size), *codes_, scale, rms_,
                row * width() + col, sums);
    }
  }

  void add_floats(std::int64_t first, std::span<const float> expected, std::span<const float> found, Sums& sums) const {
    const DType dtype = found_.dtype();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (found[i] == expected[i] || found[i] == codec::round_to(dtype, expected[i])) {
        ++sums.counted;
        ++sums.histogram[0];
        continue;
      }
      ++sums.changed;
      const double steps = (static_cast<double>(found[i]) - expected[i]) / float_step(dtype, expected[i]);
      count_step(steps, first * width() + static_cast<std::int64_t>(i), sums);
    }
  }

  /// Of rounding the same values to nearest, on a sample: the search of super-blocks takes its time.
  double rounding_error() const {
    double error = 0, values = 0;
    const graph::SourcePtr scaled = scaling_.any() ? sampled_source() : nullptr;
    const auto rows = sample(quantized_->scheme.has_super_blocks() ? 32 : 256);
    const graph::SourcePtr source = scaled != nullptr ? scaled : original_;
    const graph::SourcePtr rounded = quant::make_rtn_source(source, quantized_->scheme);
    std::vector<float> expected(static_cast<std::size_t>(width())), found(expected.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int64_t row = scaled != nullptr ? static_cast<std::int64_t>(i) : rows[i];
      source->read_rows(row, 1, expected.data());
      rounded->read_rows(row, 1, found.data());
      for (std::size_t c = 0; c < expected.size(); ++c) {
        const double value = expected[c], difference = found[c] - value;
        error += difference * difference;
        values += value * value;
      }
    }
    return values > 0 ? std::sqrt(error / values) : 0;
  }

  /// The sampled rows as a weight of their own.
  graph::SourcePtr sampled_source() const {
    const auto rows = sample(quantized_->scheme.has_super_blocks() ? 32 : 256);
    std::vector<float> values;
    for (const std::int64_t row : rows) {
      const auto one = scaled_rows(*original_, scaling_, row, 1);
      values.insert(values.end(), one.begin(), one.end());
    }
    const Shape shape{static_cast<std::int64_t>(rows.size()), width()};
    return graph::make_memory_source(Tensor::from<float>(shape, values), original_->label());
  }

  WeightFigures figures(const Sums& sums) const {
    WeightFigures result;
    result.relative_error = sums.values > 0 ? std::sqrt(sums.error / sums.values) : 0;
    result.all_zero = sums.found_values == 0 && sums.values > 0;
    result.changed = sums.changed;
    result.lost_groups = sums.lost_groups;
    result.swollen_groups = sums.swollen_groups;
    const auto elements = static_cast<double>(std::max<std::int64_t>(found_.rows() * width(), 1));
    result.zeroed = static_cast<double>(sums.zeroed) / elements;
    const auto counted = static_cast<double>(std::max<std::int64_t>(sums.counted, 1));
    result.offset = sums.offset / counted;
    result.usual_group = sums.squared_steps / counted;
    result.worst_group = sums.worst_group;
    std::tie(result.group_row, result.group_col) = std::pair(sums.group_at / width(), sums.group_at % width());
    result.worst_steps = sums.worst;
    std::tie(result.worst_row, result.worst_col) = std::pair(sums.worst_at / width(), sums.worst_at % width());
    double above = counted / 1e4;
    std::size_t bin = kBins;
    while (bin > 0 && above >= 0) above -= static_cast<double>(sums.histogram[--bin]);
    result.usual_steps = static_cast<double>(bin + 1) / kBinsPerStep;
    if (quantized_ && !result.all_zero) result.rounding_error = rounding_error();
    return result;
  }

  const graph::SourcePtr& original_;
  const Scaling& scaling_;
  const graph::TensorSource& found_;
  std::optional<codec::QuantizedTensor> quantized_;
  std::optional<Codes> codes_;
  double rms_ = 0;
};

}  // namespace

std::vector<float> scaled_rows(const graph::TensorSource& source, const Scaling& scaling, std::int64_t first,
                               std::int64_t count) {
  const std::int64_t width = source.row_size();
  std::vector<float> values(static_cast<std::size_t>(count * width));
  source.read_rows(first, count, values.data());
  if (!scaling.any()) return values;
  for (std::int64_t r = 0; r < count; ++r) {
    const float down = scaling.rows.empty() ? 1.0F : scaling.rows[static_cast<std::size_t>(first + r)];
    for (std::int64_t c = 0; c < width; ++c) {
      const float up = scaling.cols.empty() ? 1.0F : scaling.cols[static_cast<std::size_t>(c)];
      float& value = values[static_cast<std::size_t>(r * width + c)];
      value = (value + scaling.offset) * up / down - scaling.offset;
    }
  }
  return values;
}

WeightFigures check_weight(const graph::SourcePtr& original, const Scaling& scaling, const graph::TensorSource& found) {
  try {
    return Check(original, scaling, found).run();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInput) throw;
    WeightFigures figures;
    figures.unreadable = error.what();
    return figures;
  }
}

}  // namespace kerf::emit
