#include <limits>

#include <fmt/format.h>

#include "formats/onnx/export/attention_mask.h"
#include "formats/onnx/export/rule.h"
#include "ops/attention_scores.h"

namespace kerf::formats::onnx {
namespace {

using Integers = std::vector<std::int64_t>;

/// Axes in front of [queries, keys]: batch and heads, or batch, groups of heads that share a key, and heads of a group.
/// A shared key is multiplied as it is, by broadcasting, never repeated.
struct Layout {
  ops::AttentionGeometry geometry;
  bool grouped = false;
  Integers heads() const {
    const auto& g = geometry;
    return grouped ? Integers{g.kv_heads, g.heads / g.kv_heads} : Integers{g.heads};
  }
  Integers kv_heads() const { return grouped ? Integers{geometry.kv_heads, 1} : Integers{geometry.kv_heads}; }
};

/// [batch, length, heads * dim] -> [batch, heads..., length, dim], or with the last two turned.
std::string by_head(GraphWriter& writer, const std::string& x, const Integers& heads, std::int64_t dim, bool turned) {
  Integers shape{0, 0}, order{0};
  shape.insert(shape.end(), heads.begin(), heads.end());
  shape.push_back(dim);
  const std::int64_t last = std::ssize(shape) - 1;
  for (std::int64_t axis = 2; axis < last; ++axis) order.push_back(axis);
  order.insert(order.end(), {turned ? last : 1, turned ? 1 : last});
  const std::string apart = writer.node("Reshape", {x, writer.integers(shape)});
  return writer.node("Transpose", {apart}, {{"perm", order}});
}

/// [batch, heads..., length, dim] -> [batch, length, heads * dim]
std::string joined(GraphWriter& writer, const std::string& x, const Layout& layout) {
  const std::int64_t axes = layout.grouped ? 5 : 4;
  Integers order{0, axes - 2};
  for (std::int64_t axis = 1; axis < axes - 2; ++axis) order.push_back(axis);
  order.push_back(axes - 1);
  const std::string apart = writer.node("Transpose", {x}, {{"perm", order}});
  return writer.node("Reshape", {apart, writer.integers({0, 0, layout.geometry.output_width()})});
}

/// The slope of each head times the place of the key among those that are seen.
std::string alibi(Exporter& exporter, const Layout& layout, const std::string& mask, const std::string& keys) {
  const auto& g = layout.geometry;
  return exporter.shared(fmt::format("alibi {} {} {}", g.heads, layout.grouped, mask.empty() ? keys : mask), [&] {
    GraphWriter& writer = exporter.writer();
    const std::string places = key_positions(exporter, mask, keys);
    Integers axes{1, 2};
    if (layout.grouped) axes.push_back(3);
    const std::vector<float> slopes = ops::alibi_slopes(g.heads);
    Shape shape = layout.heads();
    shape.insert(shape.end(), {1, 1});
    const std::string factors = writer.constant(Tensor::from<float>(shape, slopes));
    return writer.node("Mul", {writer.node("Unsqueeze", {places, writer.integers(axes)}), factors});
  });
}

/// What is added to the scores; of [1, heads, queries, keys].
std::string bias_of(Exporter& exporter, const Layout& layout, graph::ValueId bias) {
  const std::string value = exporter.value(bias);
  if (!layout.grouped) return value;
  const Integers heads = layout.heads();
  return exporter.shared("grouped " + value, [&] {
    GraphWriter& writer = exporter.writer();
    const std::string shape = writer.node(
        "Concat", {writer.integers({1, heads[0], heads[1]}), exporter.extent(value, 2), exporter.extent(value, 3)},
        {{"axis", std::int64_t{0}}});
    return writer.node("Reshape", {value, shape});
  });
}

std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const auto input = [&](std::size_t i) { return i < node.inputs.size() ? node.inputs[i] : graph::kNoValue; };
  const auto shape_of = [&](std::size_t i) -> const Shape& { return exporter.spec(input(i)).shape; };
  Layout layout{.geometry = ops::attention_geometry(node, shape_of(0), shape_of(1), shape_of(2))};
  const auto& g = layout.geometry;
  layout.grouped = g.heads != g.kv_heads;
  const std::string q = exporter.value(input(0)), k = exporter.value(input(1)), v = exporter.value(input(2));
  const std::string mask = exporter.value(input(3));

  const std::string queries =
      by_head(writer, writer.node("Mul", {q, writer.scalar(g.scale)}), layout.heads(), g.dim, false);
  const std::string keys = by_head(writer, k, layout.kv_heads(), g.dim, true);
  std::string scores = writer.node("MatMul", {queries, keys});
  if (g.softcap > 0) {
    const std::string bounded = writer.node("Tanh", {writer.node("Div", {scores, writer.scalar(g.softcap)})});
    scores = writer.node("Mul", {bounded, writer.scalar(g.softcap)});
  }
  if (g.alibi) scores = writer.node("Add", {scores, alibi(exporter, layout, mask, k)});
  if (input(4) != graph::kNoValue) scores = writer.node("Add", {scores, bias_of(exporter, layout, input(4))});
  const VisibleKeys visible{.mask = mask,
                            .queries = q,
                            .keys = k,
                            .same_length = g.queries == g.keys,
                            .causal = g.causal,
                            .window = g.window,
                            .head_axes = layout.grouped ? 2 : 1};
  if (const std::string seen = visible_keys(exporter, visible); !seen.empty()) {
    // The lowest number, not minus infinity: a query that sees no key takes the mean of all.
    scores = writer.node("Where", {seen, scores, writer.scalar(std::numeric_limits<float>::lowest())});
  }
  const std::string weights = writer.node("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
  const std::string values = by_head(writer, v, layout.kv_heads(), g.value_dim, false);
  return {joined(writer, writer.node("MatMul", {weights, values}), layout)};
}

}  // namespace

const ExportRule& attention_export() {
  static const ExportRule rule{"Attention", graph::kKerfDomain, "softmax of the products of each head", write};
  return rule;
}

}  // namespace kerf::formats::onnx
