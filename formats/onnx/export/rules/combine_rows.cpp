#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

/// The sum of all experts' results times their weights, most of which are 0.
std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const std::size_t experts = node.inputs.size() - 1;
  const std::string sizes = writer.integers(std::vector<std::int64_t>(experts, 1));
  const auto weights =
      writer.nodes("Split", {exporter.value(node.inputs[0]), sizes}, experts, {{"axis", std::int64_t{-1}}});
  std::string sum;
  for (std::size_t e = 0; e < experts; ++e) {
    const std::string part = writer.node("Mul", {exporter.value(node.inputs[e + 1]), weights[e]});
    sum = sum.empty() ? part : writer.node("Add", {sum, part});
  }
  return {sum};
}

}  // namespace

const ExportRule& combine_rows_export() {
  static const ExportRule rule{"CombineRows", graph::kKerfDomain, "the weighted sum of all experts", write};
  return rule;
}

}  // namespace kerf::formats::onnx
