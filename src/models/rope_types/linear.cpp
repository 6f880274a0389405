#include <fmt/format.h>

#include "models/rope_types.h"

namespace kerf::models {
namespace {

void apply(const JsonCursor& parameters, const JsonCursor& /*config*/, Rope& rope) {
  const JsonCursor value = parameters.at("factor");
  const double factor = value.as_double();
  if (!(factor > 0)) value.fail(fmt::format("found {}, expected a positive number", factor));
  for (float& frequency : rope.inverse_frequencies) frequency /= static_cast<float>(factor);
}

}  // namespace

const RopeType& linear_rope_type() {
  static const RopeType type{.name = "linear",
                             .summary = "positions divided by a factor",
                             .source = "Chen et al. 2023, arXiv:2306.15595",
                             .apply = apply};
  return type;
}

}  // namespace kerf::models
