#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const std::string x = exporter.value(node.inputs[0]), scale = exporter.value(node.inputs[1]);
  const auto epsilon = static_cast<float>(node.attributes.float_or("epsilon", 1e-5));
  const std::string squares = writer.node("Mul", {x, x});
  const std::string mean = writer.node("ReduceMean", {squares, writer.integers({-1})}, {{"keepdims", std::int64_t{1}}});
  const std::string deviation = writer.node("Sqrt", {writer.node("Add", {mean, writer.scalar(epsilon)})});
  return {writer.node("Mul", {writer.node("Div", {x, deviation}), scale})};
}

}  // namespace

const ExportRule& rms_normalization_export() {
  static const ExportRule rule{"RMSNormalization", graph::kOnnxDomain, "x / sqrt(mean x^2 + epsilon) * scale", write};
  return rule;
}

}  // namespace kerf::formats::onnx
