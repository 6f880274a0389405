#include "quant/polish_moves.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "codec/float_codec.h"

namespace kerf::quant {
namespace {

using codec::GroupParams;
using codec::Offset;
using codec::QuantizedTensor;
using codec::Scheme;

/// Columns whose changes are told to the others at once.
constexpr std::int64_t kBlock = 128;

}  // namespace

class BlockPolisher::Moves {
 public:
  Moves(const Tensor& hessian, const codec::Grid& grid, QuantizedTensor& out)
      : hessian_(hessian.data<float>()),
        grid_(grid),
        out_(out),
        scheme_(out.scheme),
        cols_(out.cols),
        block_(width(out)),
        trial_(static_cast<std::size_t>(block_)),
        pull_(static_cast<std::size_t>(block_)) {}

  bool polish(const BlockPlace& place) {
    at_ = place;
    return polish_block();
  }

 private:
  /// Row `i` of the block's own part of the Hessian.
  const float* hessian(std::int64_t i) const { return hessian_ + (at_.begin + i) * cols_ + at_.begin; }

  bool polish_block() {
    bool changed = false;
    if (scheme_.has_super_blocks()) changed = polish_super_block();
    if (scheme_.granularity == codec::Granularity::kGroup) {
      for (std::int64_t col = at_.begin; col < at_.end; col += scheme_.group_size) {
        changed = polish_group(col, std::min(col + scheme_.group_size, at_.end)) || changed;
      }
    }
    return polish_codes() || changed;
  }

  bool polish_codes() {
    const std::int64_t row = at_.row;
    std::uint8_t* const codes = out_.codes.data() + row * cols_ + at_.begin;
    float* const values = at_.values;
    float* const gradients = at_.gradients;
    const std::int64_t width = at_.end - at_.begin;
    bool changed = false;
    for (std::int64_t i = 0; i < width; ++i) {
      if (at_.held_zeros != nullptr && at_.held_zeros[i] == 0) continue;
      const float* const h = hessian(i);
      const GroupParams params = codec::get_params(out_, out_.group_index(row, at_.begin + i));
      const std::uint8_t code = grid_.encode(values[i] + gradients[i] / h[i], params);
      if (code == codes[i]) continue;
      const float value = grid_.decode(code, params), step = value - values[i];
      if (!(step * (2 * gradients[i] - step * h[i]) > 0)) continue;
      codes[i] = code;
      values[i] = value;
      at_.changes[i] += step;
#pragma omp simd
      for (std::int64_t k = 0; k < width; ++k) gradients[k] -= step * h[k];
      changed = true;
    }
    return changed;
  }

  struct Moments {
    double slope = 0, curvature = 0;
  };

  /// Along `direction` on columns [from, to) of the block: of a step t, the objective falls by 2 t slope - t^2
  /// curvature.
  Moments moments(std::int64_t from, std::int64_t to, const float* direction) {
    const float* const gradients = at_.gradients;
    Moments result;
    for (std::int64_t i = from; i < to; ++i) {
      const float* const h = hessian(i);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t k = from; k < to; ++k) sum += h[k] * direction[k];
      result.slope += static_cast<double>(direction[i]) * static_cast<double>(gradients[i]);
      result.curvature += static_cast<double>(direction[i]) * static_cast<double>(sum);
    }
    return result;
  }

  /// The values that the stored parameters now give on columns [from, to) of the block, if the objective falls with
  /// them; otherwise false, and nothing has happened.
  bool take(std::int64_t from, std::int64_t to) {
    const std::int64_t row = at_.row;
    const std::uint8_t* const codes = out_.codes.data() + row * cols_ + at_.begin;
    float* const values = at_.values;
    for (std::int64_t i = from; i < to; ++i) {
      const GroupParams params = codec::get_params(out_, out_.group_index(row, at_.begin + i));
      trial_[static_cast<std::size_t>(i)] = grid_.decode(codes[i], params) - values[i];
    }
    const float* const steps = trial_.data();
    const Moments whole = moments(from, to, steps);
    if (!(2 * whole.slope - whole.curvature > 0)) return false;
    std::fill(pull_.begin(), pull_.end(), 0.0f);
    float* const pull = pull_.data();
    const std::int64_t width = at_.end - at_.begin;
    for (std::int64_t i = from; i < to; ++i) {
      const float step = steps[i];
      if (step == 0) continue;
      const float* const h = hessian(i);
#pragma omp simd
      for (std::int64_t k = 0; k < width; ++k) pull[k] += step * h[k];
      values[i] += step;
      at_.changes[i] += step;
    }
    // As decoding gives them: the sum above may be a bit off.
    for (std::int64_t i = from; i < to; ++i) {
      values[i] = grid_.decode(codes[i], codec::get_params(out_, out_.group_index(row, at_.begin + i)));
    }
    float* const gradients = at_.gradients;
#pragma omp simd
    for (std::int64_t k = 0; k < width; ++k) gradients[k] -= pull[k];
    return true;
  }

