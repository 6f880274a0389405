#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::int64_t kLast = -1;

/// The largest of the softmax, back in their places.
std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const std::string logits = exporter.value(node.inputs[0]);
  const std::string probabilities = writer.node("Softmax", {logits}, {{"axis", kLast}});
  const std::string count = writer.integers({node.attributes.int_or("top_k", 1)});
  const auto best = writer.nodes("TopK", {probabilities, count}, 2, {{"axis", kLast}});
  std::string weights = best[0];
  if (node.attributes.int_or("normalize", 0) != 0) {
    const std::string sum = writer.node("ReduceSum", {weights, writer.integers({kLast})});
    weights = writer.node("Div", {weights, sum});
  }
  const std::string zeros = writer.node("Expand", {writer.scalar(0.0F), writer.node("Shape", {logits})});
  return {writer.node("ScatterElements", {zeros, best[1], weights}, {{"axis", kLast}})};
}

}  // namespace

const ExportRule& route_export() {
  static const ExportRule rule{"Route", graph::kKerfDomain, "the largest of a softmax, in their places", write};
  return rule;
}

}  // namespace kerf::formats::onnx
