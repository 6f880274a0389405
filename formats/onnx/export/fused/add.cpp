#include "formats/onnx/export/fused_rule.h"

namespace kerf::formats::onnx {
namespace {

/// The norm that reads a sum, whose scale is there already.
const graph::Node* norm_of(const Exporter& exporter, const graph::Node& sum) {
  for (const graph::NodeId id : exporter.graph().consumers(sum.outputs[0])) {
    const graph::Node& node = exporter.graph().node(id);
    if (node.op != "RMSNormalization" || !node.domain.empty() || node.inputs[0] != sum.outputs[0]) continue;
    if (exporter.graph().value(node.inputs[1]).kind != graph::Value::Kind::kComputed) return &node;
  }
  return nullptr;
}

/// A sum of two streams and the norm that follows are one operator with both results.
std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  const graph::Node* norm = norm_of(exporter, node);
  const Shape &a = exporter.spec(node.inputs[0]).shape, &b = exporter.spec(node.inputs[1]).shape;
  if (norm == nullptr || a.size() != 3 || a != b) return {};
  exporter.writer().use_domain(kMicrosoftDomain, 1);
  const std::vector<std::string> inputs = {exporter.value(node.inputs[0]), exporter.value(node.inputs[1]),
                                           exporter.value(norm->inputs[1])};
  const auto outputs =
      exporter.writer().nodes("SkipSimplifiedLayerNormalization", inputs, 4,
                              {{"epsilon", norm->attributes.float_or("epsilon", 1e-5)}}, kMicrosoftDomain);
  exporter.writer().drop_outputs({outputs[1], outputs[2]});
  exporter.name(norm->outputs[0], outputs[0]);
  return {outputs[3]};
}

}  // namespace

const ExportRule& add_fused() {
  static const ExportRule rule{"Add", graph::kOnnxDomain, "SkipSimplifiedLayerNormalization with the norm behind it",
                               write};
  return rule;
}

}  // namespace kerf::formats::onnx
