#include "text/normalizer.h"

namespace kerf::text {

const std::vector<const NormalizerInfo*>& normalizers() {
  static const std::vector<const NormalizerInfo*> all = {
#define X(name) &name##_normalizer(),
#include "text/normalizers.def"
#undef X
  };
  return all;
}

std::unique_ptr<Normalizer> make_normalizer(const JsonCursor& json) {
  return make_component("normalizer", normalizers(), json);
}

}  // namespace kerf::text
