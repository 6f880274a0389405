#include "emit/read_back.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/sha256.h"
#include "core/strings.h"
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

/// GGUF says nothing about the prefix that a checkpoint's names had.
const graph::SourcePtr* find_weight(const std::map<std::string, graph::SourcePtr, std::less<>>& weights,
                                    const std::string& name) {
  if (const auto found = weights.find(name); found != weights.end()) return &found->second;
  for (const auto& [other, source] : weights) {
    if (ends_with(other, "." + name) || ends_with(name, "." + other)) return &source;
  }
  return nullptr;
}

void compare(const std::string& path, const EmitTensor& tensor, const graph::TensorSource& found, Sha256& hash) {
  const graph::TensorSource& expected = *tensor.source;
  if (found.rows() != expected.rows() || found.row_size() != expected.row_size()) {
    throw_machine(path, fmt::format("tensor {} was read back as {}, {} was written", quoted(tensor.name),
                                    to_string(found.shape()), to_string(expected.shape())));
  }
  const std::int64_t width = expected.row_size(), height = expected.rows();
  const std::int64_t slab =
      std::clamp<std::int64_t>((std::int64_t{4} << 20) / std::max<std::int64_t>(width, 1), 1, 65536);
  std::vector<float> a(static_cast<std::size_t>(std::min(slab, height) * width)), b(a.size());
  for (std::int64_t first = 0; first < height; first += slab) {
    const std::int64_t rows = std::min(slab, height - first);
    const auto count = static_cast<std::size_t>(rows * width);
    expected.read_rows(first, rows, a.data());
    found.read_rows(first, rows, b.data());
    if (std::memcmp(a.data(), b.data(), count * sizeof(float)) != 0) {
      const auto at = static_cast<std::int64_t>(
          std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(count), b.begin(),
                        [](float x, float y) { return std::memcmp(&x, &y, sizeof(float)) == 0; })
              .first -
          a.begin());
      throw_machine(path, fmt::format("tensor {}, row {}, column {}: read back {}, measured {}; nothing was written",
                                      quoted(tensor.name), first + at / width, at % width,
                                      b[static_cast<std::size_t>(at)], a[static_cast<std::size_t>(at)]));
    }
    hash.update(std::as_bytes(std::span(b.data(), count)));
  }
}

}  // namespace

std::string read_back(const std::string& path, const EmitModel& model) {
  const formats::Checkpoint checkpoint = formats::open_checkpoint(path);
  const models::ModelGraph again =
      models::build_model(JsonCursor(checkpoint.config, checkpoint.config_file), checkpoint.tensors);
  const auto weights = weights_by_name(again.graph);
  Sha256 hash;
  for (const EmitTensor& tensor : model.tensors) {
    const graph::SourcePtr* found = find_weight(weights, tensor.name);
    if (found == nullptr)
      throw_machine(path, fmt::format("tensor {} is not there when read back", quoted(tensor.name)));
    compare(path, tensor, **found, hash);
  }
  return hash.finish();
}

}  // namespace kerf::emit
