#include "codec/table_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "codec/float_codec.h"

namespace kerf::codec {
namespace {

class TableGrid final : public Grid {
 public:
  explicit TableGrid(const Scheme& scheme)
      : scheme_(scheme), levels_(*scheme.levels), scale_dtype_(scheme.scale_dtype), extreme_(levels_.extreme()) {
    sort_levels();
    zero_code_ = nearest(0);
  }

  GroupParams fit(std::span<const float> values, bool& overflow) const override;
  std::uint8_t encode(float value, const GroupParams& params) const override {
    return params.scale == 0 ? zero_code_ : nearest(value / params.scale);
  }
  float decode(std::uint8_t code, const GroupParams& params) const override {
    return params.scale * levels_.values[code];
  }
  void encode_run(std::span<const float> values, const GroupParams& params, std::span<std::uint8_t> codes,
                  std::span<float> values_out) const override;
  int highest_code() const override { return (1 << levels_.bits) - 1; }

 private:
  void sort_levels();
  float fitted_scale(std::span<const float> values) const;
  /// The code whose level is nearest to `level`; of two the even one, as IEEE rounding has it.
  std::uint8_t nearest(float level) const;

  Scheme scheme_;
  const LevelTable& levels_;
  DType scale_dtype_;
  float extreme_;                    ///< the level of largest magnitude
  std::vector<std::uint8_t> codes_;  ///< in the order of their levels
  /// Where code i of codes_ gives way to the next one: the largest number that still belongs to it.
  std::vector<float> last_;
  std::uint8_t zero_code_ = 0;
};

void TableGrid::sort_levels() {
  const auto values = levels_.values;
  for (std::size_t code = 0; code < values.size(); ++code) {
    const auto same = [&](std::uint8_t other) { return values[other] == values[code]; };
    // Of two codes of one level (both zeros) the first is used.
    if (!std::isnan(values[code]) && std::none_of(codes_.begin(), codes_.end(), same)) {
      codes_.push_back(static_cast<std::uint8_t>(code));
    }
  }
  std::sort(codes_.begin(), codes_.end(), [&](std::uint8_t a, std::uint8_t b) { return values[a] < values[b]; });
  for (std::size_t i = 0; i + 1 < codes_.size(); ++i) {
    const float middle = std::midpoint(values[codes_[i]], values[codes_[i + 1]]);
    const bool tie_stays = (codes_[i] & 1) == 0;
    last_.push_back(tie_stays ? middle : std::nextafter(middle, -std::numeric_limits<float>::infinity()));
  }
}

std::uint8_t TableGrid::nearest(float level) const {
  if (codes_.size() > 16) {
    const auto above = std::lower_bound(last_.begin(), last_.end(), level);
    return codes_[static_cast<std::size_t>(above - last_.begin())];
  }
  std::size_t place = 0;
  for (const float last : last_) place += static_cast<std::size_t>(level > last);
  return codes_[place];
}

/// Powers of two: as the MX specification has it (section 6.3), the exponent of the largest magnitude less that of the
/// largest level; what then lies beyond the levels saturates. Others: the extreme value gets the extreme level.
float TableGrid::fitted_scale(std::span<const float> values) const {
  float largest = 0;
  for (const float value : values) {
    if (std::isnan(value)) return value;
    if (std::abs(value) > std::abs(largest)) largest = value;
  }
  if (scale_dtype_ == DType::kE8M0) {
    if (largest == 0 || !std::isfinite(largest)) return std::abs(largest);
    return std::ldexp(1.0F, std::max(std::ilogb(largest) - std::ilogb(extreme_), -127));
  }
  return levels_.symmetric() ? std::abs(largest / extreme_) : largest / extreme_;
}

GroupParams TableGrid::fit(std::span<const float> values, bool& overflow) const {
  const float wanted = fitted_scale(values);
  const float scale = std::isfinite(wanted) ? round_scale(scheme_, wanted) : wanted;
  if (std::isfinite(scale) && std::isfinite(scale * extreme_)) return {scale, 0, 0};
  overflow = true;
  return {};
}

void TableGrid::encode_run(std::span<const float> values, const GroupParams& params, std::span<std::uint8_t> codes,
                           std::span<float> values_out) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint8_t code = encode(values[i], params);
    codes[i] = code;
    if (!values_out.empty()) values_out[i] = decode(code, params);
  }
}

}  // namespace

std::unique_ptr<const Grid> make_table_grid(const Scheme& scheme) { return std::make_unique<TableGrid>(scheme); }

}  // namespace kerf::codec
