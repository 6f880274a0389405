#include "formats/onnx/export/fused_rule.h"

namespace kerf::formats::onnx {
namespace {

std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  if (const std::string made = exporter.known(node.outputs[0]); !made.empty()) return {made};
  graph::Attributes attributes{{"epsilon", node.attributes.float_or("epsilon", 1e-5)}};
  attributes.set("axis", std::int64_t{-1});
  attributes.set("stash_type", std::int64_t{proto::TensorProto::FLOAT});
  // An operator of ONNX Runtime's that it has in the default domain.
  return {exporter.writer().node("SimplifiedLayerNormalization",
                                 {exporter.value(node.inputs[0]), exporter.value(node.inputs[1])}, attributes)};
}

}  // namespace

const ExportRule& rms_normalization_fused() {
  static const ExportRule rule{"RMSNormalization", graph::kOnnxDomain, "SimplifiedLayerNormalization", write};
  return rule;
}

}  // namespace kerf::formats::onnx
