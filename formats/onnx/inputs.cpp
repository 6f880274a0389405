#include "formats/onnx/inputs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/dtypes.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::array<std::string_view, 6> kMeanings = {"input_ids",      "attention_mask",    "position_ids",
                                                       "token_type_ids", "decoder_input_ids", "decoder_attention_mask"};
/// What other exporters call them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSynonyms = {
    {{"input_mask", "attention_mask"},
     {"segment_ids", "token_type_ids"},
     {"position_id", "position_ids"},
     {"encoder_input_ids", "input_ids"}}};

/// "serving_default_input_ids:0" -> "input_ids"
std::string plain_name(std::string_view name) {
  constexpr std::string_view kServing = "serving_default_";
  if (starts_with(name, kServing)) name.remove_prefix(kServing.size());
  name = name.substr(0, name.find(':'));
  for (const auto& [other, meaning] : kSynonyms) {
    if (name == other) return std::string(meaning);
  }
  return std::string(name);
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_past(std::string_view name) {
  return starts_with(name, "past") || starts_with(name, "cache_") || contains(name, "past_key") ||
         contains(name, "past_value");
}

/// Declared dimensions; -1 where they are free.
Shape shape_of(const proto::TypeProto::Tensor& type) {
  Shape shape;
  for (const auto& dim : type.shape().dim()) shape.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  return shape;
}

/// No keys and values yet: one sequence, of length 0.
Tensor empty_past(Emitter& emitter, const proto::TypeProto::Tensor& type, DType dtype) {
  Shape shape;
  bool has_empty = false;
  for (int i = 0; i < type.shape().dim_size(); ++i) {
    const auto& dim = type.shape().dim(i);
    std::int64_t extent = dim.dim_value();
    if (!dim.has_dim_value()) extent = i == 0 || contains(dim.dim_param(), "batch") ? 1 : 0;
    if (extent < 0) emitter.fail(fmt::format("found a dimension of {}", extent));
    has_empty = has_empty || extent == 0;
    shape.push_back(extent);
  }
  if (!has_empty || shape.size() > kMaxRank) {
    emitter.fail(fmt::format("is a past of the fixed shape {}, expected an axis that may be empty", to_string(shape)));
  }
  return Tensor::zeros(dtype, shape);
}

/// Models of parts that others compute cannot be evaluated from text.
[[noreturn]] void refuse(const Emitter& emitter, const std::string& name) {
  if (contains(name, "encoder_hidden_state") || contains(name, "encoder_output")) {
    emitter.fail(
        "takes the states of an encoder, which is another file; kerf evaluates models from tokens alone: export "
        "encoder "
        "and decoder as one file (optimum: --monolith)");
  }
  if (contains(name, "embeds")) {
    emitter.fail("takes rows of an embedding in place of tokens; export the model with input_ids");
  }
  if (contains(name, "pixel") || contains(name, "image") || contains(name, "input_features")) {
    emitter.fail("takes images or sound; kerf evaluates models of text");
  }
  emitter.fail(fmt::format("is none that kerf can fill: {}, or a past", fmt::join(kMeanings, ", ")));
}

}  // namespace

bool is_token_input(const proto::ValueInfoProto& input) {
  return std::find(kMeanings.begin(), kMeanings.end(), plain_name(input.name())) != kMeanings.end();
}

ValueIndex bind_input(Emitter& emitter, const proto::ValueInfoProto& input) {
  if (!input.type().has_tensor_type()) emitter.fail("is no tensor");
  const auto& type = input.type().tensor_type();
  const auto dtype = computing_dtype(type.elem_type());
  if (!dtype) emitter.fail(fmt::format("is of {}, which kerf does not compute with", data_type_name(type.elem_type())));
  const std::string name = plain_name(input.name());
  if (is_token_input(input)) {
    const Shape shape = shape_of(type);
    if (type.has_shape() && shape.size() != 2) {
      emitter.fail(fmt::format("is of shape {}, expected [batch, length]", to_string(shape)));
    }
    if (!shape.empty() && shape[0] != -1 && shape[0] != 1) {
      emitter.fail(fmt::format("is for batches of {}, expected a free batch or 1", shape[0]));
    }
    const ValueIndex ids = emitter.add_input(name, DType::kI64, shape);
    return *dtype == DType::kI64 ? ids : emitter.node("Cast", {ids}, {{"to", data_type_of(*dtype)}});
  }
  if (is_past(name)) return emitter.add_constant(Constant(empty_past(emitter, type, *dtype), {}), input.name());
  if (contains(name, "use_cache")) {
    return emitter.add_constant(
        Constant(Tensor::zeros(*dtype, Shape(static_cast<std::size_t>(type.shape().dim_size()), 1)), {}), input.name());
  }
  if (name == "num_logits_to_keep" || name == "logits_to_keep") return emitter.integer(0);
  refuse(emitter, name);
}

ValueIndex choose_output(const Draft& draft, const std::string& file) {
  std::vector<std::pair<std::string, ValueIndex>> candidates;
  for (const auto& [given, value] : draft.outputs) {
    const std::string name = plain_name(given);
    if (draft.value(value).dtype != DType::kF32 || starts_with(name, "present") || is_past(name)) continue;
    candidates.emplace_back(name, value);
  }
  for (const std::string_view likely : {"logits", "prediction_logits", "last_hidden_state"}) {
    for (const auto& [name, value] : candidates) {
      if (name == likely) return value;
    }
  }
  if (candidates.empty()) throw_input(file, "outputs", "found none of floats, expected 'logits'");
  if (candidates.size() == 1) return candidates.front().second;
  std::vector<std::string> names;
  for (const auto& [name, value] : candidates) names.push_back(quoted(name));
  throw_input(file, "outputs", fmt::format("found {}, expected one called 'logits'", fmt::join(names, ", ")));
}

}  // namespace kerf::formats::onnx
