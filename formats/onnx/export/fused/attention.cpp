#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/export/fused_rule.h"
#include "ops/attention_scores.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::int64_t kToI32 = proto::TensorProto::INT32;

/// Why GroupQueryAttention computes something else; empty if it does not.
std::string_view refusal(const Exporter& exporter, const graph::Node& node, const ops::AttentionGeometry& g) {
  const auto mask = exporter.graph().find_input("attention_mask");
  if (!g.causal) return "its attention is not causal";
  if (g.alibi) return "its positions are slopes of the scores (alibi)";
  if (node.inputs.size() > 4 && node.inputs[4] != graph::kNoValue) return "its scores have a bias";
  if (g.queries != g.keys || !mask || node.inputs.size() < 4 || node.inputs[3] != *mask) {
    return "its keys are not those of the text that is written";
  }
  if (g.dim != g.value_dim) return "its keys and values differ in size";
  return {};
}

/// Tokens of each text less one, and the length of the longest: past ones too.
std::string last_places(Exporter& exporter, const std::string& mask) {
  return exporter.shared("last places", [&] {
    GraphWriter& writer = exporter.writer();
    const std::string counts = writer.node("ReduceSum", {mask, writer.integers({1})}, {{"keepdims", std::int64_t{0}}});
    return writer.node("Cast", {writer.node("Sub", {counts, writer.integer(1)})}, {{"to", kToI32}});
  });
}

std::string total_length(Exporter& exporter, const std::string& mask) {
  return exporter.shared("total length", [&] {
    return exporter.writer().node("Cast", {exporter.scalar_extent(mask, 1)}, {{"to", kToI32}});
  });
}

std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  const auto shape_of = [&](std::size_t i) -> const Shape& { return exporter.spec(node.inputs[i]).shape; };
  const auto g = ops::attention_geometry(node, shape_of(0), shape_of(1), shape_of(2));
  if (const std::string_view why = refusal(exporter, node, g); !why.empty()) {
    throw_usage(
        fmt::format("--onnx-style ort has GroupQueryAttention, which cannot stand for {}: {}; --onnx-style "
                    "standard can",
                    quoted(node.name), why));
  }
  GraphWriter& writer = exporter.writer();
  writer.use_domain(kMicrosoftDomain, 1);
  const std::string mask = exporter.value(node.inputs[3]);
  const Exporter::Past past = exporter.add_past(g.kv_heads, g.dim);
  graph::Attributes attributes{{"num_heads", g.heads}, {"kv_num_heads", g.kv_heads}};
  attributes.set("scale", static_cast<double>(g.scale));
  if (g.softcap > 0) attributes.set("softcap", static_cast<double>(g.softcap));
  if (g.window > 0) attributes.set("local_window_size", g.window);
  const auto outputs =
      writer.nodes("GroupQueryAttention",
                   {exporter.value(node.inputs[0]), exporter.value(node.inputs[1]), exporter.value(node.inputs[2]),
                    past.key, past.value, last_places(exporter, mask), total_length(exporter, mask)},
                   3, attributes, kMicrosoftDomain);
  writer.rename(outputs[1], past.present_key);
  writer.rename(outputs[2], past.present_value);
  return {outputs[0]};
}

}  // namespace

const ExportRule& attention_fused() {
  static const ExportRule rule{"Attention", graph::kKerfDomain, "GroupQueryAttention with its past", write};
  return rule;
}

}  // namespace kerf::formats::onnx
