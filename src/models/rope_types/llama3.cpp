#include <numbers>

#include <fmt/format.h>

#include "models/rope_types.h"

namespace kerf::models {
namespace {

struct Parameters {
  float factor, low, high, context;
};

float positive(const JsonCursor& parameters, std::string_view key) {
  const JsonCursor value = parameters.at(key);
  const double number = value.as_double();
  if (!(number > 0)) value.fail(fmt::format("found {}, expected a positive number", number));
  return static_cast<float>(number);
}

/// Pairs that turn often in the trained context stay, those that turn seldom are slowed down by the factor, and between
/// the two it changes linearly with the number of turns. In f32, operation by operation as transformers does.
float stretched(float frequency, const Parameters& p) {
  const float wavelength = 2.0F * std::numbers::pi_v<float> / frequency;
  if (wavelength > p.context / p.low) return frequency / p.factor;
  if (wavelength < p.context / p.high) return frequency;
  const float smooth = (p.context / wavelength - p.low) / (p.high - p.low);
  return (1.0F - smooth) * frequency / p.factor + smooth * frequency;
}

void apply(const JsonCursor& parameters, const JsonCursor& /*config*/, Rope& rope) {
  const Parameters p{positive(parameters, "factor"), positive(parameters, "low_freq_factor"),
                     positive(parameters, "high_freq_factor"),
                     positive(parameters, "original_max_position_embeddings")};
  if (!(p.high > p.low)) {
    parameters.fail(
        fmt::format("found low_freq_factor {} and high_freq_factor {}, expected a larger second", p.low, p.high));
  }
  for (float& frequency : rope.inverse_frequencies) frequency = stretched(frequency, p);
}

}  // namespace

const RopeType& llama3_rope_type() {
  static const RopeType type{.name = "llama3",
                             .summary = "slow pairs slowed down by a factor, fast pairs kept",
                             .source = "Dubey et al. 2024, arXiv:2407.21783; transformers, modeling_rope_utils.py",
                             .apply = apply};
  return type;
}

}  // namespace kerf::models
