#include <cmath>

#include <fmt/format.h>

#include "models/config.h"
#include "models/rope_types.h"

namespace kerf::models {
namespace {

std::vector<float> divided(const Rope& rope, const JsonCursor& factors) {
  if (factors.as_array().size() != rope.inverse_frequencies.size()) {
    factors.fail(fmt::format("found {} factors, expected one for each of {} pairs", factors.as_array().size(),
                             rope.inverse_frequencies.size()));
  }
  std::vector<float> result;
  const auto dim = static_cast<float>(rope.rotary_dim());
  for (std::size_t i = 0; i < rope.inverse_frequencies.size(); ++i) {
    const auto factor = static_cast<float>(factors.at(i).as_double());
    if (!(factor > 0)) factors.at(i).fail(fmt::format("found {}, expected a positive number", factor));
    const float exponent = static_cast<float>(2 * i) / dim;
    result.push_back(1.0F / (factor * static_cast<float>(std::pow(rope.theta, static_cast<double>(exponent)))));
  }
  return result;
}

/// sqrt(1 + ln(s) / ln(trained length)) for a length s times the trained one.
double default_attention_factor(double stretch, double trained) {
  return stretch <= 1 ? 1.0 : std::sqrt(1 + std::log(stretch) / std::log(trained));
}

void apply(const JsonCursor& parameters, const JsonCursor& config, Rope& rope) {
  const char* key = "original_max_position_embeddings";
  const std::int64_t context = read_size(config, "max_position_embeddings");
  const bool own = parameters.has(key);
  const std::int64_t trained = own || config.has(key) ? read_size(own ? parameters : config, key) : context;
  const double stretch = own || config.has(key) ? static_cast<double>(context) / static_cast<double>(trained)
                                                : parameters.double_or("factor", 1.0);
  rope.long_inverse_frequencies = divided(rope, parameters.at("long_factor"));
  rope.inverse_frequencies = divided(rope, parameters.at("short_factor"));
  rope.long_from = trained;
  rope.attention_factor = static_cast<float>(
      parameters.double_or("attention_factor", default_attention_factor(stretch, static_cast<double>(trained))));
}

}  // namespace

const RopeType& longrope_rope_type() {
  static const RopeType type{
      .name = "longrope",
      .summary = "each pair slowed down by a factor of its own, others beyond the trained length",
      .source = "Ding et al. 2024, arXiv:2402.13753; transformers, modeling_rope_utils.py",
      .apply = apply};
  return type;
}

/// The name that the first configurations had for it.
const RopeType& su_rope_type() {
  static const RopeType type{
      .name = "su", .summary = "longrope by an older name", .source = longrope_rope_type().source, .apply = apply};
  return type;
}

}  // namespace kerf::models
