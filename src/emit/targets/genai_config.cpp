#include "emit/targets/genai_config.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace kerf::emit {
namespace {

/// Families that go by their own names; others are a "decoder", which is as good.
constexpr std::array<std::string_view, 10> kKnownTypes = {"gemma", "gemma2", "granite", "llama", "mistral",
                                                          "phi",   "phi3",   "qwen2",   "qwen3", "smollm3"};

std::string type_of(const std::string& family) {
  if (family == "gemma3") return "gemma3_text";
  return std::find(kKnownTypes.begin(), kKnownTypes.end(), family) != kKnownTypes.end() ? family : "decoder";
}

/// A number or several, as config.json has them.
Json token_ids(const description::Model& model, std::string_view key, std::int64_t fallback) {
  const Json* given = model.config.find(key);
  return given != nullptr && (given->is_integer() || given->is_array()) ? *given : Json(fallback);
}

Json decoder(const description::Hyperparameters& h) {
  Json session = Json::object(), inputs = Json::object(), outputs = Json::object(), result = Json::object();
  session.set("log_id", "onnxruntime-genai");
  session.set("provider_options", Json::array());
  for (const char* name : {"input_ids", "attention_mask", "position_ids"}) inputs.set(name, name);
  inputs.set("past_key_names", "past_key_values.%d.key");
  inputs.set("past_value_names", "past_key_values.%d.value");
  outputs.set("logits", "logits");
  outputs.set("present_key_names", "present.%d.key");
  outputs.set("present_value_names", "present.%d.value");
  result.set("session_options", std::move(session));
  result.set("filename", "model.onnx");
  result.set("head_size", h.head_dim);
  result.set("hidden_size", h.hidden_size);
  result.set("inputs", std::move(inputs));
  result.set("outputs", std::move(outputs));
  result.set("num_attention_heads", h.heads);
  result.set("num_hidden_layers", h.layers);
  result.set("num_key_value_heads", h.kv_heads);
  return result;
}

Json search(std::int64_t context) {
  Json result = Json::object();
  result.set("do_sample", false);
  result.set("max_length", context);
  result.set("min_length", std::int64_t{0});
  result.set("num_beams", std::int64_t{1});
  result.set("num_return_sequences", std::int64_t{1});
  result.set("past_present_share_buffer", false);
  result.set("repetition_penalty", 1.0);
  result.set("temperature", 1.0);
  result.set("top_k", std::int64_t{1});
  result.set("top_p", 1.0);
  return result;
}

}  // namespace

Json genai_config(const description::Model& model) {
  const auto& h = model.hyperparameters;
  Json about = Json::object(), config = Json::object();
  about.set("bos_token_id", token_ids(model, "bos_token_id", std::max<std::int64_t>(model.bos_id, 0)));
  about.set("context_length", h.context_length);
  about.set("decoder", decoder(h));
  about.set("eos_token_id", token_ids(model, "eos_token_id", std::max<std::int64_t>(model.eos_id, 0)));
  about.set("pad_token_id", model.pad_id >= 0 ? model.pad_id : std::max<std::int64_t>(model.eos_id, 0));
  about.set("type", type_of(model.family));
  about.set("vocab_size", h.vocab_size);
  config.set("model", std::move(about));
  config.set("search", search(h.context_length));
  return config;
}

}  // namespace kerf::emit
