#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "formats/onnx/export/fused_rule.h"
#include "graph/query.h"

namespace kerf::formats::onnx {
namespace {

/// Tables are constants of the file: longer contexts are computed.
constexpr std::int64_t kMostValues = std::int64_t{1} << 24;

/// What a table of cosines or sines is made of, if its angles are positions times constant frequencies.
struct Table {
  bool cosine = false;
  float factor = 1;
  const Tensor* frequencies = nullptr;
  std::int64_t half() const { return frequencies->size(); }
};

const Tensor* constant_input(const graph::Graph& graph, const graph::Node& node, std::size_t i) {
  const graph::Value& value = graph.value(node.inputs[i]);
  return value.kind == graph::Value::Kind::kConstant ? &value.constant : nullptr;
}

std::optional<Table> table_of(const graph::Graph& graph, graph::ValueId value) {
  Table table;
  const graph::Node* node = graph::producer(graph, value);
  if (node != nullptr && node->op == "Mul") {
    const Tensor* factor = constant_input(graph, *node, 1);
    if (factor == nullptr || factor->size() != 1) return std::nullopt;
    table.factor = factor->data<float>()[0];
    node = graph::producer(graph, node->inputs[0]);
  }
  if (node == nullptr || (node->op != "Cos" && node->op != "Sin")) return std::nullopt;
  table.cosine = node->op == "Cos";
  const graph::Node* angles = graph::producer(graph, node->inputs[0]);
  if (angles == nullptr || angles->op != "Mul") return std::nullopt;
  table.frequencies = constant_input(graph, *angles, 1);
  if (table.frequencies == nullptr) return std::nullopt;
  return table;
}

std::string cache(Exporter& exporter, const Table& table, std::int64_t positions) {
  Tensor values(DType::kF32, {positions, table.half()});
  const float* const frequencies = table.frequencies->data<float>();
  float* to = values.data<float>();
  for (std::int64_t p = 0; p < positions; ++p) {
    for (std::int64_t i = 0; i < table.half(); ++i) {
      const float angle = static_cast<float>(p) * frequencies[i];
      *to++ = (table.cosine ? std::cos(angle) : std::sin(angle)) * table.factor;
    }
  }
  return exporter.writer().constant(values);
}

std::vector<std::string> write(Exporter& exporter, const graph::Node& node) {
  const graph::Graph& graph = exporter.graph();
  const std::int64_t positions = exporter.context_length();
  const auto ids = graph.find_input("position_ids");
  const auto cosines = table_of(graph, node.inputs[1]), sines = table_of(graph, node.inputs[2]);
  if (!ids || !cosines || !sines || positions <= 0 || cosines->half() * positions > kMostValues) return {};
  const auto shared = [&](const Table& table, graph::ValueId id) {
    return exporter.shared(fmt::format("rotary cache {}", id), [&] { return cache(exporter, table, positions); });
  };
  exporter.writer().use_domain(kMicrosoftDomain, 1);
  return {exporter.writer().node("RotaryEmbedding",
                                 {exporter.value(node.inputs[0]), exporter.value(*ids),
                                  shared(*cosines, node.inputs[1]), shared(*sines, node.inputs[2])},
                                 {{"interleaved", node.attributes.int_or("interleaved", 0)},
                                  {"num_heads", node.attributes.int_or("num_heads", 0)},
                                  {"rotary_embedding_dim", 2 * cosines->half()}},
                                 kMicrosoftDomain)};
}

}  // namespace

const ExportRule& rotary_embedding_fused() {
  static const ExportRule rule{"RotaryEmbedding", graph::kOnnxDomain, "RotaryEmbedding of com.microsoft", write};
  return rule;
}

}  // namespace kerf::formats::onnx
