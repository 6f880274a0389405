#include <fmt/format.h>

#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

/// The weight keeps the checkpoint's order [out, in]; runtimes turn constants once, when they load them.
std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const graph::ValueId weight = node.inputs[1];
  const std::string x = exporter.value(node.inputs[0]);
  const std::string bias = node.inputs.size() < 3 ? "" : exporter.value(node.inputs[2]);
  if (exporter.has_codes(weight)) return {quantized_product(exporter, weight, x, bias)};
  const std::string matrix = exporter.shared(fmt::format("turned {}", weight), [&] {
    // A checkpoint that stores [in, out] has it as a product wants it.
    if (exporter.is_weight(weight) && exporter.weight(weight).transposed) {
      return exporter.widened(weight, exporter.stored(weight));
    }
    return writer.node("Transpose", {exporter.value(weight)}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  });
  const std::string product = writer.node("MatMul", {x, matrix});
  return {bias.empty() ? product : writer.node("Add", {product, bias})};
}

}  // namespace

const ExportRule& linear_export() {
  static const ExportRule rule{"Linear", graph::kKerfDomain, "a product with the transposed weight, and its bias",
                               write};
  return rule;
}

}  // namespace kerf::formats::onnx
