#include "codec/grid.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "codec/float_codec.h"
#include "codec/integer_grid.h"
#include "codec/table_grid.h"
#include "core/error.h"

namespace kerf::codec {

std::unique_ptr<const Grid> make_grid(const Scheme& scheme) {
  if (!scheme.quantized() || scheme.bits < 2 || scheme.bits > 8) {
    throw_usage("found scheme " + scheme.name + ", expected one with codes of 2 to 8 bits");
  }
  round_to(scheme.scale_dtype, 0);  // throws if scales of this dtype cannot be written
  return scheme.kind == Scheme::Kind::kTable ? make_table_grid(scheme) : make_integer_grid(scheme);
}

float least_power_of_two(float value) {
  int exponent = 0;
  const float part = std::frexp(value, &exponent);
  return value > 0 ? std::ldexp(1.0F, part == 0.5F ? exponent - 1 : exponent) : 0;
}

namespace {

/// How many scales the largest magnitude of a group is, if its range is taken as it is.
float largest_steps(const Scheme& scheme) {
  if (scheme.levels != nullptr) return std::abs(scheme.levels->extreme());
  const int codes = 1 << scheme.bits;
  // With a zero point the range may be twice the largest magnitude.
  if (scheme.offset != Offset::kSymmetric) return static_cast<float>(codes - 1) / 2;
  return static_cast<float>(scheme.bits == 8 ? codes / 2 - 1 : codes / 2);
}

}  // namespace

float round_scale(const Scheme& scheme, float scale) {
  return round_to(scheme.scale_dtype, scale / scheme.unit.value) * scheme.unit.value + 0.0F;  // + 0: never -0
}

Scheme with_unit(Scheme scheme, float largest) {
  if (!scheme.unit_by_tensor || !(largest > 0) || !std::isfinite(largest)) return scheme;
  constexpr float kLargestE4M3 = 448;
  constexpr float kLeastUnit = 0x1p-126F;
  scheme.unit.value = std::max(least_power_of_two(largest / largest_steps(scheme) / kLargestE4M3), kLeastUnit);
  return scheme;
}

Scheme with_unit(Scheme scheme, std::span<const float> values) {
  if (!scheme.unit_by_tensor) return scheme;
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return with_unit(std::move(scheme), largest);
}

void set_params(QuantizedTensor& tensor, std::int64_t index, const GroupParams& params) {
  const auto at = static_cast<std::size_t>(index);
  tensor.scales[at] = params.scale;
  if (tensor.scheme.offset == Offset::kZeroPoint) tensor.zero_points[at] = static_cast<std::uint8_t>(params.zero);
  if (tensor.scheme.offset == Offset::kMinimum) tensor.minima[at] = params.minimum;
}

GroupParams get_params(const QuantizedTensor& tensor, std::int64_t index) {
  const auto at = static_cast<std::size_t>(index);
  switch (tensor.scheme.offset) {
    case Offset::kSymmetric:
      if (tensor.scheme.kind == Scheme::Kind::kTable) return {tensor.scales[at], 0, 0};
      return {tensor.scales[at], static_cast<float>(1 << (tensor.scheme.bits - 1)), 0};
    case Offset::kZeroPoint:
      return {tensor.scales[at], static_cast<float>(tensor.zero_points[at]), 0};
    case Offset::kMinimum:
      return {tensor.scales[at], 0, tensor.minima[at]};
  }
  return {};
}

}  // namespace kerf::codec
