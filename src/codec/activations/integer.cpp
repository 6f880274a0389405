#include <algorithm>
#include <memory>
#include <optional>

#include "codec/activation.h"
#include "codec/activations/groups.h"
#include "codec/activations/names.h"
#include "codec/affine.h"
#include "core/strings.h"

namespace kerf::codec {
namespace {

float lowest_code(const ActivationScheme& scheme) { return static_cast<float>(-(1 << (scheme.bits - 1))); }
float highest_code(const ActivationScheme& scheme) { return static_cast<float>((1 << (scheme.bits - 1)) - 1); }

ActivationParams fit(const ActivationScheme& scheme, const ValueRange& range) {
  const float low = lowest_code(scheme), high = highest_code(scheme);
  if (scheme.symmetric) return {std::max(range.high, -range.low) / high, 0};
  const float scale = (range.high - range.low) / (high - low);
  if (!(scale > 0)) return {0, 0};
  const float zero = low + (rounded_steps(-range.low, scale, 0, 0, high - low) - kRounder);
  return {scale, static_cast<int>(zero)};
}

class IntegerQuantizer final : public ActivationQuantizer {
 public:
  using ActivationQuantizer::ActivationQuantizer;
  void round(float* values, std::int64_t rows, std::int64_t cols) const override {
    const float lowest = lowest_code(scheme()), highest = highest_code(scheme());
    round_activations(scheme(), params(), values, rows, cols, fit,
                      [&](std::span<float> group, const ActivationParams& fitted) {
                        const float scale = fitted.scale, zero = static_cast<float>(fitted.zero_point);
                        const float low = lowest - zero, high = highest - zero;
                        float* const data = group.data();
                        const std::size_t count = group.size();
#pragma omp simd
                        for (std::size_t i = 0; i < count; ++i) {
                          const float steps = rounded_steps(data[i], scale, 0, low, high) - kRounder;
                          data[i] = affine_value<false>(steps, scale, 0);
                        }
                      });
  }
};

std::shared_ptr<const ActivationQuantizer> make(const ActivationScheme& scheme, const ActivationParams& params) {
  return std::make_shared<IntegerQuantizer>(scheme, params);
}

/// "int8-dynamic-asym"
std::optional<ActivationScheme> parse(std::string_view name) {
  ActivationScheme scheme;
  scheme.name = name;
  if (name.size() < 4 || !starts_with(name, "int") || name[3] < '2' || name[3] > '8') return std::nullopt;
  scheme.bits = name[3] - '0';
  if (!read_activation_suffix(name.substr(4), true, scheme)) return std::nullopt;
  return scheme;
}

}  // namespace

extern const ActivationFamily integer_activations;
const ActivationFamily integer_activations{
    .name = "integer",
    .grammar = "int{2..8}-{dynamic[-g{N}]|static}[-asym]",
    .summary =
        "integers: dynamic with a range for each token (or N of its channels), static with one calibrated range for "
        "all; -asym with a zero point",
    .source = "https://github.com/vllm-project/compressed-tensors",
    .examples = {"int8-dynamic", "int8-dynamic-asym", "int8-static", "int8-static-asym", "int4-dynamic",
                 "int4-dynamic-asym"},
    .kind = ActivationScheme::Kind::kInteger,
    .parse = parse,
    .fit = fit,
    .make = make,
};

}  // namespace kerf::codec
