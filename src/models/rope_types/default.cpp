#include "models/rope_types.h"

namespace kerf::models {

const RopeType& default_rope_type() {
  static const RopeType type{.name = "default",
                             .summary = "as trained",
                             .source = "Su et al. 2021, arXiv:2104.09864",
                             .apply = [](const JsonCursor&, const JsonCursor&, Rope&) {}};
  return type;
}

}  // namespace kerf::models