  /// Moves a number that is stored to `wanted`, if the objective falls.
  template <typename Number, typename Expand>
  bool move(Number& number, Number wanted, std::int64_t from, std::int64_t to, Expand expand) {
    if (wanted == number) return false;
    std::swap(number, wanted);
    expand();
    if (take(from, to)) return true;
    std::swap(number, wanted);
    expand();
    return false;
  }

  /// The directions in which a group's values go with its scale and with its minimum.
  std::vector<float> scale_direction(std::int64_t from, std::int64_t to, const GroupParams& params) {
    std::vector<float> direction(static_cast<std::size_t>(block_));
    const std::uint8_t* const codes = out_.codes.data() + (at_.row) * cols_ + at_.begin;
    for (std::int64_t i = from; i < to; ++i) {
      direction[static_cast<std::size_t>(i)] = grid_.decode(codes[i], {1, params.zero, 0});
    }
    return direction;
  }

  float rounded(double value) const { return codec::round_scale(scheme_, static_cast<float>(value)); }

  bool polish_group(std::int64_t begin, std::int64_t end) {
    const std::int64_t from = begin - at_.begin, to = end - at_.begin;
    const std::int64_t group = out_.group_index(at_.row, begin);
    const std::vector<float> levels = scale_direction(from, to, codec::get_params(out_, group));
    const Moments by_scale = moments(from, to, levels.data());
    if (!(by_scale.curvature > 0)) return false;
    const double scale_step = by_scale.slope / by_scale.curvature;
    // A zero that is held leaves no room for anything added to all values.
    if (scheme_.offset == Offset::kSymmetric || at_.held_zeros != nullptr)
      return move_line(from, to, group, {scale_step, 0});
    std::vector<float> ones(static_cast<std::size_t>(block_));
    std::fill(ones.begin() + from, ones.begin() + to, 1.0f);
    const Moments by_offset = moments(from, to, ones.data());
    const double both = cross(from, to, levels.data());
    const double determinant = by_scale.curvature * by_offset.curvature - both * both;
    bool changed = false;
    // Both at once first: where one alone would have to go back for what the other does, neither moves.
    if (determinant > 1e-6 * by_scale.curvature * by_offset.curvature) {
      changed = move_line(from, to, group,
                          {(by_scale.slope * by_offset.curvature - by_offset.slope * both) / determinant,
                           (by_offset.slope * by_scale.curvature - by_scale.slope * both) / determinant});
    }
    if (changed) return true;
    changed = move_line(from, to, group, {scale_step, 0});
    const Moments now = moments(from, to, ones.data());
    if (!(now.curvature > 0)) return changed;
    return move_line(from, to, group, {0, now.slope / now.curvature}) || changed;
  }

