#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {

const std::vector<const ExportRule*>& export_rules() {
  static const std::vector<const ExportRule*> list = {
#define X(name) &name##_export(),
#include "formats/onnx/export/rules.def"
#undef X
  };
  return list;
}

const ExportRule* find_export_rule(std::string_view domain, std::string_view name) {
  for (const ExportRule* rule : export_rules()) {
    if (rule->name == name && rule->domain == domain) return rule;
  }
  return nullptr;
}

}  // namespace kerf::formats::onnx
