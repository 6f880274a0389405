#include <fmt/format.h>

#include "models/rope_types.h"

namespace kerf::models {
namespace {

void apply(const JsonCursor& parameters, const JsonCursor& /*config*/, Rope& rope) {
  const JsonCursor factors = parameters.at("factors");
  if (factors.as_array().size() != rope.inverse_frequencies.size()) {
    factors.fail(fmt::format("found {} factors, expected one for each of {} pairs", factors.as_array().size(),
                             rope.inverse_frequencies.size()));
  }
  for (std::size_t i = 0; i < rope.inverse_frequencies.size(); ++i) {
    const auto factor = static_cast<float>(factors.at(i).as_double());
    if (!(factor > 0)) factors.at(i).fail(fmt::format("found {}, expected a positive number", factor));
    rope.inverse_frequencies[i] /= factor;
  }
}

}  // namespace

/// What a GGUF file keeps of llama3's scaling: not its parameters, but the divisor of each pair's frequency.
const RopeType& freq_factors_rope_type() {
  static const RopeType type{.name = "freq_factors",
                             .summary = "each pair slowed down by a factor of its own",
                             .source = "llama.cpp, tensor rope_freqs.weight",
                             .apply = apply};
  return type;
}

}  // namespace kerf::models
