#include "tests/support/gguf_model.h"

#include "codec/grid.h"
#include "core/output.h"
#include "formats/gguf/architecture.h"

namespace kerf::test {
namespace {

description::Hyperparameters llama_hyperparameters(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = config.at("vocab_size").as_int64();
  h.hidden_size = config.at("hidden_size").as_int64();
  h.intermediate_size = config.at("intermediate_size").as_int64();
  h.layers = config.at("num_hidden_layers").as_int64();
  h.heads = config.at("num_attention_heads").as_int64();
  h.kv_heads = config.int64_or("num_key_value_heads", h.heads);
  h.head_dim = config.int64_or("head_dim", h.hidden_size / h.heads);
  h.context_length = config.at("max_position_embeddings").as_int64();
  h.norm_epsilon = config.at("rms_norm_eps").as_double();
  h.rope_theta = config.at("rope_parameters").double_or("rope_theta", 10000);
  h.rotary_dim = h.head_dim;
  h.tied_head = config.bool_or("tie_word_embeddings", false);
  return h;
}

description::Hyperparameters gpt2_hyperparameters(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = config.at("vocab_size").as_int64();
  h.hidden_size = config.at("n_embd").as_int64();
  h.intermediate_size = config.int64_or("n_inner", 4 * h.hidden_size);
  h.layers = config.at("n_layer").as_int64();
  h.heads = h.kv_heads = config.at("n_head").as_int64();
  h.head_dim = h.hidden_size / h.heads;
  h.context_length = config.at("n_positions").as_int64();
  h.norm_epsilon = config.at("layer_norm_epsilon").as_double();
  h.tied_head = true;
  return h;
}

bool is_block_matrix(const std::string& name, const Shape& shape) {
  return shape.size() == 2 && (name.find("layers.") != std::string::npos || name.find(".h.") != std::string::npos);
}

}  // namespace

description::Model describe(const Json& config) {
  const JsonCursor cursor(config, "config.json");
  description::Model model;
  model.family = cursor.at("model_type").as_string();
  model.hyperparameters = model.family == "gpt2" ? gpt2_hyperparameters(cursor) : llama_hyperparameters(cursor);
  model.config = config;
  model.bos_id = cursor.int64_or("bos_token_id", -1);
  model.eos_id = cursor.int64_or("eos_token_id", -1);
  model.pad_id = cursor.int64_or("pad_token_id", -1);
  return model;
}

codec::QuantizedTensor quantize_to_nearest(const graph::TensorSource& source, const codec::Scheme& scheme) {
  const auto grid = codec::make_grid(scheme);
  const Tensor weights = source.read();
  codec::QuantizedTensor result = codec::make_quantized(scheme, source.rows(), source.row_size());
  const std::int64_t width = scheme.group_width(result.cols);
  for (std::int64_t row = 0; row < result.rows; ++row) {
    for (std::int64_t col = 0; col < result.cols; col += width) {
      const auto count = static_cast<std::size_t>(std::min(width, result.cols - col));
      const auto at = static_cast<std::size_t>(row * result.cols + col);
      const auto values = weights.values<float>().subspan(at, count);
      bool overflow = false;
      const codec::GroupParams params = grid->fit(values, overflow);
      grid->encode_run(values, params, std::span(result.codes).subspan(at, count), {});
      codec::set_params(result, result.group_index(row, col), params);
    }
  }
  return result;
}

graph::SourcePtr graph_source(const formats::Checkpoint& checkpoint, const std::string& name) {
  const graph::SourcePtr source = checkpoint.tensors.at(name);
  const auto* architecture = formats::gguf::find_architecture_of(checkpoint.config.find("model_type")->as_string());
  const auto match = formats::gguf::match_hugging_face(*architecture, name);
  return match && match->rule->transposed ? graph::make_transposed_source(source) : source;
}

GgufModel plan_gguf(const formats::Checkpoint& checkpoint, const std::string& scheme, const std::string& float_scheme) {
  GgufModel model;
  for (const auto& [name, source] : checkpoint.tensors) {
    const Shape shape = graph_source(checkpoint, name)->shape();
    const bool quantized = is_block_matrix(name, shape);
    model.tensors.push_back({name, shape, codec::parse_scheme(quantized ? scheme : float_scheme), source->dtype()});
  }
  model.plan = formats::gguf::plan(describe(checkpoint.config), checkpoint.tokenizer, model.tensors);
  return model;
}

void write_gguf_model(const formats::Checkpoint& checkpoint, const GgufModel& model, const std::string& path) {
  OutputFile output(path);
  formats::gguf::write_gguf(model.plan, output, [&](std::size_t i) -> formats::gguf::TensorData {
    const formats::gguf::PlannedTensor& tensor = model.tensors[i];
    const graph::SourcePtr source = graph_source(checkpoint, tensor.name);
    if (!tensor.scheme.quantized()) return source;
    return quantize_to_nearest(*source, tensor.scheme);
  });
  output.commit();
}

}  // namespace kerf::test
