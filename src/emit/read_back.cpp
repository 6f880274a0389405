#include "emit/read_back.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/fingerprint.h"
#include "core/strings.h"
#include "core/threads.h"
#include "emit/weight_hash.h"
#include "emit/weight_names.h"
#include "formats/checkpoint.h"
#include "models/model_graph.h"

namespace kerf::emit {
namespace {

/// A weight that was read back: null if it is not there.
struct Found {
  graph::SourcePtr source;
  std::string name;  ///< that the rounding of its activations goes by
};

std::vector<Found> found_in(const graph::Graph& graph, const EmitModel& model) {
  const WeightNames names(graph);
  std::vector<Found> result;
  for (const EmitTensor& tensor : model.tensors) result.push_back({names.find(tensor.name), tensor.name});
  return result;
}

/// A patched model has the same weights in the same order, whatever their names.
std::vector<Found> found_by_place(const graph::Graph& graph, const EmitModel& model) {
  const auto ids = graph.weights();
  if (ids.size() != model.tensors.size()) return found_in(graph, model);
  std::vector<Found> result;
  for (const graph::ValueId id : ids) result.push_back({graph.value(id).weight.source, graph.value(id).weight.name});
  return result;
}

/// Of an exported graph what its file holds under the weight's name: its nodes may use it in another way.
std::vector<Found> found_in_file(const formats::ImportedModel& imported, const EmitModel& model) {
  std::map<const graph::TensorSource*, std::string> names;
  for (const graph::ValueId id : imported.graph.weights()) {
    const graph::Weight& weight = imported.graph.value(id).weight;
    names.emplace(weight.source.get(), weight.name);
  }
  std::vector<Found> result;
  for (const EmitTensor& tensor : model.tensors) {
    const auto stored = imported.stored.find(tensor.name);
    if (stored == imported.stored.end()) {
      result.push_back({nullptr, {}});
    } else if (tensor.scheme.quantized()) {
      result.push_back({stored->second, names[stored->second.get()]});
    } else {
      result.push_back({tensor.stored_transposed ? graph::make_transposed_source(stored->second) : stored->second, {}});
    }
  }
  return result;
}

std::vector<Found> found_weights(const formats::Checkpoint& checkpoint, const EmitModel& model) {
  if (checkpoint.imported == nullptr) {
    const JsonCursor config(checkpoint.config, checkpoint.config_file);
    return found_in(models::build_model(config, checkpoint.tensors).graph, model);
  }
  const bool patched = model.source != nullptr && model.source->imported != nullptr;
  return patched ? found_by_place(checkpoint.imported->graph, model) : found_in_file(*checkpoint.imported, model);
}

/// Rows of one tensor that one thread compares, and takes the fingerprint of. The cut is the same on any machine.
struct Part {
  const EmitTensor* tensor;
  std::size_t number;  // of the tensor
  graph::SourcePtr found;
  std::int64_t first, rows;
};

void add_parts(const std::string& path, const EmitTensor& tensor, std::size_t number, const graph::SourcePtr& found,
               std::vector<Part>& parts) {
  const graph::TensorSource& expected = *tensor.source;
  if (found->rows() != expected.rows() || found->row_size() != expected.row_size()) {
    throw_machine(path, fmt::format("tensor {} was read back as {}, {} was written", quoted(tensor.name),
                                    to_string(found->shape()), to_string(expected.shape())));
  }
  const std::int64_t height = expected.rows(), step = hashed_rows(expected);
  for (std::int64_t first = 0; first < height; first += step) {
    parts.push_back({&tensor, number, found, first, std::min(step, height - first)});
  }
}

/// What is known of a part once it was read.
struct PartResult {
  Fingerprint fingerprint{};
  double squared_error = 0, squared_values = 0;  // against the original
};

PartResult measure(const Part& part, std::span<float> found) {
  PartResult result{.fingerprint = values_fingerprint(found)};
  if (part.tensor->original == nullptr) return result;
  std::vector<float> original(found.size());
  part.tensor->original->read_rows(part.first, part.rows, original.data());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double value = original[i], error = value - found[i];
    result.squared_error += error * error;
    result.squared_values += value * value;
  }
  return result;
}

PartResult compare(const std::string& path, const Part& part) {
  const std::int64_t width = part.found->row_size();
  std::vector<float> expected(static_cast<std::size_t>(part.rows * width)), found(expected.size());
  part.tensor->source->read_rows(part.first, part.rows, expected.data());
  part.found->read_rows(part.first, part.rows, found.data());
  const auto bytes = std::as_bytes(std::span(found));
  if (std::memcmp(expected.data(), found.data(), bytes.size()) == 0) return measure(part, found);
  std::size_t at = 0;
  while (std::bit_cast<std::uint32_t>(expected[at]) == std::bit_cast<std::uint32_t>(found[at])) ++at;
  const auto place = static_cast<std::int64_t>(at);
  throw_machine(
      path, fmt::format("tensor {}, row {}, column {}: read back {}, measured {}; nothing was written",
                        quoted(part.tensor->name), part.first + place / width, place % width, found[at], expected[at]));
}

/// The rounding of what a weight multiplies must be what was measured.
void check_activations(const std::string& path, const EmitTensor& tensor, const std::string& name,
                       const formats::Checkpoint& checkpoint) {
  const auto found = checkpoint.activations.find(name);
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

ReadBack combine(std::span<const Part> parts, std::span<const PartResult> results, const EmitModel& model) {
  ReadBack whole;
  std::vector<Fingerprint> all;
  for (const PartResult& result : results) all.push_back(result.fingerprint);
  whole.weights_hash = to_string(combined(all));
  std::size_t next = 0;
  for (std::size_t t = 0; t < model.tensors.size(); ++t) {
    const std::size_t first = next;
    double error = 0, values = 0;
    for (; next < parts.size() && parts[next].number == t; ++next) {
      error += results[next].squared_error;
      values += results[next].squared_values;
    }
    ReadBack::Values& tensor = whole.tensors.emplace_back();
    tensor.hash = to_string(combined(std::span(all).subspan(first, next - first)));
    if (model.tensors[t].original != nullptr) tensor.relative_error = values > 0 ? std::sqrt(error / values) : 0;
  }
  return whole;
}

}  // namespace

ReadBack read_back(const std::string& path, const EmitModel& model) {
  const formats::Checkpoint checkpoint = formats::open_checkpoint(path);
  const std::vector<Found> weights = found_weights(checkpoint, model);
  std::vector<Part> parts;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const EmitTensor& tensor = model.tensors[i];
    if (weights[i].source == nullptr) {
      throw_machine(path, fmt::format("tensor {} is not there when read back", quoted(tensor.name)));
    }
    add_parts(path, tensor, i, weights[i].source, parts);
    check_activations(path, tensor, weights[i].name, checkpoint);
  }
  std::vector<PartResult> results(parts.size());
  parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    results[at] = compare(path, parts[at]);
  });
  return combine(parts, results, model);
}

}  // namespace kerf::emit