  /// direction^T H 1 on columns [from, to) of the block.
  double cross(std::int64_t from, std::int64_t to, const float* direction) const {
    double result = 0;
    for (std::int64_t i = from; i < to; ++i) {
      const float* const h = hessian(i);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t k = from; k < to; ++k) sum += h[k];
      result += static_cast<double>(direction[i]) * static_cast<double>(sum);
    }
    return result;
  }

  /// How far a group's scale, and what is added to all its values, should go.
  struct Step {
    double scale = 0, offset = 0;
  };

  /// What is stored of a group's line: v = scale * level + offset.
  struct Line {
    float scale = 0, minimum = 0;
    std::uint8_t zero_point = 0;
    std::int8_t scale_code = 0;
    std::uint8_t minimum_code = 0;
    bool operator==(const Line&) const = default;
  };

  Line stored_line(std::size_t group) const {
    Line line;
    line.scale = out_.scales[group];
    if (!out_.minima.empty()) line.minimum = out_.minima[group];
    if (!out_.zero_points.empty()) line.zero_point = out_.zero_points[group];
    if (!out_.scale_codes.empty()) line.scale_code = out_.scale_codes[group];
    if (!out_.minimum_codes.empty()) line.minimum_code = out_.minimum_codes[group];
    return line;
  }

  void store_line(std::size_t group, const Line& line) {
    out_.scales[group] = line.scale;
    if (!out_.minima.empty()) out_.minima[group] = line.minimum;
    if (!out_.zero_points.empty()) out_.zero_points[group] = line.zero_point;
    if (!out_.scale_codes.empty()) out_.scale_codes[group] = line.scale_code;
    if (!out_.minimum_codes.empty()) out_.minimum_codes[group] = line.minimum_code;
  }

  /// Takes the step as far as it can be stored, if the objective falls.
  bool move_line(std::int64_t from, std::int64_t to, std::int64_t group, const Step& step) {
    const auto g = static_cast<std::size_t>(group);
    const Line before = stored_line(g);
    Line wanted = before;
    if (!(scheme_.has_super_blocks() ? step_codes(step, wanted) : step_numbers(step, wanted))) return false;
    if (wanted == before) return false;
    store_line(g, wanted);
    if (take(from, to)) return true;
    store_line(g, before);
    return false;
  }

  /// False: it cannot be stored.
  bool step_numbers(const Step& step, Line& line) const {
    const float old_scale = line.scale;
    line.scale = rounded(static_cast<double>(line.scale) + step.scale);
    if (!std::isfinite(line.scale * static_cast<float>(grid_.highest_code()))) return false;
    if (scheme_.offset == Offset::kMinimum) {
      line.minimum = rounded(static_cast<double>(line.minimum) + step.offset);
      return std::isfinite(line.minimum);
    }
    if (scheme_.offset == Offset::kSymmetric || step.offset == 0) return true;
    if (old_scale == 0 || line.scale == 0) return false;
    const double zero = static_cast<double>(line.zero_point) - step.offset / static_cast<double>(line.scale);
    line.zero_point =
        static_cast<std::uint8_t>(std::clamp(std::nearbyint(zero), 0.0, static_cast<double>(grid_.highest_code())));
    return true;
  }

  bool step_codes(const Step& step, Line& line) const {
    const auto block = static_cast<std::size_t>(out_.super_index(at_.row, at_.begin));
    const int bits = scheme_.super.scale_bits;
    const float unit = out_.super_scales[block];
    if (unit == 0) return false;
    const double low = scheme_.super.signed_scales ? -(1 << (bits - 1)) : 0;
    const double high = (1 << (scheme_.super.signed_scales ? bits - 1 : bits)) - 1;
    line.scale_code = static_cast<std::int8_t>(
        std::clamp(std::nearbyint(line.scale_code + step.scale / static_cast<double>(unit)), low, high));
    line.scale = unit * static_cast<float>(line.scale_code);
    if (scheme_.offset != Offset::kMinimum) return true;
    const float minimum_unit = out_.super_minima[block];
    if (minimum_unit == 0) return step.offset == 0;
    const double most = (1 << bits) - 1;
    line.minimum_code = static_cast<std::uint8_t>(
        std::clamp(std::nearbyint(line.minimum_code - step.offset / static_cast<double>(minimum_unit)), 0.0, most));
    line.minimum = -(minimum_unit * static_cast<float>(line.minimum_code));
    return true;
  }

  /// The scale of the super-block, and its minimum, along which all its values go.
  bool polish_super_block() {
    const std::int64_t row = at_.row, width = at_.end - at_.begin;
    const auto block = static_cast<std::size_t>(out_.super_index(row, at_.begin));
    const auto expand = [&] { out_.expand_super_block(row, at_.begin); };
    const auto direction = [&](auto of_group) {
      std::vector<float> values(static_cast<std::size_t>(block_));
      for (std::int64_t i = 0; i < width; ++i) {
        values[static_cast<std::size_t>(i)] =
            of_group(static_cast<std::size_t>(out_.group_index(row, at_.begin + i)), i);
      }
      return values;
    };
    const std::uint8_t* const codes = out_.codes.data() + row * cols_ + at_.begin;
    const auto with_scale = direction([&](std::size_t g, std::int64_t i) {
      const GroupParams params = codec::get_params(out_, static_cast<std::int64_t>(g));
      return static_cast<float>(out_.scale_codes[g]) * grid_.decode(codes[i], {1, params.zero, 0});
    });
    bool changed = false;
    if (const Moments m = moments(0, width, with_scale.data()); m.curvature > 0) {
      const float wanted = rounded(static_cast<double>(out_.super_scales[block]) + m.slope / m.curvature);
      changed = std::isfinite(wanted) && move(out_.super_scales[block], wanted, 0, width, expand);
    }
    if (scheme_.offset != Offset::kMinimum) return changed;
    const auto with_minimum =
        direction([&](std::size_t g, std::int64_t) { return -static_cast<float>(out_.minimum_codes[g]); });
    if (const Moments m = moments(0, width, with_minimum.data()); m.curvature > 0) {
      const float wanted = rounded(static_cast<double>(out_.super_minima[block]) + m.slope / m.curvature);
      changed = (std::isfinite(wanted) && move(out_.super_minima[block], wanted, 0, width, expand)) || changed;
    }
    return changed;
  }

  const float* hessian_;
  const codec::Grid& grid_;
  QuantizedTensor& out_;
  const Scheme& scheme_;
  std::int64_t cols_, block_;
  BlockPlace at_;
  std::vector<float> trial_, pull_;
};

BlockPolisher::BlockPolisher(const Tensor& hessian, const codec::Grid& grid, QuantizedTensor& out)
    : moves_(std::make_unique<Moves>(hessian, grid, out)) {}
BlockPolisher::~BlockPolisher() = default;
BlockPolisher::BlockPolisher(BlockPolisher&&) noexcept = default;

bool BlockPolisher::polish(const BlockPlace& place) { return moves_->polish(place); }

std::int64_t BlockPolisher::width(const QuantizedTensor& tensor) {
  const Scheme& scheme = tensor.scheme;
  if (scheme.has_super_blocks()) return std::min(scheme.super.cols, tensor.cols);
  if (scheme.granularity != codec::Granularity::kGroup) return std::min(kBlock, tensor.cols);
  const std::int64_t width = scheme.group_size;
  return std::min(width >= kBlock ? width : kBlock / width * width, tensor.cols);
}

}  // namespace kerf::quant
