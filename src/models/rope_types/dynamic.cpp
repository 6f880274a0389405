#include <fmt/format.h>

#include "models/config.h"
#include "models/rope_types.h"

namespace kerf::models {
namespace {

void apply(const JsonCursor& parameters, const JsonCursor& config, Rope& rope) {
  const JsonCursor factor = parameters.at("factor");
  rope.growth = factor.as_double();
  if (!(rope.growth >= 1)) factor.fail(fmt::format("found {}, expected 1 or more", rope.growth));
  if (rope.rotary_dim() <= 2) parameters.fail("found heads of which two elements turn, expected more");
  rope.grows_from = read_size(config, "max_position_embeddings");
}

}  // namespace

const RopeType& dynamic_rope_type() {
  static const RopeType type{.name = "dynamic",
                             .summary = "as trained up to the trained length, slower the longer the text is beyond it",
                             .source = "transformers, modeling_rope_utils.py (NTK-aware scaling)",
                             .apply = apply};
  return type;
}

}  // namespace kerf::models
