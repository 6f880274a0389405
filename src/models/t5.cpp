#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "models/activation.h"
#include "models/config.h"
#include "models/encoder_decoder.h"
#include "models/families.h"

namespace kerf::models {
namespace {

/// Does `architectures` name a model that only encodes? Error(kInput) if it names a head that kerf does not know.
bool encodes_only(const JsonCursor& config) {
  const auto architectures = config.get("architectures");
  if (!architectures || architectures->as_array().empty()) return false;
  const JsonCursor first = architectures->at(std::size_t{0});
  const std::string name = first.as_string();
  if (ends_with(name, "ForConditionalGeneration") || ends_with(name, "WithLMHeadModel")) return false;
  if (ends_with(name, "EncoderModel")) return true;
  first.fail(fmt::format("found {}, expected a name that ends in ForConditionalGeneration or EncoderModel",
                         kerf::quoted(name)));
}

/// "relu", "gated-gelu": whether there is a gate, and the activation. Gated GELU is the approximation by tanh.
std::pair<bool, std::string> read_feed_forward(const JsonCursor& config) {
  const auto key = config.get("feed_forward_proj");
  if (!key) return {false, "relu"};
  std::string name = key->as_string();
  if (name == "gated-gelu") return {true, "gelu_new"};
  const std::string_view gated = "gated-";
  const bool has_gate = starts_with(name, gated);
  if (has_gate) name.erase(0, gated.size());
  const Json activation = name;
  return {has_gate, read_activation(JsonCursor(activation, key->file(), key->path()))};
}

description::Hyperparameters read_sizes(const JsonCursor& config) {
  description::Hyperparameters h;
  h.vocab_size = read_size(config, "vocab_size");
  h.hidden_size = read_size(config, "d_model");
  h.intermediate_size = read_size(config, "d_ff");
  h.heads = h.kv_heads = read_size(config, "num_heads");
  h.head_dim = read_size(config, "d_kv", 64);
  h.context_length = read_size(config, "n_positions", 512);
  h.relative_bias = true;
  h.norm_epsilon = config.double_or("layer_norm_epsilon", 1e-6);
  return h;
}

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  EncoderDecoderSpec spec;
  spec.family = "t5";
  auto& h = spec.hyperparameters = read_sizes(config);
  bool gated = false;
  std::tie(gated, h.activation) = read_feed_forward(config);
  spec.token_embeddings = {"shared", "encoder.embed_tokens", "decoder.embed_tokens"};
  spec.head = {.name = "lm_head"};
  // A tied head reads the decoder's output scaled. Since transformers 5 a configuration says "tied" of every model and
  // has a key for the scale; the head is another matrix where the checkpoint has one.
  const bool tied = config.bool_or("tie_word_embeddings", true);
  const bool scaled = config.bool_or("scale_decoder_outputs", tied);
  h.tied_head = tied && (scaled || !tensors.contains("lm_head.weight"));
  if (scaled) spec.head_scale = 1.0 / std::sqrt(static_cast<double>(h.hidden_size));

  const auto norm = [epsilon = h.norm_epsilon](std::string name) {
    return Norm{.name = std::move(name), .kind = NormKind::kRms, .epsilon = epsilon};
  };
  const auto stack = [&](const std::string& name, std::int64_t layers, bool decodes) {
    const auto layer = [=](int index) {
      const auto at = [&](int part, std::string_view what) {
        return fmt::format("{}.block.{}.layer.{}.{}", name, index, part, what);
      };
      const auto projections = [&](int part, const std::string& what) {
        return Projections{
            {at(part, what + ".q")}, {at(part, what + ".k")}, {at(part, what + ".v")}, {at(part, what + ".o")}};
      };
      const int last = decodes ? 2 : 1;
      const auto dense = [&](const char* what) { return Linear{at(last, fmt::format("DenseReluDense.{}", what))}; };
      StackLayer result{
          .attention_norm = norm(at(0, "layer_norm")),
          .attention = projections(0, "SelfAttention"),
          .mlp_norm = norm(at(last, "layer_norm")),
          .mlp = gated ? Mlp{dense("wi_0"), dense("wi_1"), dense("wo")} : Mlp{{}, dense("wi"), dense("wo")}};
      if (decodes) result.cross_norm = norm(at(1, "layer_norm"));
      if (decodes) result.cross = projections(1, "EncDecAttention");
      return result;
    };
    return Stack{.layers = layers,
                 .layer = layer,
                 .final_norm = norm(name + ".final_layer_norm"),
                 .relative = {.table = name + ".block.0.layer.0.SelfAttention.relative_attention_bias",
                              .buckets = read_size(config, "relative_attention_num_buckets", 32),
                              .max_distance = read_size(config, "relative_attention_max_distance", 128)}};
  };
  const std::int64_t layers = read_size(config, "num_layers");
  spec.encoder = stack("encoder", layers, false);
  if (encodes_only(config)) {
    spec.ignorable = {{"decoder.*", "the architecture has no decoder"},
                      {"lm_head.*", "the architecture has no decoder"}};
  } else {
    spec.decoder = stack("decoder", read_size(config, "num_decoder_layers", layers), true);
    spec.ignorable = {{"decoder.block.*.EncDecAttention.relative_attention_bias.weight",
                       "attention to the encoder's output knows no distances"}};
  }
  h.layers = spec.encoder.layers + spec.decoder.layers;
  h.decoder_layers = spec.decoder.layers;
  return build_encoder_decoder(config, tensors, spec);
}

}  // namespace

const Family& t5_family() {
  static const Family family{
      .name = "t5",
      .summary = "T5 1.0 and 1.1: encoder and decoder with RMS norms and biases by relative position",
      .build = build};
  return family;
}

}  // namespace kerf::models
