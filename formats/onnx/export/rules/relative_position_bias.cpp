#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/export/rule.h"
#include "ops/relative_position.h"

namespace kerf::formats::onnx {
namespace {

/// A row for each distance up to the last that has its own is a constant of this many integers at most.
constexpr std::int64_t kFarthest = std::int64_t{1} << 20;

/// Rows of the table by key - query, looked up by distance: no logarithm whose rounding another runtime does in another
/// way.
std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  GraphWriter& writer = exporter.writer();
  const ops::RelativePosition rule =
      ops::relative_position_of(node, exporter.graph().value(node.inputs[0]).weight.source->shape()[0]);
  if (rule.max_distance > kFarthest) {
    throw_usage(fmt::format("node {}: distances up to {} are more than an ONNX file holds a table of",
                            quoted(node.name), rule.max_distance));
  }
  const std::string ids = exporter.value(node.inputs[1]), table = exporter.value(node.inputs[0]);
  const std::string farthest = writer.integer(rule.max_distance), nearest = writer.integer(-rule.max_distance);
  const std::string key = fmt::format("relative {} {} {} {}", table, rule.max_distance, rule.bidirectional, ids);
  return {exporter.shared(key, [&] {
    const std::string count = exporter.count_along(ids, 1);
    const std::string keys = writer.node("Unsqueeze", {count, writer.integers({0})});
    const std::string queries = writer.node("Unsqueeze", {count, writer.integers({1})});
    const std::string offset = writer.node("Sub", {keys, queries});
    const std::string near = writer.node("Max", {writer.node("Min", {offset, farthest}), nearest});
    const std::string place = writer.node("Add", {near, farthest});
    const std::string rows = writer.integers(ops::relative_position_rows(rule, rule.max_distance + 1));
    const std::string row = writer.node("Gather", {rows, place});
    const std::string biases = writer.node("Gather", {table, row});
    const std::string by_head = writer.node("Transpose", {biases}, {{"perm", std::vector<std::int64_t>{2, 0, 1}}});
    return writer.node("Unsqueeze", {by_head, writer.integers({0})});
  })};
}

}  // namespace

const ExportRule& relative_position_bias_export() {
  static const ExportRule rule{"RelativePositionBias", graph::kKerfDomain, "rows of the table by distance", write};
  return rule;
}

}  // namespace kerf::formats::onnx
