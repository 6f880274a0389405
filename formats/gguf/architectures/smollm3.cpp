#include <fmt/format.h>

#include "core/error.h"
#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {

const Architecture& smollm3_architecture();

namespace {

constexpr std::int64_t kInterval = 4;

void write(const description::Model& model, Metadata&) {
  const JsonCursor config(model.config, "config.json");
  const auto list = config.get("no_rope_layers");
  const std::int64_t interval = config.int64_or("no_rope_layer_interval", kInterval);
  for (std::int64_t layer = 0; layer < model.hyperparameters.layers; ++layer) {
    const bool expected = (layer + 1) % kInterval != 0;
    const bool turned = list ? list->at(static_cast<std::size_t>(layer)).as_int64() != 0 : (layer + 1) % interval != 0;
    if (turned == expected) continue;
    throw_usage(fmt::format("found layer {} {} rotation: llama.cpp's smollm3 architecture leaves out every {}th", layer,
                            turned ? "with" : "without", kInterval));
  }
}

}  // namespace

/// SmolLM3ForCausalLM. llama.cpp leaves every fourth layer without rotation. Source: llama.cpp,
/// conversion/smallthinker.py and src/models/smollm3.cpp.
const Architecture& smollm3_architecture() {
  static const Architecture architecture{
      .name = "smollm3",
      .model_types = {"smollm3"},
      .class_name = "SmolLM3ForCausalLM",
      .optional_prefix = "model.",
      .rotation = Rotation::kWhole,
      .tensors =
          joined({llama_ends(), llama_norms(), interleaved_attention(Bias::kNone, Bias::kNone), llama_feed_forward()}),
      .hyperparameters = llama_sizes(),
      .fixed =
          {
              {"hidden_act", {Json("silu"), Json("swish")}},
              {"attention_bias", {Json(false)}},
              {"mlp_bias", {Json(false)}},
          },
      .write = write,
      .read = [](const MetadataReader&, const Container&,
                 Json& config) { config.set("no_rope_layer_interval", kInterval); },
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
