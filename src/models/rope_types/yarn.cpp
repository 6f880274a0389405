#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "models/config.h"
#include "models/rope_types.h"

namespace kerf::models {
namespace {

double positive_or(const JsonCursor& parameters, std::string_view key, double fallback) {
  const double value = parameters.double_or(key, fallback);
  if (!(value > 0)) parameters.at(key).fail(fmt::format("found {}, expected a positive number", value));
  return value;
}

/// The pair that turns `turns` times in the trained length, as a place between pairs.
double pair_of(double turns, const Rope& rope, double trained) {
  const auto dim = static_cast<double>(rope.rotary_dim());
  return dim * std::log(trained / (turns * 2 * std::numbers::pi)) / (2 * std::log(rope.theta));
}

double attention_factor(double stretch, double weight) {
  return stretch <= 1 ? 1.0 : 0.1 * weight * std::log(stretch) + 1.0;
}

double attention_factor(const JsonCursor& parameters, double stretch) {
  const double weight = parameters.double_or("mscale", 0), all = parameters.double_or("mscale_all_dim", 0);
  if (weight != 0 && all != 0) return attention_factor(stretch, weight) / attention_factor(stretch, all);
  return attention_factor(stretch, 1.0);
}

/// Equations 17 to 23: fast pairs stay, slow ones are divided by the factor, between the two a ramp.
void apply(const JsonCursor& parameters, const JsonCursor& config, Rope& rope) {
  const char* key = "original_max_position_embeddings";
  const auto context = static_cast<double>(read_size(config, "max_position_embeddings"));
  const auto trained = parameters.has(key) ? static_cast<double>(read_size(parameters, key)) : context;
  const double stretch = positive_or(parameters, "factor", context / trained);
  const bool truncate = parameters.bool_or("truncate", true);
  const double last = static_cast<double>(rope.rotary_dim()) - 1;
  double low = pair_of(positive_or(parameters, "beta_fast", 32), rope, trained);
  double high = pair_of(positive_or(parameters, "beta_slow", 1), rope, trained);
  low = std::max(truncate ? std::floor(low) : low, 0.0);
  high = std::min(truncate ? std::ceil(high) : high, last);
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < rope.inverse_frequencies.size(); ++i) {
    const auto ramp = static_cast<float>(std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0));
    const float fast = rope.inverse_frequencies[i], slow = fast / static_cast<float>(stretch);
    rope.inverse_frequencies[i] = slow * ramp + fast * (1.0F - ramp);
  }
  rope.attention_factor =
      static_cast<float>(parameters.double_or("attention_factor", attention_factor(parameters, stretch)));
}

}  // namespace

const RopeType& yarn_rope_type() {
  static const RopeType type{.name = "yarn",
                             .summary = "slow pairs divided by a factor, fast pairs kept, a ramp between",
                             .source = "Peng et al. 2023, arXiv:2309.00071; transformers, modeling_rope_utils.py",
                             .apply = apply};
  return type;
}

}  // namespace kerf::models
