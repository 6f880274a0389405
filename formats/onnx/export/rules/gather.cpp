#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

/// Of a table in a narrow dtype only the rows that are read are widened.
std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  const graph::ValueId table = node.inputs[0];
  if (exporter.has_codes(table) && node.attributes.int_or("axis", 0) == 0) {
    return {quantized_rows(exporter, table, exporter.value(node.inputs[1]))};
  }
  const bool stored = exporter.is_weight(table) && !exporter.weight(table).transposed;
  const std::string data = stored ? exporter.stored(table) : exporter.value(table);
  const std::string ids = exporter.value(node.inputs[1]);
  const std::string rows = exporter.writer().node("Gather", {data, ids}, node.attributes);
  return {stored ? exporter.widened(table, rows) : rows};
}

}  // namespace

const ExportRule& gather_export() {
  static const ExportRule rule{"Gather", graph::kOnnxDomain, "rows of a stored table", write};
  return rule;
}

}  // namespace kerf::formats::onnx
