#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"

namespace kerf::codec {

/// Parameters of one group: value = scale * (code - zero) + minimum, of which one of zero and minimum is 0; where codes
/// stand for levels, value = scale * level.
struct GroupParams {
  float scale = 0;
  float zero = 0;     ///< in code units, an integer: 2^(bits-1) for symmetric schemes of integers
  float minimum = 0;  ///< in value units
};

/// The set of values that a scheme can hold, as rounding methods see it: choose a group's parameters, round one value.
/// Every method works with every grid. Stateless, thread-safe. Rounding is to nearest, ties to even, saturating.
class Grid {
 public:
  virtual ~Grid() = default;

  /// Parameters for a group of values by its range (min-max), rounded to the scheme's scale dtype, so that nothing is
  /// lost in a file. Symmetric schemes below 8 bits put the value of largest magnitude on code 0 (the signed-extreme
  /// rule of GGUF Q4_0: scale = extreme / -2^(bits-1), may be negative); 8 bits use scale = max|w| / 127. Levels get
  /// the extreme value on the largest of them; a power of two follows the rule of the MX formats.
  /// (With zero points: the least that holds the range.)
  /// Zero-point ranges include 0. Minima are rounded down, so that no value lies below code 0. A scale that underflows
  /// is 0 and every code then decodes to one value: 0 with the middle code, or the minimum. `overflow` is set (never
  /// cleared) if a scale or minimum does not fit its dtype or a value is not finite; then scale and minimum are 0.
  virtual GroupParams fit(std::span<const float> values, bool& overflow) const = 0;
  /// clamp(nearest((value - minimum) / scale) + zero) in f32, to the codes of `bits`; 8 bits symmetric leave out code
  /// 0. With levels the code of the nearest. NaN gives the lowest code.
  virtual std::uint8_t encode(float value, const GroupParams& params) const = 0;
  virtual float decode(std::uint8_t code, const GroupParams& params) const = 0;
  /// Codes and values of a run of weights that share params; `values_out` may be empty or the same memory as `values`.
  virtual void encode_run(std::span<const float> values, const GroupParams& params, std::span<std::uint8_t> codes,
                          std::span<float> values_out) const = 0;
  virtual int highest_code() const = 0;
};

/// The grid of a quantized scheme of 2 to 8 bits with scales of f32, f16, bf16, e8m0 or f8_e4m3; Error(kUsage) for
/// others. Of a scheme with super-blocks: that of its groups, as if their scales stood for themselves (see
/// codec/fitter.h).
std::unique_ptr<const Grid> make_grid(const Scheme& scheme);

/// The least power of two that is not below a positive value; 0 for others.
float least_power_of_two(float value);
/// A scale as the scheme stores it: in its dtype, times its unit.
float round_scale(const Scheme& scheme, float scale);
/// The scheme for a tensor whose largest magnitude is `largest`: where the unit is the tensor's own, the least power of
/// two that lets the scale of the group with that value be stored.
Scheme with_unit(Scheme scheme, float largest);
/// The same for the largest of `values`.
Scheme with_unit(Scheme scheme, std::span<const float> values);

/// Stores / loads a group's parameters in a quantized tensor; `index` as QuantizedTensor::group_index gives it.
void set_params(QuantizedTensor& tensor, std::int64_t index, const GroupParams& params);
GroupParams get_params(const QuantizedTensor& tensor, std::int64_t index);

}  // namespace kerf::codec
