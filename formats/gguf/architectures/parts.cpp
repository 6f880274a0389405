#include "formats/gguf/architectures/parts.h"

namespace kerf::formats::gguf {
namespace {

using H = description::Hyperparameters;

void add_bias(const std::string& hugging_face, const std::string& gguf, Bias bias, RowOrder order, Rules& rules) {
  if (bias == Bias::kNone) return;
  rules.push_back({hugging_face + ".bias", gguf + ".bias", bias == Bias::kRequired, order});
}

SizeRules sizes() {
  return {
      {"max_position_embeddings", "context_length", &H::context_length},
      {"hidden_size", "embedding_length", &H::hidden_size},
      {"num_hidden_layers", "block_count", &H::layers},
      {"intermediate_size", "feed_forward_length", &H::intermediate_size},
      {"num_attention_heads", "attention.head_count", &H::heads},
      {"num_key_value_heads", "attention.head_count_kv", &H::kv_heads, false},
      {"vocab_size", "vocab_size", &H::vocab_size, false},
  };
}

}  // namespace

Rules linear(const std::string& hugging_face, const std::string& gguf, Bias bias, RowOrder order, bool transposed) {
  Rules rules{{hugging_face + ".weight", gguf + ".weight", true, order, transposed}};
  add_bias(hugging_face, gguf, bias, order, rules);
  return rules;
}

Rules norm(const std::string& hugging_face, const std::string& gguf, Bias bias, Values values, bool required) {
  Rules rules{{hugging_face + ".weight", gguf + ".weight", required, RowOrder::kSame, false, values}};
  add_bias(hugging_face, gguf, bias, RowOrder::kSame, rules);
  return rules;
}

Rules llama_ends(Bias norm_bias, Values values) {
  return joined({linear("model.embed_tokens", "token_embd"), norm("model.norm", "output_norm", norm_bias, values),
                 Rules{{"lm_head.weight", "output.weight", false}}});
}

Rules llama_attention(Bias qkv, Bias output, RowOrder query, RowOrder key) {
  return joined({linear("model.layers.{}.self_attn.q_proj", "blk.{}.attn_q", qkv, query),
                 linear("model.layers.{}.self_attn.k_proj", "blk.{}.attn_k", qkv, key),
                 linear("model.layers.{}.self_attn.v_proj", "blk.{}.attn_v", qkv),
                 linear("model.layers.{}.self_attn.o_proj", "blk.{}.attn_output", output)});
}

Rules interleaved_attention(Bias qkv, Bias output) {
  return llama_attention(qkv, output, RowOrder::kInterleavedQuery, RowOrder::kInterleavedKey);
}

Rules llama_norms(Bias bias) {
  return joined({norm("model.layers.{}.input_layernorm", "blk.{}.attn_norm", bias),
                 norm("model.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm", bias)});
}

Rules llama_feed_forward(Bias bias) {
  return joined({linear("model.layers.{}.mlp.gate_proj", "blk.{}.ffn_gate", bias),
                 linear("model.layers.{}.mlp.up_proj", "blk.{}.ffn_up", bias),
                 linear("model.layers.{}.mlp.down_proj", "blk.{}.ffn_down", bias)});
}

Rules head_norms(Values values) {
  return joined({norm("model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm", Bias::kNone, values),
                 norm("model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm", Bias::kNone, values)});
}

SizeRules llama_sizes() {
  return joined({sizes(), SizeRules{{"rms_norm_eps", "attention.layer_norm_rms_epsilon", &H::norm_epsilon}}});
}

SizeRules layer_norm_sizes(std::string_view epsilon_key) {
  return joined({sizes(), SizeRules{{epsilon_key, "attention.layer_norm_epsilon", &H::norm_epsilon}}});
}

SizeRules expert_sizes(std::string_view count_key) {
  return {{count_key, "expert_count", &H::experts},
          {"num_experts_per_tok", "expert_used_count", &H::experts_per_token}};
}

}  // namespace kerf::formats::gguf
