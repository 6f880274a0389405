#include "sweep/bind.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::sweep {
namespace {

using Ids = std::span<const std::int64_t>;

enum class Kind { kIds, kMask, kPositions, kTypes, kOther };

/// What an input is by its name.
struct Meaning {
  Kind kind = Kind::kOther;
  bool decoder = false;  ///< goes with decoder_input_ids, not with input_ids
};

Meaning meaning_of(std::string_view name) {
  constexpr std::string_view kDecoder = "decoder_";
  const bool decoder = starts_with(name, kDecoder);
  if (decoder) name.remove_prefix(kDecoder.size());
  const Kind kind = name == "input_ids"        ? Kind::kIds
                    : name == "attention_mask" ? Kind::kMask
                    : name == "position_ids"   ? Kind::kPositions
                    : name == "token_type_ids" ? Kind::kTypes
                                               : Kind::kOther;
  return {kind, decoder};
}

void check_ids(const description::Model& model, const std::string& name, Ids ids) {
  const auto& h = model.hyperparameters;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= h.vocab_size) {
      throw_input("", name,
                  fmt::format("token id {} at position {}, the model has ids 0 to {}", ids[i], i, h.vocab_size - 1));
    }
  }
  if (model.fixed_length > 0 && std::ssize(ids) != model.fixed_length) {
    throw_input("", name, fmt::format("{} tokens, the model is made for exactly {}", ids.size(), model.fixed_length));
  }
  const auto counted = std::ssize(ids) - std::count(ids.begin(), ids.end(), model.positions.skipped_id);
  if (h.max_positions > 0 && counted > h.max_positions) {
    throw_input("", name, fmt::format("{} tokens, the model has positions for {}", counted, h.max_positions));
  }
}

/// One more than the largest value that an input may have; nullopt: any.
std::optional<std::int64_t> limit_of(const description::Model& model, Kind kind) {
  const auto& h = model.hyperparameters;
  if (kind == Kind::kMask) return 2;
  if (kind == Kind::kTypes && h.type_vocab_size > 0) return h.type_vocab_size;
  if (kind == Kind::kPositions && h.max_positions > 0) return h.max_positions + model.positions.first;
  return std::nullopt;
}

/// A mask is zeros and ones, a position or type is one that the model has.
void check_values(const description::Model& model, const std::string& name, Kind kind, Ids values) {
  const auto limit = limit_of(model, kind);
  for (const std::int64_t value : values) {
    if (value >= 0 && value < limit.value_or(std::numeric_limits<std::int64_t>::max())) continue;
    const std::string expected = limit ? fmt::format("to {}", *limit - 1) : "or more";
    throw_input("", name, fmt::format("found {}, expected 0 {}", value, expected));
  }
}

Tensor as_row(Ids values) { return Tensor::from<std::int64_t>({1, std::ssize(values)}, values); }

/// `mask`: of the same tokens, or empty.
Tensor positions_of(const description::Positions& rule, Ids ids, Ids mask) {
  std::vector<std::int64_t> positions;
  std::int64_t next = rule.first;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool skipped = ids[i] == rule.skipped_id || (rule.by_mask && i < mask.size() && mask[i] == 0);
    positions.push_back(skipped ? rule.first - 1 : next++);
  }
  return as_row(positions);
}

/// The decoder's start token, then all but the last of the encoder's.
std::vector<std::int64_t> shifted_right(const description::Model& model, Ids ids) {
  std::vector<std::int64_t> shifted(ids.begin(), ids.end());
  if (shifted.empty()) return shifted;
  std::rotate(shifted.begin(), shifted.end() - 1, shifted.end());
  shifted.front() = std::max<std::int64_t>(model.decoder_start_id, 0);
  return shifted;
}

