#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/export/rule.h"

namespace kerf::formats::onnx {
namespace {

using Integers = std::vector<std::int64_t>;

struct Turn {
  std::int64_t heads = 0, head_dim = 0, rotary_dim = 0;
  bool interleaved = false;
};

Turn turn_of(const Exporter& exporter, const graph::Node& node) {
  const Shape& x = exporter.spec(node.inputs[0]).shape;
  if (x.size() != 3 || node.inputs.size() > 3) {
    throw_usage(fmt::format("node {}: a RotaryEmbedding of {} axes and {} inputs cannot leave as ONNX",
                            quoted(node.name), x.size(), node.inputs.size()));
  }
  Turn turn{.heads = node.attributes.int_or("num_heads", 0)};
  turn.head_dim = x[2] / turn.heads;
  const std::int64_t part = node.attributes.int_or("rotary_embedding_dim", 0);
  turn.rotary_dim = part == 0 ? turn.head_dim : part;
  turn.interleaved = node.attributes.int_or("interleaved", 0) != 0;
  return turn;
}

/// [batch, length, rotary_dim / 2] -> an axis for the heads, and one for the two of a pair where they lie side by side.
std::string for_heads(Exporter& exporter, const Turn& turn, graph::ValueId table) {
  const std::string value = exporter.value(table);
  const Integers axes = turn.interleaved ? Integers{2, 4} : Integers{2};
  return exporter.shared(fmt::format("rotary {} {}", turn.interleaved, value), [&] {
    return exporter.writer().node("Unsqueeze", {value, exporter.writer().integers(axes)});
  });
}

/// (a, b) -> (a cos - b sin, b cos + a sin): halves of the turned part, or neighbours.
std::string turned(Exporter& exporter, const Turn& turn, const graph::Node& node, const std::string& x) {
  GraphWriter& writer = exporter.writer();
  const std::string cosine = for_heads(exporter, turn, node.inputs[1]);
  const std::string sine = for_heads(exporter, turn, node.inputs[2]);
  const std::int64_t half = turn.rotary_dim / 2, part = turn.interleaved ? 1 : half;
  std::string from = x;
  if (turn.interleaved) from = writer.node("Reshape", {x, writer.integers({0, 0, turn.heads, half, 2})});
  const auto pair = writer.nodes("Split", {from, writer.integers({part, part})}, 2, {{"axis", std::int64_t{-1}}});
  const std::string first =
      writer.node("Sub", {writer.node("Mul", {pair[0], cosine}), writer.node("Mul", {pair[1], sine})});
  const std::string second =
      writer.node("Add", {writer.node("Mul", {pair[1], cosine}), writer.node("Mul", {pair[0], sine})});
  const std::string both = writer.node("Concat", {first, second}, {{"axis", std::int64_t{-1}}});
  return turn.interleaved ? writer.node("Reshape", {both, writer.integers({0, 0, turn.heads, turn.rotary_dim})}) : both;
}

std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const Turn turn = turn_of(exporter, node);
  const std::string heads =
      writer.node("Reshape", {exporter.value(node.inputs[0]), writer.integers({0, 0, turn.heads, turn.head_dim})});
  std::string result;
  if (turn.rotary_dim == turn.head_dim) {
    result = turned(exporter, turn, node, heads);
  } else {
    const std::string sizes = writer.integers({turn.rotary_dim, turn.head_dim - turn.rotary_dim});
    const auto parts = writer.nodes("Split", {heads, sizes}, 2, {{"axis", std::int64_t{-1}}});
    result = writer.node("Concat", {turned(exporter, turn, node, parts[0]), parts[1]}, {{"axis", std::int64_t{-1}}});
  }
  return {writer.node("Reshape", {result, writer.integers({0, 0, turn.heads * turn.head_dim})})};
}

}  // namespace

const ExportRule& rotary_embedding_export() {
  static const ExportRule rule{"RotaryEmbedding", graph::kOnnxDomain, "products with cosines and sines of each head",
                               write};
  return rule;
}

}  // namespace kerf::formats::onnx
