#include "quant/method.h"

#include "core/error.h"
#include "core/strings.h"
#include "quant/registered_kind.h"

namespace kerf::quant {

#define X(id) extern const MethodInfo id##_method;
#include "quant/methods.def"
#undef X

const std::vector<const MethodInfo*>& methods() {
  static const std::vector<const MethodInfo*> all = {
#define X(id) &id##_method,
#include "quant/methods.def"
#undef X
  };
  return all;
}

const MethodInfo& find_method(std::string_view name) {
  std::vector<std::string> known;
  for (const MethodInfo* info : methods()) {
    if (info->name == to_lower_ascii(name)) return *info;
    known.emplace_back(info->name);
  }
  throw_usage(unknown_choice("method", name, known));
}

}  // namespace kerf::quant
