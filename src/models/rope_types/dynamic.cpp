#include "models/config.h"
#include "models/rope_types.h"

namespace kerf::models {
namespace {

/// Up to the length it was trained for it turns as the default does; beyond, by the length of each text. kerf measures
/// within the trained length, so that is its end.
void apply(const JsonCursor& parameters, const JsonCursor& config, Rope& rope) {
  const char* key = "original_max_position_embeddings";
  rope.max_positions = parameters.has(key) ? read_size(parameters, key) : read_size(config, "max_position_embeddings");
}

}  // namespace

const RopeType& dynamic_rope_type() {
  static const RopeType type{.name = "dynamic",
                             .summary = "as trained, up to the trained length",
                             .source = "transformers, modeling_rope_utils.py",
                             .apply = apply};
  return type;
}

}  // namespace kerf::models
