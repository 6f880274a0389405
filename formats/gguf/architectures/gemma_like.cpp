#include "formats/gguf/architectures/gemma_like.h"

#include <fmt/format.h>

#include "core/error.h"
#include "formats/gguf/config.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::string_view kSliding = "sliding_attention", kFull = "full_attention";

std::int64_t expected_scalar(std::int64_t layers, std::int64_t largest, std::int64_t hidden, std::int64_t heads,
                             std::int64_t head_dim) {
  return layers == largest ? hidden / heads : head_dim;
}

bool slides(std::int64_t layer, std::int64_t period) { return layer % period < period - 1; }

}  // namespace

Rules plus_one_norm(const std::string& hugging_face, const std::string& gguf) {
  return norm("model.layers.{}." + hugging_face, "blk.{}." + gguf, Bias::kNone, Values::kPlusOne);
}

Rules gemma_ends() { return llama_ends(Bias::kNone, Values::kPlusOne); }

Rules sandwich_norms() {
  return joined({plus_one_norm("input_layernorm", "attn_norm"),
                 plus_one_norm("post_attention_layernorm", "post_attention_norm"),
                 plus_one_norm("pre_feedforward_layernorm", "ffn_norm"),
                 plus_one_norm("post_feedforward_layernorm", "post_ffw_norm")});
}

void check_score_scale(const description::Model& model, std::int64_t largest) {
  const auto& h = model.hyperparameters;
  const double found = JsonCursor(model.config, "config.json").double_or("query_pre_attn_scalar", 256);
  const std::int64_t expected = expected_scalar(h.layers, largest, h.hidden_size, h.heads, h.head_dim);
  if (found == static_cast<double>(expected)) return;
  throw_usage(fmt::format("found query_pre_attn_scalar {} in config.json: llama.cpp computes {} for these sizes", found,
                          expected));
}

void read_score_scale(std::int64_t largest, Json& config) {
  const auto size = [&](std::string_view key) { return config.find(key)->as_int64(); };
  config.set("query_pre_attn_scalar", expected_scalar(size("num_hidden_layers"), largest, size("hidden_size"),
                                                      size("num_attention_heads"), size("head_dim")));
}

std::int64_t window_period(const description::Model& model, std::int64_t usual) {
  const auto types = config_texts(model.config, "layer_types");
  if (types.empty()) return usual;
  const auto layers = static_cast<std::int64_t>(types.size());
  std::int64_t period = 1;
  while (period <= layers && types[static_cast<std::size_t>(period - 1)] == kSliding) ++period;
  // All slide: any period beyond the last layer says so.
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::string_view expected = slides(layer, period) ? kSliding : kFull;
    if (types[static_cast<std::size_t>(layer)] == expected) continue;
    throw_usage(
        fmt::format("found {} as the type of layer {}: a GGUF file says only that every n-th layer has no window",
                    types[static_cast<std::size_t>(layer)], layer));
  }
  return period;
}

Json layer_types(std::int64_t layers, std::int64_t period) {
  Json types = Json::array();
  for (std::int64_t layer = 0; layer < layers; ++layer) types.push_back(Json(slides(layer, period) ? kSliding : kFull));
  return types;
}

}  // namespace kerf::formats::gguf
