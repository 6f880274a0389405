#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace kerf::calibration {

/// Bins of the observer "histogram": by sign, and by size 64 to each power of two from 2^-24 to 2^24, so that the bins
/// are known before any value is, and histograms of two texts add up. Bins ascend with the values; the middle one has
/// what is smaller than 2^-24, the outermost ones also what is larger than 2^24.
struct Histogram {
  static constexpr std::int64_t kPerOctave = 64, kOctaves = 48, kSide = kPerOctave * kOctaves;
  static constexpr std::int64_t kBins = 2 * kSide + 1;

  /// The bin of a value.
  static std::int64_t bin_of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto step = static_cast<std::int64_t>((bits & 0x7fffffffU) >> kShift) - kFirst;
    const std::int64_t distance = std::clamp<std::int64_t>(step + 1, 0, kSide);
    return kSide + ((bits >> 31) != 0 ? -distance : distance);
  }
  /// Magnitudes of the values in the bin: [smallest, largest).
  static float smallest(std::int64_t bin) { return bin == kSide ? 0.0F : edge(distance_of(bin) - 1); }
  static float largest(std::int64_t bin) { return edge(distance_of(bin)); }

 private:
  static constexpr int kShift = 17;  ///< leaves the exponent and six digits of the mantissa
  static constexpr std::int64_t kFirst = (127 - kOctaves / 2) * kPerOctave;
  static std::int64_t distance_of(std::int64_t bin) { return bin < kSide ? kSide - bin : bin - kSide; }
  static float edge(std::int64_t step) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(step + kFirst) << kShift);
  }
};

}  // namespace kerf::calibration
