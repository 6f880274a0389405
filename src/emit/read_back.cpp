#include "emit/read_back.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/fingerprint.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/checkpoint.h"
#include "models/model_graph.h"

namespace kerf::emit {
namespace {

/// Weights of a graph by what they are, independent of prefixes: name without anything up to the last known one.
std::map<std::string, graph::SourcePtr, std::less<>> weights_by_name(const graph::Graph& graph) {
  std::map<std::string, graph::SourcePtr, std::less<>> result;
  for (const graph::ValueId id : graph.weights()) {
    const graph::Weight& weight = graph.value(id).weight;
    result.emplace(weight.name, weight.source);
  }
  return result;
}

/// What was written, by name. Of an ONNX model what its file holds: the graph may use a weight in another way.
std::map<std::string, graph::SourcePtr, std::less<>> written_weights(const formats::Checkpoint& checkpoint) {
  if (checkpoint.imported == nullptr) {
    const JsonCursor config(checkpoint.config, checkpoint.config_file);
    return weights_by_name(models::build_model(config, checkpoint.tensors).graph);
  }
  auto result = weights_by_name(checkpoint.imported->graph);
  for (const auto& [name, source] : checkpoint.imported->stored) result[name] = source;
  return result;
}

/// GGUF says nothing about the prefix that a checkpoint's names had.
const graph::SourcePtr* find_weight(const std::map<std::string, graph::SourcePtr, std::less<>>& weights,
                                    const std::string& name) {
  if (const auto found = weights.find(name); found != weights.end()) return &found->second;
  for (const auto& [other, source] : weights) {
    if (ends_with(other, "." + name) || ends_with(name, "." + other)) return &source;
  }
  return nullptr;
}

/// Rows of one tensor that one thread compares, and takes the fingerprint of. The cut is the same on any machine.
struct Part {
  const EmitTensor* tensor;
  graph::SourcePtr found;
  std::int64_t first, rows;
};
constexpr std::int64_t kPartValues = std::int64_t{1} << 18;

void add_parts(const std::string& path, const EmitTensor& tensor, const graph::SourcePtr& found,
               std::vector<Part>& parts) {
  const graph::TensorSource& expected = *tensor.source;
  if (found->rows() != expected.rows() || found->row_size() != expected.row_size()) {
    throw_machine(path, fmt::format("tensor {} was read back as {}, {} was written", quoted(tensor.name),
                                    to_string(found->shape()), to_string(expected.shape())));
  }
  const std::int64_t height = expected.rows();
  const std::int64_t step = std::max<std::int64_t>(kPartValues / std::max<std::int64_t>(expected.row_size(), 1), 1);
  for (std::int64_t first = 0; first < height; first += step) {
    parts.push_back({&tensor, found, first, std::min(step, height - first)});
  }
}

Fingerprint compare(const std::string& path, const Part& part) {
  const std::int64_t width = part.found->row_size();
  std::vector<float> expected(static_cast<std::size_t>(part.rows * width)), found(expected.size());
  part.tensor->source->read_rows(part.first, part.rows, expected.data());
  part.found->read_rows(part.first, part.rows, found.data());
  const auto bytes = std::as_bytes(std::span(found));
  if (std::memcmp(expected.data(), found.data(), bytes.size()) == 0) return fingerprint(bytes);
  std::size_t at = 0;
  while (std::bit_cast<std::uint32_t>(expected[at]) == std::bit_cast<std::uint32_t>(found[at])) ++at;
  const auto place = static_cast<std::int64_t>(at);
  throw_machine(
      path, fmt::format("tensor {}, row {}, column {}: read back {}, measured {}; nothing was written",
                        quoted(part.tensor->name), part.first + place / width, place % width, found[at], expected[at]));
}

/// The rounding of what a weight multiplies must be what was measured.
void check_activations(const std::string& path, const EmitTensor& tensor, const formats::Checkpoint& checkpoint) {
  const auto found = checkpoint.activations.find(tensor.name);
  const codec::ActivationQuantizer* read = found == checkpoint.activations.end() ? nullptr : found->second.get();
  const codec::ActivationQuantizer* measured = tensor.input_quantizer.get();
  if (read == nullptr && measured == nullptr) return;
  if (read == nullptr || measured == nullptr || !(read->scheme() == measured->scheme()) ||
      read->params().scale != measured->params().scale || read->params().zero_point != measured->params().zero_point) {
    throw_machine(path, fmt::format("tensor {}: the rounding of its activations was read back as {}, measured was {}; "
                                    "nothing was written",
                                    quoted(tensor.name), read == nullptr ? "none" : read->scheme().name,
                                    measured == nullptr ? "none" : measured->scheme().name));
  }
}

}  // namespace

std::string read_back(const std::string& path, const EmitModel& model) {
  const formats::Checkpoint checkpoint = formats::open_checkpoint(path);
  const auto weights = written_weights(checkpoint);
  std::vector<Part> parts;
  for (const EmitTensor& tensor : model.tensors) {
    const graph::SourcePtr* found = find_weight(weights, tensor.name);
    if (found == nullptr) {
      throw_machine(path, fmt::format("tensor {} is not there when read back", quoted(tensor.name)));
    }
    const bool turned = checkpoint.imported != nullptr && tensor.stored_transposed;
    add_parts(path, tensor, turned ? graph::make_transposed_source(*found) : *found, parts);
    check_activations(path, tensor, checkpoint);
  }
  std::vector<Fingerprint> fingerprints(parts.size());
  parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    fingerprints[at] = compare(path, parts[at]);
  });
  return to_string(combined(fingerprints));
}

}  // namespace kerf::emit
