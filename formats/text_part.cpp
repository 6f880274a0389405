#include "formats/text_part.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats {
namespace {

/// A kind of model with a language model inside. `defaults`: what text_config leaves out because it is transformers'
/// default, and the family has no default for.
struct TextPart {
  std::string_view model_type, text_type, architecture, defaults;
};

constexpr TextPart kTextParts[] = {
    {"gemma3", "gemma3_text", "Gemma3ForCausalLM",
     R"({"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
         "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 131072,
         "sliding_window": 4096})"},
    {"mistral3", "mistral", "MistralForCausalLM",
     R"({"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
         "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072})"},
};

const TextPart* find_part(const Json& config) {
  const Json* type = config.find("model_type");
  if (type == nullptr || !type->is_string() || !config.contains("text_config")) return nullptr;
  const auto* found = std::find_if(std::begin(kTextParts), std::end(kTextParts),
                                   [&](const TextPart& part) { return part.model_type == type->as_string(); });
  return found == std::end(kTextParts) ? nullptr : found;
}

/// Defaults, then text_config, then what stands beside it and is of the whole model.
Json text_config(const TextPart& part, const JsonCursor& config) {
  Json result = Json::parse(part.defaults, "defaults");
  for (const auto& [key, value] : config.at("text_config").as_object()) result.set(key, value);
  for (const char* key : {"tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "dtype", "torch_dtype",
                          "quantization_config", "compression_config"}) {
    const Json* value = config.json().find(key);
    if (value != nullptr && !result.contains(key)) result.set(key, *value);
  }
  result.set("model_type", part.text_type);
  result.set("architectures", Json(Json::Array{Json(part.architecture)}));
  return result;
}

/// The name that a language model alone has for one of its tensors; nullopt for those of other parts. Both spellings:
/// today's, and that before transformers 4.52.
std::optional<std::string> name_alone(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPrefixes = {
      {{"language_model.model.", "model."},
       {"model.language_model.", "model."},
       {"language_model.lm_head.", "lm_head."}}};
  for (const auto& [prefix, alone] : kPrefixes) {
    if (starts_with(name, prefix)) return fmt::format("{}{}", alone, name.substr(prefix.size()));
  }
  if (starts_with(name, "lm_head.")) return std::string(name);
  return std::nullopt;
}

}  // namespace

void take_text_part(Checkpoint& checkpoint, safetensors::StoredTensors& tensors) {
  const TextPart* part = find_part(checkpoint.config);
  if (part == nullptr) return;
  checkpoint.config = text_config(*part, JsonCursor(checkpoint.config, checkpoint.config_file));
  safetensors::StoredTensors text;
  std::string other;
  std::size_t others = 0;
  for (auto& [name, tensor] : tensors) {
    if (auto alone = name_alone(name)) {
      const auto [known, is_new] = text.emplace(std::move(*alone), tensor);
      if (!is_new) tensor.fail(fmt::format("stands for the same weight as {}", quoted(known->second.name)));
    } else if (others++ == 0) {
      other = name;
    }
  }
  tensors = std::move(text);
  std::string note = fmt::format("{} is read as the language model in it ({})", part->model_type, part->text_type);
  if (others > 0) {
    note += fmt::format("; {} of its other parts left aside, first {}",
                        others == 1 ? "1 tensor" : fmt::format("{} tensors", others), quoted(other));
  }
  checkpoint.notes.push_back(std::move(note));
}

}  // namespace kerf::formats
