#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/architectures/gemma_like.h"
#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& gemma3_architecture();

namespace {

constexpr std::int64_t kLargest = 62;  ///< layers of Gemma 3 27B
constexpr std::int64_t kPeriod = 6;
constexpr double kLocalTheta = 10000;
constexpr std::string_view kPattern = "attention.sliding_window_pattern", kLocalBase = "rope.freq_base_swa";

void write(const description::Model& model, Metadata& metadata) {
  check_score_scale(model, kLargest);
  const JsonCursor config(model.config, "config.json");
  const auto ropes = config.get("rope_parameters");
  const auto local = ropes ? ropes->get("sliding_attention") : std::nullopt;
  if (const std::string type = local ? local->string_or("rope_type", "default") : "default"; type != "default") {
    throw_usage(fmt::format(
        "found rope type {} of the layers with a window: llama.cpp's gemma3 architecture has default", quoted(type)));
  }
  const std::int64_t usual =
      config.int64_or("sliding_window_pattern", config.int64_or("_sliding_window_pattern", kPeriod));
  metadata.set(fmt::format("gemma3.{}", kPattern), static_cast<std::uint32_t>(window_period(model, usual)));
  if (model.hyperparameters.local_rope_theta > 0) {
    metadata.set(fmt::format("gemma3.{}", kLocalBase), static_cast<float>(model.hyperparameters.local_rope_theta));
  }
}

void read(const MetadataReader& metadata, const Container&, Json& config) {
  const std::int64_t layers = config.find("num_hidden_layers")->as_int64();
  read_score_scale(kLargest, config);
  const std::string pattern_key = fmt::format("gemma3.{}", kPattern), base_key = fmt::format("gemma3.{}", kLocalBase);
  const std::int64_t period = metadata.integer_in(pattern_key, 1, layers + 1).value_or(kPeriod);
  const bool windows = config.find("sliding_window") != nullptr;
  config.set("layer_types", layer_types(layers, windows ? period : 1));
  const double theta = metadata.number(base_key).value_or(kLocalTheta);
  if (!(theta > 0)) metadata.fail(base_key, fmt::format("found {}, expected a positive number", theta));
  Json local = Json::object(), ropes = Json::object();
  local.set("rope_type", "default");
  local.set("rope_theta", theta);
  ropes.set("full_attention", *config.find("rope_parameters"));
  ropes.set("sliding_attention", std::move(local));
  config.set("rope_parameters", std::move(ropes));
}

}  // namespace

/// Gemma3ForCausalLM, the language model of Gemma 3. Source: llama.cpp, conversion/gemma.py and src/models/gemma3.cpp.
const Architecture& gemma3_architecture() {
  static const Architecture architecture{
      .name = "gemma3",
      .model_types = {"gemma3_text"},
      .class_name = "Gemma3ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .windows = true,
      .tensors = joined({gemma_ends(), llama_attention(Bias::kNone, Bias::kNone), head_norms(Values::kPlusOne),
                         llama_feed_forward(), sandwich_norms()}),
      .hyperparameters = joined({llama_sizes(),
                                 SizeRules{
                                     {"final_logit_softcapping", "final_logit_softcapping",
                                      ConfigValue{ConfigValue::Type::kNumber, std::nullopt}, false},
                                     {"sliding_window", "attention.sliding_window",
                                      ConfigValue{ConfigValue::Type::kInteger, std::nullopt}, false},
                                 }}),
      .fixed =
          {
              {"hidden_activation", {Json("gelu_pytorch_tanh"), Json("gelu_new")}},
              {"attention_bias", {Json(false)}},
              {"attn_logit_softcapping", {Json()}},
              {"use_bidirectional_attention", {Json(false)}},
          },
      .extra_keys = {kPattern, kLocalBase},
      .write = write,
      .read = read,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
