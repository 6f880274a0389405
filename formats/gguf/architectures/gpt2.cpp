#include "formats/gguf/architecture.h"

namespace kerf::formats::gguf {

const Architecture& gpt2_architecture();

/// GPT2LMHeadModel. Source: llama.cpp, conversion/gpt2.py and gguf-py/gguf/tensor_mapping.py. llama.cpp's GELU is the
/// tanh approximation, and its attention is scaled by 1/sqrt(d) in every layer alike.
const Architecture& gpt2_architecture() {
  using H = description::Hyperparameters;
  constexpr auto kSame = RowOrder::kSame;
  static const Architecture architecture{
      .name = "gpt2",
      .model_types = {"gpt2"},
      .class_name = "GPT2LMHeadModel",
      .optional_prefix = "transformer.",
      .tensors =
          {
              {"transformer.wte.weight", "token_embd.weight"},
              {"transformer.wpe.weight", "position_embd.weight"},
              {"transformer.ln_f.weight", "output_norm.weight"},
              {"transformer.ln_f.bias", "output_norm.bias"},
              {"lm_head.weight", "output.weight", false},
              {"transformer.h.{}.ln_1.weight", "blk.{}.attn_norm.weight"},
              {"transformer.h.{}.ln_1.bias", "blk.{}.attn_norm.bias"},
              {"transformer.h.{}.attn.c_attn.weight", "blk.{}.attn_qkv.weight", true, kSame, true},
              {"transformer.h.{}.attn.c_attn.bias", "blk.{}.attn_qkv.bias"},
              {"transformer.h.{}.attn.c_proj.weight", "blk.{}.attn_output.weight", true, kSame, true},
              {"transformer.h.{}.attn.c_proj.bias", "blk.{}.attn_output.bias"},
              {"transformer.h.{}.ln_2.weight", "blk.{}.ffn_norm.weight"},
              {"transformer.h.{}.ln_2.bias", "blk.{}.ffn_norm.bias"},
              {"transformer.h.{}.mlp.c_fc.weight", "blk.{}.ffn_up.weight", true, kSame, true},
              {"transformer.h.{}.mlp.c_fc.bias", "blk.{}.ffn_up.bias"},
              {"transformer.h.{}.mlp.c_proj.weight", "blk.{}.ffn_down.weight", true, kSame, true},
              {"transformer.h.{}.mlp.c_proj.bias", "blk.{}.ffn_down.bias"},
          },
      .hyperparameters =
          {
              {"n_positions", "context_length", &H::context_length},
              {"n_embd", "embedding_length", &H::hidden_size},
              {"n_layer", "block_count", &H::layers},
              {"n_inner", "feed_forward_length", &H::intermediate_size},
              {"n_head", "attention.head_count", &H::heads},
              {"layer_norm_epsilon", "attention.layer_norm_epsilon", &H::norm_epsilon},
              {"vocab_size", "vocab_size", &H::vocab_size, false},
          },
      .fixed =
          {
              {"activation_function", {Json("gelu_new"), Json("gelu_pytorch_tanh")}},
              {"scale_attn_weights", {Json(true)}},
              {"scale_attn_by_inverse_layer_idx", {Json(false)}},
          },
  };
  return architecture;
}

}  // namespace kerf::formats::gguf
