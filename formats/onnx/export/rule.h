#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx/export/exporter.h"

namespace kerf::formats::onnx {

/// How an operator of kerf's graphs leaves as operators of opset 21 or earlier; formats/onnx/export/rules.def lists
/// them. What is not listed stays the operator that it is.
struct ExportRule {
  std::string_view name;
  std::string_view domain;
  std::string_view summary;
  /// The names of the outputs; none if a fused rule leaves the node to the others.
  std::vector<std::string> (*write)(Exporter& exporter, const graph::Node& node);
};

const std::vector<const ExportRule*>& export_rules();
/// nullptr: the operator stays.
const ExportRule* find_export_rule(const std::vector<const ExportRule*>& rules, const graph::Node& node);

/// For X(name) in the list, a function name_export() that the rule's own file defines.
#define X(name) const ExportRule& name##_export();
#include "formats/onnx/export/rules.def"
#undef X

}  // namespace kerf::formats::onnx
