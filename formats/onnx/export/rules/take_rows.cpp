#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

/// Every expert sees all tokens: how many are sent to it is not known before the model runs, and a graph whose shapes
/// depend on the data is one that few runtimes compile.
std::vector<std::string> write(Exporter& exporter, const graph::Node& node) { return {exporter.value(node.inputs[0])}; }

}  // namespace

const ExportRule& take_rows_export() {
  static const ExportRule rule{"TakeRows", graph::kKerfDomain, "all tokens", write};
  return rule;
}

}  // namespace kerf::formats::onnx
