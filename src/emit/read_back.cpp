#include "emit/read_back.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
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

/// Rows of one tensor that one thread compares, and takes the fingerprint of. The cut is the same on any machine.
struct Part {
  const EmitTensor* tensor;
  std::size_t number;  // of the tensor
  const graph::TensorSource* found;
  std::int64_t first, rows;
};

void add_parts(const std::string& path, const EmitTensor& tensor, std::size_t number, const graph::TensorSource& found,
               std::vector<Part>& parts) {
  const graph::TensorSource& expected = *tensor.source;
  if (found.rows() != expected.rows() || found.row_size() != expected.row_size()) {
    throw_machine(path, fmt::format("tensor {} was read back as {}, {} was written", quoted(tensor.name),
                                    to_string(found.shape()), to_string(expected.shape())));
  }
  const std::int64_t height = expected.rows(), step = hashed_rows(expected);
  for (std::int64_t first = 0; first < height; first += step) {
    parts.push_back({&tensor, number, &found, first, std::min(step, height - first)});
  }
}

/// What is known of a part once it was read.
struct PartResult {
  Fingerprint fingerprint{};
  double squared_error = 0, squared_values = 0;  // against the original
};

PartResult measure(const Part& part, std::span<const float> found) {
  PartResult result{.fingerprint = fingerprint(std::as_bytes(found))};
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
  const models::ModelGraph again =
      models::build_model(JsonCursor(checkpoint.config, checkpoint.config_file), checkpoint.tensors);
  const WeightNames weights(again.graph);
  std::vector<Part> parts;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const EmitTensor& tensor = model.tensors[i];
    const graph::SourcePtr found = weights.find(tensor.name);
    if (found == nullptr) {
      throw_machine(path, fmt::format("tensor {} is not there when read back", quoted(tensor.name)));
    }
    add_parts(path, tensor, i, *found, parts);
    check_activations(path, tensor, checkpoint);
  }
  std::vector<PartResult> results(parts.size());
  parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    results[at] = compare(path, parts[at]);
  });
  return combine(parts, results, model);
}

}  // namespace kerf::emit
