#include <algorithm>

#include <fmt/format.h>

#include "kerf/kerf.h"

#include "api/memory_use.h"
#include "api/open_model.h"
#include "codec/quantized_tensor.h"
#include "core/error.h"

namespace kerf {
namespace {

using api::OpenModel;

TensorInfo describe(const graph::Weight& weight) {
  TensorInfo info;
  info.name = weight.name;
  info.role = graph::role_name(weight.role);
  info.layer = weight.layer;
  info.shape = weight.source->shape();
  info.bytes = weight.source->stored_bytes();
  info.dtype = weight.source->stored_as();
  const auto count = std::max<std::int64_t>(numel(info.shape), 1);
  info.bits_per_weight = 8.0 * static_cast<double>(info.bytes) / static_cast<double>(count);
  return info;
}

std::uint64_t element_bytes(const graph::Weight& weight, DType dtype) {
  return static_cast<std::uint64_t>(numel(weight.source->shape())) * dtype_bytes(dtype);
}

/// Bytes of a weight as a quantization to `scheme` writes it: embeddings and head in f16 where they are f32.
std::uint64_t written_bytes(const graph::Weight& weight, const codec::Scheme& scheme) {
  const bool table = weight.role == graph::Role::kEmbedding || weight.role == graph::Role::kHead;
  if (scheme.kind == codec::Scheme::Kind::kKeep) return weight.source->stored_bytes();
  if (table && weight.source->stored_as() == dtype_name(DType::kF32)) return element_bytes(weight, DType::kF16);
  if (!graph::is_linear_role(weight.role)) return weight.source->stored_bytes();
  if (!scheme.quantized()) return element_bytes(weight, scheme.float_dtype);
  return (codec::storage_bits(scheme, weight.source->rows(), weight.source->row_size()) + 7) / 8;
}

std::uint64_t weight_bytes(const OpenModel& model, const codec::Scheme& scheme) {
  std::uint64_t total = 0;
  for (const graph::ValueId id : model.graph().weights()) {
    total += written_bytes(model.graph().value(id).weight, scheme);
  }
  return total;
}

std::vector<MemoryEstimate> memory_estimates(const OpenModel& model, std::int64_t context) {
  const auto positions = static_cast<std::uint64_t>(context);
  std::vector<MemoryEstimate> estimates;
  for (const std::string name : {"none", "f16", "int8", "int4-g128", "int4-g32"}) {
    MemoryEstimate estimate;
    estimate.precision = name == "none" ? "as stored" : name;
    estimate.weights = weight_bytes(model, codec::parse_scheme(name));
    estimate.kv_cache = api::kv_cache_bytes(model.description(), positions);
    estimate.activations = api::activation_bytes(model.description(), positions);
    estimates.push_back(std::move(estimate));
  }
  return estimates;
}

std::string tokenizer_kind(const OpenModel& model) {
  const Json& json = model.checkpoint().tokenizer.tokenizer_json;
  const Json* part = json.find("model");
  if (part == nullptr) return "none";
  const Json* vocabulary = part->find("vocab");
  std::size_t tokens = 0;
  if (vocabulary != nullptr && vocabulary->is_object()) tokens = vocabulary->as_object().size();
  if (vocabulary != nullptr && vocabulary->is_array()) tokens = vocabulary->as_array().size();
  const std::string type = text::model_type(*part);
  return fmt::format("{}, {} tokens", type.empty() ? "unknown" : type, with_commas(tokens));
}

std::string positions_text(const description::Hyperparameters& h) {
  if (h.alibi) return "alibi";
  if (h.relative_bias) return "relative";
  if (h.rotary_dim == 0) return h.max_positions > 0 ? "learned" : "none";
  std::string text =
      fmt::format("rotary, {}, theta {:.10g}", h.rope_type.empty() ? "default" : h.rope_type, h.rope_theta);
  if (h.local_rope_theta > 0) text += fmt::format(" ({:.10g} in the layers with a window)", h.local_rope_theta);
  return text + fmt::format(", {} of {} dimensions of a head", h.rotary_dim, h.head_dim);
}

}  // namespace

Inspection inspect(const ModelInput& input, std::int64_t context) {
  const OpenModel model(input);
  const auto& description = model.description();
  const auto& h = description.hyperparameters;
  Inspection result;
  result.path = model.path();
  result.container = model.checkpoint().format;
  result.family = description.family;
  result.task = description::task_name(description.task);
  result.labels = description.labels;
  result.tokenizer = tokenizer_kind(model);
  result.parameters = model.parameters();
  result.tensor_bytes = model.tensor_bytes();
  result.bits_per_weight = 8.0 * static_cast<double>(result.tensor_bytes) /
                           static_cast<double>(std::max<std::uint64_t>(result.parameters, 1));
  result.layers = h.layers;
  result.decoder_layers = h.decoder_layers;
  result.hidden = h.hidden_size;
  result.intermediate = h.intermediate_size;
  result.heads = h.heads;
  result.kv_heads = h.kv_heads;
  result.head_dim = h.head_dim;
  result.vocabulary = h.vocab_size;
  result.context = h.context_length;
  result.tied_head = h.tied_head;
  result.activation = h.activation;
  result.positions = positions_text(h);
  result.window = h.sliding_window;
  result.windowed_layers = h.windowed_layers;
  result.experts = h.experts;
  result.experts_per_token = h.experts_per_token;
  for (const graph::ValueId id : model.graph().weights()) {
    result.tensors.push_back(describe(model.graph().value(id).weight));
  }
  result.memory = memory_estimates(model, context > 0 ? context : std::max<std::int64_t>(h.context_length, 1));
  result.notes = model.notes();
  if (const auto& refusal = model.checkpoint().tokenizer.refusal) {
    result.notes.push_back(fmt::format("the tokenizer cannot be used: {}", refusal->what()));
  }
  return result;
}

}  // namespace kerf
