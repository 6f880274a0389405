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

const ExportRule* find_export_rule(const std::vector<const ExportRule*>& rules, const graph::Node& node) {
  for (const ExportRule* rule : rules) {
    if (rule->name == node.op && rule->domain == node.domain) return rule;
  }
  return nullptr;
}

}  // namespace kerf::formats::onnx
