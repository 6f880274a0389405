#include "ops/op.h"
#include "ops/ops.h"

namespace kerf::ops {

const std::vector<const OpInfo*>& all_ops() {
  static const std::vector<const OpInfo*> list = {
#define X(name) &name##_op(),
#include "ops/ops.def"
#undef X
  };
  return list;
}

const OpInfo* find_op(std::string_view domain, std::string_view name) {
  for (const OpInfo* op : all_ops()) {
    if (op->name == name && op->domain == domain) return op;
  }
  return nullptr;
}

}  // namespace kerf::ops
