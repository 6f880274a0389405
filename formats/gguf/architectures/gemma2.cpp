#include <fmt/format.h>

#include "core/error.h"
#include "formats/gguf/architectures/gemma_like.h"
#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& gemma2_architecture();

namespace {

constexpr std::int64_t kLargest = 46;  ///< layers of Gemma 2 27B
constexpr std::int64_t kPeriod = 2;
constexpr std::string_view kPattern = "attention.sliding_window_pattern";
/// llama.cpp caps always.
constexpr ConfigValue kCap{ConfigValue::Type::kNumber, std::nullopt};
constexpr ConfigValue kWindow{ConfigValue::Type::kInteger, std::nullopt};

void write(const description::Model& model, Metadata& metadata) {
  const JsonCursor config(model.config, "config.json");
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping", "sliding_window"}) {
    if (!config.has(key))
      throw_usage(fmt::format("found no {} in config.json: llama.cpp's gemma2 architecture has one", key));
  }
  check_score_scale(model, kLargest);
  const std::int64_t period = window_period(model, kPeriod);
  if (period != kPeriod) metadata.set(fmt::format("gemma2.{}", kPattern), static_cast<std::uint32_t>(period));
}

void read(const MetadataReader& metadata, const Container&, Json& config) {
  const std::int64_t layers = config.find("num_hidden_layers")->as_int64();
  const std::int64_t period = metadata.integer_in(fmt::format("gemma2.{}", kPattern), 1, layers + 1).value_or(kPeriod);
  read_score_scale(kLargest, config);
  config.set("layer_types", layer_types(layers, period));
}

}  // namespace

/// Gemma2ForCausalLM. Source: llama.cpp, conversion/gemma.py and src/models/gemma2.cpp.
const Architecture& gemma2_architecture() {
  static const Architecture architecture{
      .name = "gemma2",
      .model_types = {"gemma2"},
      .class_name = "Gemma2ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .windows = true,
      .always_tied = true,
      .tensors =
          joined({gemma_ends(), llama_attention(Bias::kNone, Bias::kNone), llama_feed_forward(), sandwich_norms()}),
      .hyperparameters = joined({llama_sizes(),
                                 SizeRules{
                                     {"attn_logit_softcapping", "attn_logit_softcapping", kCap},
                                     {"final_logit_softcapping", "final_logit_softcapping", kCap},
                                     {"sliding_window", "attention.sliding_window", kWindow},
                                 }}),
      .fixed = {{"hidden_activation", {Json("gelu_pytorch_tanh"), Json("gelu_new")}},
                {"attention_bias", {Json(false)}}},
      .extra_keys = {kPattern},
      .write = write,
      .read = read,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