/// The tensor of an input that nothing is given for, beside the ids that it goes with and their mask.
Tensor default_input(const description::Model& model, Kind kind, Ids ids, Ids mask) {
  switch (kind) {
    case Kind::kIds:
      return as_row(ids);
    case Kind::kPositions:
      return positions_of(model.positions, ids, mask);
    case Kind::kMask:
      return as_row(std::vector<std::int64_t>(ids.size(), 1));
    case Kind::kTypes:
    case Kind::kOther:
      break;
  }
  return as_row(std::vector<std::int64_t>(ids.size(), 0));
}

using Named = std::map<std::string, Tensor>;

const Tensor* find(const Named& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

/// Row `row` of a [batch, length] i64 tensor.
Ids batch_row(const Tensor& tensor, const std::string& name, std::int64_t row) {
  if (tensor.dtype() != DType::kI64 || tensor.rank() != 2) {
    throw_input("", name,
                fmt::format("found {} {}, expected i64 [batch, length]", dtype_name(tensor.dtype()),
                            to_string(tensor.shape())));
  }
  const auto length = static_cast<std::size_t>(tensor.dim(1));
  return tensor.values<std::int64_t>().subspan(static_cast<std::size_t>(row) * length, length);
}

void check_shape(const Tensor& tensor, const std::string& name, const Shape& expected, std::string_view as) {
  if (tensor.shape() == expected) return;
  throw_input("", name,
              fmt::format("found shape {}, expected {} as {}", to_string(tensor.shape()), to_string(expected), as));
}

}  // namespace

WindowInputs bind_ids(const graph::Graph& graph, const description::Model& model, Ids ids, Ids written) {
  Named tensors = {{"input_ids", as_row(ids)}};
  if (!written.empty()) tensors["decoder_input_ids"] = as_row(shifted_right(model, written));
  return bind_named(graph, model, tensors, 0);
}

WindowInputs bind_named(const graph::Graph& graph, const description::Model& model, const Named& tensors,
                        std::int64_t row) {
  for (const auto& [name, tensor] : tensors) {
    if (!graph.find_input(name)) throw_input("", quoted(name), "the model has no such input");
  }
  const std::string encoder_name = "input_ids", decoder_name = "decoder_input_ids";
  const Tensor* encoder = find(tensors, encoder_name);
  const Tensor* decoder = find(tensors, decoder_name);
  if (encoder == nullptr) throw_input("", encoder_name, "the tensor is missing");
  const Ids ids = batch_row(*encoder, encoder_name, row);
  check_ids(model, encoder_name, ids);
  const std::vector<std::int64_t> shifted = shifted_right(model, ids);
  Ids decoder_ids = shifted;
  if (decoder != nullptr) {
    const std::int64_t length = decoder->rank() == 2 ? std::max<std::int64_t>(decoder->dim(1), 1) : 1;
    check_shape(*decoder, decoder_name, {encoder->dim(0), length}, "the batch of input_ids");
    decoder_ids = batch_row(*decoder, decoder_name, row);
  }
  Ids mask;
  if (const Tensor* given = find(tensors, "attention_mask"); given != nullptr) {
    check_shape(*given, "attention_mask", encoder->shape(), encoder_name);
    mask = batch_row(*given, "attention_mask", row);
  }
  if (graph.find_input(decoder_name)) check_ids(model, decoder_name, decoder_ids);
  WindowInputs inputs;
  for (const graph::ValueId id : graph.inputs()) {
    const std::string& name = graph.value(id).name;
    const Meaning meaning = meaning_of(name);
    const Tensor* given = meaning.kind == Kind::kIds ? nullptr : find(tensors, name);
    if (given == nullptr) {
      inputs.push_back(meaning.decoder ? default_input(model, meaning.kind, decoder_ids, {})
                                       : default_input(model, meaning.kind, ids, mask));
      continue;
    }
    const bool beside_decoder = meaning.decoder && decoder != nullptr;
    check_shape(*given, name, (beside_decoder ? decoder : encoder)->shape(),
                beside_decoder ? decoder_name : encoder_name);
    inputs.push_back(as_row(batch_row(*given, name, row)));
    check_values(model, name, meaning.kind, inputs.back().values<std::int64_t>());
  }
  return inputs;
}

}  // namespace kerf::sweep
