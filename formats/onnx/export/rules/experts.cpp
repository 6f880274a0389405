#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::int64_t kLast = -1;

/// The largest of the softmax, back in their places.
std::vector<std::string> write_route(Exporter& exporter, const graph::Node& node) {
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

/// Every expert sees all tokens: how many are sent to it is not known before the model runs, and a graph whose shapes
/// depend on the data is one that few runtimes compile.
std::vector<std::string> write_take(Exporter& exporter, const graph::Node& node) {
  return {exporter.value(node.inputs[0])};
}

/// The sum of all experts' results times their weights, most of which are 0.
std::vector<std::string> write_combine(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const std::size_t experts = node.inputs.size() - 1;
  const std::string sizes = writer.integers(std::vector<std::int64_t>(experts, 1));
  const auto weights = writer.nodes("Split", {exporter.value(node.inputs[0]), sizes}, experts, {{"axis", kLast}});
  std::string sum;
  for (std::size_t e = 0; e < experts; ++e) {
    const std::string part = writer.node("Mul", {exporter.value(node.inputs[e + 1]), weights[e]});
    sum = sum.empty() ? part : writer.node("Add", {sum, part});
  }
  return {sum};
}

}  // namespace

const ExportRule& route_export() {
  static const ExportRule rule{"Route", graph::kKerfDomain, "the largest of a softmax, in their places", write_route};
  return rule;
}

const ExportRule& take_rows_export() {
  static const ExportRule rule{"TakeRows", graph::kKerfDomain, "all tokens", write_take};
  return rule;
}

const ExportRule& combine_rows_export() {
  static const ExportRule rule{"CombineRows", graph::kKerfDomain, "the weighted sum of all experts", write_combine};
  return rule;
}

}  // namespace kerf::formats::onnx
