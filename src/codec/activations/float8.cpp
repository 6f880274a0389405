#include <algorithm>
#include <memory>
#include <optional>

#include "codec/activation.h"
#include "codec/activations/groups.h"
#include "codec/activations/names.h"
#include "codec/float_codec.h"
#include "core/strings.h"

namespace kerf::codec {
namespace {

constexpr float kLargestE4M3 = 448;

ActivationParams fit(const ActivationScheme&, const ValueRange& range) {
  return {std::max(range.high, -range.low) / kLargestE4M3, 0};
}

class Float8Quantizer final : public ActivationQuantizer {
 public:
  using ActivationQuantizer::ActivationQuantizer;
  void round(float* values, std::int64_t rows, std::int64_t cols) const override {
    round_activations(scheme(), params(), values, rows, cols, fit,
                      [](std::span<float> group, const ActivationParams& fitted) {
                        const float scale = fitted.scale;
                        float* const data = group.data();
                        const std::size_t count = group.size();
#pragma omp simd
                        for (std::size_t i = 0; i < count; ++i) data[i] = round_to_e4m3(data[i] / scale) * scale;
                      });
  }
};

std::shared_ptr<const ActivationQuantizer> make(const ActivationScheme& scheme, const ActivationParams& params) {
  return std::make_shared<Float8Quantizer>(scheme, params);
}

/// "f8_e4m3-dynamic"
std::optional<ActivationScheme> parse(std::string_view name) {
  constexpr std::string_view kName = "f8_e4m3";
  ActivationScheme scheme;
  scheme.name = name;
  scheme.kind = ActivationScheme::Kind::kFloat8;
  if (!starts_with(name, kName)) return std::nullopt;
  if (!read_activation_suffix(name.substr(kName.size()), false, scheme)) return std::nullopt;
  return scheme;
}

}  // namespace

extern const ActivationFamily float8_activations;
const ActivationFamily float8_activations{
    .name = "float8",
    .grammar = "f8_e4m3-{dynamic[-g{N}]|static}",
    .summary = "8-bit floats with a scale, as vLLM's FP8 kernels take them",
    .source = "Micikevicius et al. 2022, arXiv:2209.05433",
    .examples = {"f8_e4m3-dynamic", "f8_e4m3-static"},
    .kind = ActivationScheme::Kind::kFloat8,
    .parse = parse,
    .fit = fit,
    .make = make,
};

}  // namespace kerf::codec
