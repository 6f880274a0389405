#include "quant/transform.h"

#include "core/error.h"
#include "core/strings.h"
#include "quant/registered_kind.h"

namespace kerf::quant {

#define X(id) extern const TransformInfo id##_transform;
#include "quant/transforms.def"
#undef X

const std::vector<const TransformInfo*>& transforms() {
  static const std::vector<const TransformInfo*> all = {
#define X(id) &id##_transform,
#include "quant/transforms.def"
#undef X
  };
  return all;
}

const TransformInfo& find_transform(std::string_view name) {
  std::vector<std::string> known;
  for (const TransformInfo* info : transforms()) {
    if (info->name == to_lower_ascii(name)) return *info;
    known.emplace_back(info->name);
  }
  throw_usage(unknown_choice("transform", name, known));
}

}  // namespace kerf::quant
