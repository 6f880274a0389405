#include "sweep/bind.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::sweep {
namespace {

void check_ids(const description::Model& model, std::span<const std::int64_t> ids) {
  const auto& h = model.hyperparameters;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= h.vocab_size) {
      throw_input("", "input_ids",
                  fmt::format("token id {} at position {}, the model has ids 0 to {}", ids[i], i, h.vocab_size - 1));
    }
  }
  if (h.max_positions > 0 && static_cast<std::int64_t>(ids.size()) > h.max_positions) {
    throw_input("", "input_ids", fmt::format("{} tokens, the model has positions for {}", ids.size(), h.max_positions));
  }
}

/// A mask is zeros and ones, a position is one that the model has; ids are checked above.
void check_values(const description::Model& model, const std::string& name, std::span<const std::int64_t> values) {
  const std::int64_t positions = model.hyperparameters.max_positions;
  const std::int64_t count = name == "attention_mask" ? 2 : name == "position_ids" ? positions : 0;
  for (const std::int64_t value : values) {
    if (value >= 0 && (count <= 0 || value < count)) continue;
    const std::string expected = count > 0 ? fmt::format("to {}", count - 1) : "or more";
    throw_input("", name, fmt::format("found {}, expected 0 {}", value, expected));
  }
}

Tensor default_input(const std::string& name, std::int64_t length) {
  Tensor tensor(DType::kI64, {1, length});
  auto values = tensor.values<std::int64_t>();
  for (std::int64_t i = 0; i < length; ++i) {
    values[static_cast<std::size_t>(i)] = name == "position_ids" ? i : name == "attention_mask" ? 1 : 0;
  }
  return tensor;
}

/// Row `row` of a [batch, length] i64 tensor as [1, length].
Tensor batch_row(const Tensor& tensor, const std::string& name, std::int64_t row) {
  if (tensor.dtype() != DType::kI64 || tensor.rank() != 2) {
    throw_input("", name,
                fmt::format("found {} {}, expected i64 [batch, length]", dtype_name(tensor.dtype()),
                            to_string(tensor.shape())));
  }
  const std::int64_t length = tensor.dim(1);
  return Tensor::from<std::int64_t>(
      {1, length},
      tensor.values<std::int64_t>().subspan(static_cast<std::size_t>(row * length), static_cast<std::size_t>(length)));
}

}  // namespace

WindowInputs bind_ids(const graph::Graph& graph, const description::Model& model, std::span<const std::int64_t> ids) {
  check_ids(model, ids);
  const auto length = static_cast<std::int64_t>(ids.size());
  WindowInputs inputs;
  for (const graph::ValueId id : graph.inputs()) {
    const std::string& name = graph.value(id).name;
    inputs.push_back(name == "input_ids" ? Tensor::from<std::int64_t>({1, length}, ids) : default_input(name, length));
  }
  return inputs;
}

WindowInputs bind_named(const graph::Graph& graph, const description::Model& model,
                        const std::map<std::string, Tensor>& tensors, std::int64_t row) {
  for (const auto& [name, tensor] : tensors) {
    if (!graph.find_input(name)) throw_input("", quoted(name), "the model has no such input");
  }
  const auto ids = tensors.find("input_ids");
  if (ids == tensors.end()) throw_input("", "input_ids", "the tensor is missing");
  const Tensor id_row = batch_row(ids->second, "input_ids", row);
  check_ids(model, id_row.values<std::int64_t>());
  WindowInputs inputs;
  for (const graph::ValueId id : graph.inputs()) {
    const std::string& name = graph.value(id).name;
    const auto given = tensors.find(name);
    if (given == tensors.end()) {
      inputs.push_back(default_input(name, id_row.dim(1)));
      continue;
    }
    if (given->second.shape() != ids->second.shape()) {
      throw_input("", name,
                  fmt::format("found shape {}, expected {} as input_ids", to_string(given->second.shape()),
                              to_string(ids->second.shape())));
    }
    inputs.push_back(batch_row(given->second, name, row));
    check_values(model, name, inputs.back().values<std::int64_t>());
  }
  return inputs;
}

}  // namespace kerf::sweep
