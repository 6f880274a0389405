#include "formats/gguf/architecture.h"

namespace kerf::formats::gguf {

const Architecture& llama_architecture();

/// LlamaForCausalLM. Source: llama.cpp, conversion/llama.py and gguf-py/gguf/tensor_mapping.py.
const Architecture& llama_architecture() {
  using H = description::Hyperparameters;
  static const Architecture architecture{
      .name = "llama",
      .model_type = "llama",
      .class_name = "LlamaForCausalLM",
      .optional_prefix = "model.",
      .rotary = true,
      .attention_bias_key = "attention_bias",
      .mlp_bias_key = "mlp_bias",
      .tensors =
          {
              {"model.embed_tokens.weight", "token_embd.weight"},
              {"model.norm.weight", "output_norm.weight"},
              {"lm_head.weight", "output.weight", false},
              {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight"},
              {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", true, RowOrder::kInterleavedQuery},
              {"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", false, RowOrder::kInterleavedQuery},
              {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", true, RowOrder::kInterleavedKey},
              {"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", false, RowOrder::kInterleavedKey},
              {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight"},
              {"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias", false},
              {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight"},
              {"model.layers.{}.self_attn.o_proj.bias", "blk.{}.attn_output.bias", false},
              {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight"},
              {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight"},
              {"model.layers.{}.mlp.gate_proj.bias", "blk.{}.ffn_gate.bias", false},
              {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight"},
              {"model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias", false},
              {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight"},
              {"model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias", false},
          },
      .hyperparameters =
          {
              {"max_position_embeddings", "context_length", &H::context_length},
              {"hidden_size", "embedding_length", &H::hidden_size},
              {"num_hidden_layers", "block_count", &H::layers},
              {"intermediate_size", "feed_forward_length", &H::intermediate_size},
              {"num_attention_heads", "attention.head_count", &H::heads},
              {"num_key_value_heads", "attention.head_count_kv", &H::kv_heads, false},
              {"rms_norm_eps", "attention.layer_norm_rms_epsilon", &H::norm_epsilon},
              {"vocab_size", "vocab_size", &H::vocab_size, false},
          },
      .fixed = {{"hidden_act", {Json("silu"), Json("swish")}}},
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
