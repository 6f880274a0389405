#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/architectures/parts.h"
#include "formats/gguf/config.h"

namespace kerf::formats::gguf {

const Architecture& t5_architecture();

namespace {

using H = description::Hyperparameters;

constexpr std::string_view kLayerNorm = "attention.layer_norm_epsilon", kStart = "decoder_start_token_id";

Rules attention(const std::string& hugging_face, const std::string& gguf) {
  return joined({linear(hugging_face + "q", gguf + "q"), linear(hugging_face + "k", gguf + "k"),
                 linear(hugging_face + "v", gguf + "v"), linear(hugging_face + "o", gguf + "o")});
}

/// Of the encoder or the decoder; `last`: the part of a block that is its feed-forward. With a gate the matrix beside
/// it has another name.
Rules stack(const std::string& hugging_face, const std::string& gguf, int last) {
  const std::string block = hugging_face + ".block.{}.layer.", file = gguf + ".blk.{}.";
  const std::string dense = fmt::format("{}{}.DenseReluDense.", block, last), gate = file + "ffn_gate.weight";
  return joined(
      {attention(block + "0.SelfAttention.", file + "attn_"), norm(block + "0.layer_norm", file + "attn_norm"),
       norm(fmt::format("{}{}.layer_norm", block, last), file + "ffn_norm"),
       norm(hugging_face + ".final_layer_norm", gguf + ".output_norm"),
       norm(hugging_face + ".block.0.layer.0.SelfAttention.relative_attention_bias", gguf + ".blk.0.attn_rel_b",
            Bias::kNone, Values::kFloat32),
       linear(dense + "wo", file + "ffn_down"),
       Rules{{.hugging_face = dense + "wi_0.weight", .gguf = gate, .required = false},
             {.hugging_face = dense + "wi_1.weight", .gguf = file + "ffn_up.weight", .required = true, .beside = gate},
             {.hugging_face = dense + "wi.weight", .gguf = file + "ffn_up.weight", .required = true}}});
}

void write(const description::Model& model, Metadata& metadata) {
  const JsonCursor config(model.config, "config.json");
  const auto& h = model.hyperparameters;
  if (h.decoder_layers == 0) throw_usage("found an encoder alone: kerf writes T5 into GGUF with its decoder");
  const bool tied = config.bool_or("tie_word_embeddings", true);
  if (config.bool_or("scale_decoder_outputs", tied)) {
    throw_usage(
        "found a head that reads the decoder's output scaled (T5 1.0): llama.cpp's t5 architecture does not scale it");
  }
  const std::string feed_forward = config.string_or("feed_forward_proj", "relu");
  if (feed_forward != "relu" && feed_forward != "gated-gelu") {
    throw_usage(
        fmt::format("found feed_forward_proj {} in config.json: llama.cpp's t5 architecture computes relu and "
                    "gated-gelu",
                    quoted(feed_forward)));
  }
  metadata.set(fmt::format("t5.{}", kLayerNorm), static_cast<float>(h.norm_epsilon));
  if (model.decoder_start_id >= 0) {
    metadata.set(fmt::format("t5.{}", kStart), static_cast<std::uint32_t>(model.decoder_start_id));
  }
}

void read(const MetadataReader& metadata, const Container& container, Json& config) {
  const std::int64_t hidden = config.find("d_model")->as_int64(), heads = config.find("num_heads")->as_int64();
  config.set("d_kv", metadata.integer("t5.attention.key_length").value_or(hidden / heads));
  config.set("is_encoder_decoder", true);
  config.set("scale_decoder_outputs", false);
  config.set("feed_forward_proj", has_tensor(container, "enc.blk.0.ffn_gate.weight") ? "gated-gelu" : "relu");
  const auto start = metadata.integer_in(fmt::format("t5.{}", kStart), 0, std::int64_t{1} << 31);
  config.set("decoder_start_token_id", start.value_or(0));
}

}  // namespace

/// T5ForConditionalGeneration. Source: llama.cpp, conversion/t5.py and src/models/t5.cpp.
const Architecture& t5_architecture() {
  static const Architecture architecture{
      .name = "t5",
      .model_types = {"t5"},
      .class_name = "T5ForConditionalGeneration",
      .tensors = joined({linear("shared", "token_embd"), Rules{{"lm_head.weight", "output.weight", false}},
                         stack("encoder", "enc", 1), stack("decoder", "dec", 2),
                         attention("decoder.block.{}.layer.1.EncDecAttention.", "dec.blk.{}.cross_attn_"),
                         norm("decoder.block.{}.layer.1.layer_norm", "dec.blk.{}.cross_attn_norm")}),
      .hyperparameters =
          {
              {"n_positions", "context_length", &H::context_length},
              {"d_model", "embedding_length", &H::hidden_size},
              {"num_layers", "block_count", ConfigValue{ConfigValue::Type::kInteger, std::nullopt}},
              {"num_decoder_layers", "decoder_block_count", &H::decoder_layers, false},
              {"d_ff", "feed_forward_length", &H::intermediate_size},
              {"num_heads", "attention.head_count", &H::heads},
              {"num_key_value_heads", "attention.head_count_kv", &H::kv_heads, false},
              {"layer_norm_epsilon", "attention.layer_norm_rms_epsilon", &H::norm_epsilon},
              {"relative_attention_num_buckets", "attention.relative_buckets_count",
               ConfigValue{ConfigValue::Type::kInteger, 32}},
              {"vocab_size", "vocab_size", &H::vocab_size, false},
          },
      .fixed = {{"relative_attention_max_distance", {Json(128)}}},
      .extra_keys = {kLayerNorm, kStart},
      .write = write,
      .read = read,
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
