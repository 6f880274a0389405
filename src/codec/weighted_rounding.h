#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/grid.h"

namespace kerf::codec {

/// A group of values that is rounded again and again with other parameters: what comes out, and how far it is off.
class WeightedRounding {
 public:
  /// `importance` may be empty. Both must outlive this.
  WeightedRounding(const Grid& grid, std::span<const float> values, std::span<const float> importance);

  /// Rounds with the parameters; approximations() then belong to them. Returns the weighted sum of squared errors.
  float round(const GroupParams& params);
  std::span<const float> approximations() const { return approximations_; }

  /// Sums over the group with u = approximation - offset, as least-squares fits need them.
  struct Sums {
    float w = 0, x = 0, u = 0, xu = 0, uu = 0;
  };
  Sums sums(float offset) const;
  float weight(std::size_t i) const { return importance_.empty() ? 1.0F : importance_[i]; }

 private:
  const Grid& grid_;
  std::span<const float> values_, importance_;
  std::vector<std::uint8_t> codes_;
  std::vector<float> approximations_;
};

}  // namespace kerf::codec
