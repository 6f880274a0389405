#include "formats/gguf/config.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/rope.h"

namespace kerf::formats::gguf {
namespace {

using description::Hyperparameters;
using IntegerMember = std::int64_t Hyperparameters::*;
using NumberMember = double Hyperparameters::*;

constexpr std::string_view kKeyLength = "attention.key_length", kValueLength = "attention.value_length";
constexpr std::int64_t kMaxHyperparameter = std::int64_t{1} << 31;

/// Keys below "ARCHITECTURE." that change no numbers.
constexpr std::array<std::string_view, 1> kHarmless = {"tensor_data_layout"};

std::string key_of(const Architecture& architecture, std::string_view rest) {
  return fmt::format("{}.{}", architecture.name, rest);
}

void check_fixed(const description::Model& model, const Architecture& architecture) {
  for (const FixedRule& rule : architecture.fixed) {
    const Json* value = model.config.find(rule.config_key);
    if (value == nullptr || value->is_null()) {
      if (rule.is_default) continue;
      throw_usage(fmt::format("found no {} in config.json: llama.cpp's {} architecture computes only {}",
                              rule.config_key, architecture.name, rule.values.front().dump()));
    }
    const auto equal = [&](const Json& allowed) { return allowed.dump() == value->dump(); };
    if (std::any_of(rule.values.begin(), rule.values.end(), equal)) continue;
    throw_usage(fmt::format("found {} {} in config.json: llama.cpp's {} architecture computes only {}", rule.config_key,
                            quoted(value->dump()), architecture.name, rule.values.front().dump()));
  }
}

std::uint32_t to_u32(std::int64_t value, std::string_view key) {
  if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) {
    throw_usage(fmt::format("found {} for the GGUF key '{}', expected 0 to {}", value, key,
                            std::numeric_limits<std::uint32_t>::max()));
  }
  return static_cast<std::uint32_t>(value);
}

/// Who asks for numbers and flags of config.json, whatever the rule keeps them in.
ConfigValue::Type type_of(const HyperparameterRule& rule) {
  if (std::holds_alternative<IntegerMember>(rule.member)) return ConfigValue::Type::kInteger;
  const auto* value = std::get_if<ConfigValue>(&rule.member);
  return value == nullptr ? ConfigValue::Type::kNumber : value->type;
}

Json read_hyperparameter(const MetadataReader& metadata, const HyperparameterRule& rule, const std::string& key) {
  switch (type_of(rule)) {
    case ConfigValue::Type::kInteger: {
      const auto value = metadata.integer_in(key, 1, kMaxHyperparameter);
      return value ? Json(*value) : Json();
    }
    case ConfigValue::Type::kFlag: {
      const auto value = metadata.flag(key);
      return value ? Json(*value) : Json();
    }
    case ConfigValue::Type::kNumber:
      break;
  }
  const auto value = metadata.number(key);
  return value ? Json(*value) : Json();
}

void write_config_value(const JsonCursor& config, std::string_view config_key, const ConfigValue& rule,
                        const std::string& key, Metadata& metadata) {
  if (!config.has(config_key) && !rule.fallback) return;
  const double fallback = rule.fallback.value_or(0);
  switch (rule.type) {
    case ConfigValue::Type::kInteger:
      metadata.set(key, to_u32(config.int64_or(config_key, static_cast<std::int64_t>(fallback)), key));
      return;
    case ConfigValue::Type::kNumber:
      metadata.set(key, static_cast<float>(config.double_or(config_key, fallback)));
      return;
    case ConfigValue::Type::kFlag:
      metadata.set(key, config.bool_or(config_key, fallback != 0));
  }
}

/// The dtype that a conversion of the file would keep.
std::string_view torch_dtype(std::uint32_t ggml_type) {
  const GgmlType* type = find_ggml_type(ggml_type);
  if (type->dtype == DType::kF32) return "float32";
  return type->dtype == DType::kBF16 ? "bfloat16" : "float16";
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void refuse_unknown_keys(const MetadataReader& metadata, const Architecture& architecture) {
  const std::string prefix = key_of(architecture, "");
  for (const auto& [key, value] : metadata.metadata()) {
    if (!starts_with(key, prefix)) continue;
    const std::string_view rest = std::string_view(key).substr(prefix.size());
    const auto ruled = [&](const HyperparameterRule& rule) { return rule.gguf_key == rest; };
    if (std::any_of(architecture.hyperparameters.begin(), architecture.hyperparameters.end(), ruled)) continue;
    if (rest == kKeyLength || rest == kValueLength || contains(kHarmless, rest)) continue;
    if (architecture.rotation != Rotation::kNone && is_rope_key(rest)) continue;
    const auto& extra = architecture.extra_keys;
    if (std::find(extra.begin(), extra.end(), rest) != extra.end()) continue;
    if (rest == "attention.causal" && metadata.flag(key) == true) continue;
    if ((rest == "expert_count" || rest == "expert_used_count") && metadata.integer(key) == 0) continue;
    metadata.fail(key, "found a key that may change what the model computes and that this build does not know");
  }
}

void set_token_ids(const MetadataReader& metadata, Json& config) {
  static constexpr std::array<std::array<std::string_view, 2>, 3> kIds = {{
      {"bos_token_id", "tokenizer.ggml.bos_token_id"},
      {"eos_token_id", "tokenizer.ggml.eos_token_id"},
      {"pad_token_id", "tokenizer.ggml.padding_token_id"},
  }};
  for (const auto& [name, key] : kIds) {
    const auto id = metadata.integer_in(key, 0, kMaxHyperparameter);
    config.set(std::string(name), id ? Json(*id) : Json());
  }
}

}  // namespace

const TensorInfo& token_embeddings(const Container& container, const std::string& file) {
  for (const TensorInfo& info : container.tensors) {
    if (info.name == "token_embd.weight" && info.shape.size() == 2) return info;
  }
  throw_input(file, "tensor 'token_embd.weight'", "found no matrix of this name, expected the embeddings");
}

std::vector<std::string> config_texts(const Json& config, std::string_view key) {
  std::vector<std::string> result;
  const auto list = JsonCursor(config, "config.json").get(key);
  for (std::size_t i = 0; list && i < list->as_array().size(); ++i) result.push_back(list->at(i).as_string());
  return result;
}

void write_hyperparameters(const description::Model& model, const Architecture& architecture, Metadata& metadata) {
  check_fixed(model, architecture);
  const Hyperparameters& h = model.hyperparameters;
  for (const HyperparameterRule& rule : architecture.hyperparameters) {
    const std::string key = key_of(architecture, rule.gguf_key);
    if (const auto* member = std::get_if<IntegerMember>(&rule.member)) {
      metadata.set(key, to_u32(h.**member, key));
    } else if (const auto* value = std::get_if<ConfigValue>(&rule.member)) {
      write_config_value(JsonCursor(model.config, "config.json"), rule.config_key, *value, key, metadata);
    } else {
      metadata.set(key, static_cast<float>(h.*std::get<NumberMember>(rule.member)));
    }
  }
  if (h.heads > 0 && h.head_dim != 0 && h.head_dim * h.heads != h.hidden_size) {
    metadata.set(key_of(architecture, kKeyLength), to_u32(h.head_dim, kKeyLength));
    metadata.set(key_of(architecture, kValueLength), to_u32(h.head_dim, kValueLength));
  }
  if (architecture.write != nullptr) architecture.write(model, metadata);
}

HeadCounts read_head_counts(const MetadataReader& metadata, const Architecture& architecture) {
  const std::string heads_key = key_of(architecture, "attention.head_count");
  const std::string hidden_key = key_of(architecture, "embedding_length");
  const auto heads = metadata.integer_in(heads_key, 1, kMaxHyperparameter);
  const auto hidden = metadata.integer_in(hidden_key, 1, kMaxHyperparameter);
  if (!heads) metadata.fail(heads_key, "found no such key");
  if (!hidden) metadata.fail(hidden_key, "found no such key");
  HeadCounts counts;
  counts.heads = *heads;
  counts.kv_heads =
      metadata.integer_in(key_of(architecture, "attention.head_count_kv"), 1, kMaxHyperparameter).value_or(*heads);
  const auto key_length = metadata.integer_in(key_of(architecture, kKeyLength), 1, kMaxHyperparameter);
  if (!key_length && *hidden % *heads != 0) {
    metadata.fail(heads_key, fmt::format("found {} heads, which do not divide {} dimensions", *heads, *hidden));
  }
  counts.head_dim = key_length.value_or(*hidden / *heads);
  const std::string value_key = key_of(architecture, kValueLength);
  const auto value_length = metadata.integer(value_key).value_or(counts.head_dim);
  if (value_length != counts.head_dim) {
    metadata.fail(value_key, fmt::format("found {}, expected the keys' {}", value_length, counts.head_dim));
  }
  return counts;
}

Json read_config(const MetadataReader& metadata, const Architecture& architecture, const Container& container,
                 const std::vector<RopeFactors>& rope_factors) {
  refuse_unknown_keys(metadata, architecture);
  const HeadCounts counts = read_head_counts(metadata, architecture);
  const TensorInfo& tokens = token_embeddings(container, metadata.file());
  Json config = Json::object();
  config.set("architectures", Json::Array{Json(architecture.class_name)});
  config.set("model_type", architecture.model_types.front());
  for (const HyperparameterRule& rule : architecture.hyperparameters) {
    const std::string key = key_of(architecture, rule.gguf_key);
    Json value = read_hyperparameter(metadata, rule, key);
    if (value.is_null() && rule.required) metadata.fail(key, "found no such key");
    if (!value.is_null()) config.set(std::string(rule.config_key), std::move(value));
  }
  const std::string vocabulary_key = key_of(architecture, "vocab_size");
  if (metadata.integer(vocabulary_key).value_or(tokens.shape[0]) != tokens.shape[0]) {
    metadata.fail(vocabulary_key, fmt::format("found {}, expected the embeddings' {} rows",
                                              *metadata.integer(vocabulary_key), tokens.shape[0]));
  }
  config.set("vocab_size", tokens.shape[0]);
  for (const FixedRule& rule : architecture.fixed) config.set(std::string(rule.config_key), rule.values.front());
  if (architecture.rotation != Rotation::kNone) {
    config.set("num_key_value_heads", counts.kv_heads);
    config.set("head_dim", counts.head_dim);
    config.set("rope_parameters", read_rope(metadata, architecture, counts.head_dim, rope_factors));
  }
  if (!architecture.attention_bias_key.empty()) {
    config.set(std::string(architecture.attention_bias_key), has_tensor(container, "blk.0.attn_q.bias"));
  }
  if (!architecture.mlp_bias_key.empty()) {
    config.set(std::string(architecture.mlp_bias_key), has_tensor(container, "blk.0.ffn_up.bias"));
  }
  config.set("tie_word_embeddings", !has_tensor(container, "output.weight"));
  config.set("dtype", torch_dtype(tokens.type));
  if (architecture.read != nullptr) architecture.read(metadata, container, config);
  set_token_ids(metadata, config);
  return config;
}

}  // namespace kerf::formats::gguf
