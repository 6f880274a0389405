#!/usr/bin/env python3
"""Golden variants: what configurations can switch, in odd sizes; with the logits that transformers computes in FP32.

  make_variants.py OUT [PREFIX…]     all cases, or those whose names begin so

Run on a machine with torch and transformers (CPU, seconds). Writes OUT/<case>/{config.json, model.safetensors,
expected.safetensors}; the latter holds the inputs by name, and `logits` (of a bare encoder its last hidden state).
Sizes are such that no two dimensions are alike and that neither groups of 32 nor vectors of 16 divide them.
"""
import os
import sys

import torch
import transformers as tf
from safetensors.torch import save_file

OUT, PREFIXES = sys.argv[1], tuple(sys.argv[2:]) or ("",)
HIDDEN, INNER, HEADS, VOCABULARY, POSITIONS, SEED = 40, 56, 5, 97, 80, 23

DECODER = dict(hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=HEADS,
               num_key_value_heads=1, vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, pad_token_id=0,
               bos_token_id=1, eos_token_id=2)
NEOX = {key: value for key, value in DECODER.items() if key != "num_key_value_heads"}
GPT2 = dict(n_embd=HIDDEN, n_layer=3, n_head=HEADS, vocab_size=VOCABULARY, n_positions=POSITIONS, bos_token_id=1,
            eos_token_id=2)
OPT = dict(hidden_size=HIDDEN, ffn_dim=INNER, num_hidden_layers=2, num_attention_heads=HEADS, vocab_size=VOCABULARY,
           max_position_embeddings=POSITIONS, word_embed_proj_dim=HIDDEN, pad_token_id=1, bos_token_id=2, eos_token_id=2)
BLOOM = dict(hidden_size=HIDDEN, n_layer=2, n_head=HEADS, vocab_size=VOCABULARY, bos_token_id=1, eos_token_id=2)
ENCODER = dict(hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=HEADS,
               vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, pad_token_id=0)
DISTILBERT = dict(dim=HIDDEN, hidden_dim=INNER, n_layers=2, n_heads=HEADS, vocab_size=VOCABULARY,
                  max_position_embeddings=POSITIONS, pad_token_id=0)
ROBERTA = {**ENCODER, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
ALBERT = {**ENCODER, "embedding_size": 24}
MOBILEBERT = {**ENCODER, "embedding_size": 24, "true_hidden_size": 20, "intra_bottleneck_size": 20,
              "intermediate_size": 44, "num_feedforward_networks": 1}
T5 = dict(d_model=HIDDEN, d_kv=6, d_ff=INNER, num_layers=2, num_decoder_layers=3, num_heads=HEADS,
          vocab_size=VOCABULARY, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
MOE = dict(num_experts=6, num_experts_per_tok=3, moe_intermediate_size=20, head_dim=8)


def rope(kind, theta=10000.0, **parameters):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta, **parameters}}


def longrope(pairs, trained):
    return rope("longrope", original_max_position_embeddings=trained, short_factor=[1 + 0.1 * k for k in range(pairs)],
                long_factor=[1.5 + 0.4 * k for k in range(pairs)])


# name: (class, configuration's class, its arguments, what else: dtype of the file, length, masked side, segments)
CASES = {
    "llama-gelu-head-dim": ("LlamaForCausalLM", "LlamaConfig", {**DECODER, "head_dim": 12, "hidden_act": "gelu"}, {}),
    "llama-yarn": ("LlamaForCausalLM", "LlamaConfig", {**DECODER, **rope(
        "yarn", 5000.0, factor=8.0, original_max_position_embeddings=10, mscale=0.7, mscale_all_dim=0.3, beta_fast=16,
        beta_slow=2, truncate=False)}, {}),
    "llama-dynamic": ("LlamaForCausalLM", "LlamaConfig", {
        **DECODER, "max_position_embeddings": 16, **rope("dynamic", factor=2.0)}, {"length": 40}),
    "llama-f16": ("LlamaForCausalLM", "LlamaConfig", {**DECODER, "num_key_value_heads": 5}, {"dtype": torch.float16}),
    "llama-bf16": ("LlamaForCausalLM", "LlamaConfig", DECODER, {"dtype": torch.bfloat16}),
    "mistral-tied": ("MistralForCausalLM", "MistralConfig", {
        **DECODER, "sliding_window": 5, "head_dim": 10, "tie_word_embeddings": True}, {}),
    "qwen2-windows": ("Qwen2ForCausalLM", "Qwen2Config", {
        **DECODER, "num_hidden_layers": 3, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1,
        "tie_word_embeddings": True}, {}),
    "qwen3-bias": ("Qwen3ForCausalLM", "Qwen3Config", {
        **DECODER, "head_dim": 14, "attention_bias": True, "num_hidden_layers": 3, "use_sliding_window": True,
        "sliding_window": 7, "max_window_layers": 1}, {}),
    "qwen3-moe-mixed": ("Qwen3MoeForCausalLM", "Qwen3MoeConfig", {
        **DECODER, **MOE, "num_hidden_layers": 3, "mlp_only_layers": [1], "norm_topk_prob": False}, {}),
    "qwen3-moe-sparse": ("Qwen3MoeForCausalLM", "Qwen3MoeConfig", {
        **DECODER, **MOE, "decoder_sparse_step": 2, "norm_topk_prob": True, "attention_bias": True}, {}),
    "mixtral-one-of-three": ("MixtralForCausalLM", "MixtralConfig", {
        **DECODER, "num_local_experts": 3, "num_experts_per_tok": 1, "sliding_window": 5}, {}),
    "phi2-norms": ("PhiForCausalLM", "PhiConfig", {
        **DECODER, "qk_layernorm": True, "partial_rotary_factor": 0.5, "num_key_value_heads": 5}, {}),
    "phi2-tied": ("PhiForCausalLM", "PhiConfig", {
        **DECODER, "partial_rotary_factor": 0.25, "hidden_act": "gelu", "tie_word_embeddings": True}, {}),
    "phi3-window": ("Phi3ForCausalLM", "Phi3Config", {
        **DECODER, "sliding_window": 6, "tie_word_embeddings": True}, {}),
    "phi3-longrope-short": ("Phi3ForCausalLM", "Phi3Config", {
        **DECODER, "sliding_window": None, "original_max_position_embeddings": 40, **longrope(4, 40)}, {}),
    "gpt2-inner": ("GPT2LMHeadModel", "GPT2Config", {**GPT2, "n_inner": 52, "activation_function": "relu"}, {}),
    "gpt2-by-layer": ("GPT2LMHeadModel", "GPT2Config", {**GPT2, "scale_attn_by_inverse_layer_idx": True}, {}),
    "gpt2-unscaled-untied": ("GPT2LMHeadModel", "GPT2Config", {
        **GPT2, "scale_attn_weights": False, "tie_word_embeddings": False, "layer_norm_epsilon": 1e-3}, {}),
    "gpt-neo-pattern": ("GPTNeoForCausalLM", "GPTNeoConfig", dict(
        hidden_size=HIDDEN, num_layers=4, num_heads=HEADS, vocab_size=VOCABULARY, max_position_embeddings=POSITIONS,
        attention_types=[[["global", "local", "local"], 1], [["global"], 1]], window_size=5, bos_token_id=1,
        eos_token_id=2, activation_function="gelu"), {}),
    "gpt-neox-tied": ("GPTNeoXForCausalLM", "GPTNeoXConfig", {
        **NEOX, "rotary_pct": 0.5, "attention_bias": False, "tie_word_embeddings": True, "hidden_act": "gelu_fast"}, {}),
    "opt-350m": ("OPTForCausalLM", "OPTConfig", {**OPT, "do_layer_norm_before": False, "word_embed_proj_dim": 24}, {}),
    "opt-plain-norms": ("OPTForCausalLM", "OPTConfig", {
        **OPT, "enable_bias": False, "layer_norm_elementwise_affine": False, "_remove_final_layer_norm": True}, {}),
    "opt-masked": ("OPTForCausalLM", "OPTConfig", OPT, {"masked": "left"}),
    "bloom-six-heads": ("BloomForCausalLM", "BloomConfig", {
        **BLOOM, "hidden_size": 48, "n_head": 6, "apply_residual_connection_post_layernorm": True}, {}),
    "bloom-masked": ("BloomForCausalLM", "BloomConfig", BLOOM, {"masked": "left"}),
    "gemma-bias": ("GemmaForCausalLM", "GemmaConfig", {
        **DECODER, "head_dim": 12, "hidden_act": "gelu", "attention_bias": True}, {}),
    "gemma2-caps": ("Gemma2ForCausalLM", "Gemma2Config", {
        **DECODER, "head_dim": 12, "num_hidden_layers": 3, "sliding_window": 5, "query_pre_attn_scalar": 20,
        "attn_logit_softcapping": 7.0, "final_logit_softcapping": 3.0}, {}),
    "gemma3-linear": ("Gemma3ForCausalLM", "Gemma3TextConfig", {
        **DECODER, "head_dim": 12, "num_hidden_layers": 7, "sliding_window": 5, "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}, {}),
    "stablelm-norms": ("StableLmForCausalLM", "StableLmConfig", {
        **DECODER, "hidden_size": 80, "qk_layernorm": True, "use_qkv_bias": True}, {}),
    "stablelm-parallel": ("StableLmForCausalLM", "StableLmConfig", {
        **DECODER, "hidden_size": 80, "use_parallel_residual": True, "partial_rotary_factor": 0.5}, {}),
    "starcoder2-window": ("Starcoder2ForCausalLM", "Starcoder2Config", {
        **DECODER, "use_bias": False, "sliding_window": 6, "tie_word_embeddings": False}, {}),
    "olmo2-bias": ("Olmo2ForCausalLM", "Olmo2Config", {
        **DECODER, "attention_bias": True, "tie_word_embeddings": True}, {}),
    "smollm3-windows": ("SmolLM3ForCausalLM", "SmolLM3Config", {
        **DECODER, "num_hidden_layers": 4, "no_rope_layer_interval": 3, "use_sliding_window": True,
        "sliding_window": 6, "attention_bias": True, "mlp_bias": True}, {}),
    "granite-tied": ("GraniteForCausalLM", "GraniteConfig", {
        **DECODER, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True, "embedding_multiplier": 12.0,
        "attention_multiplier": 0.03, "residual_multiplier": 0.22, "logits_scaling": 8.0}, {}),
    "bert-segments": ("BertForMaskedLM", "BertConfig", {
        **ENCODER, "hidden_act": "relu", "type_vocab_size": 3, "layer_norm_eps": 1e-5}, {"segments": 3}),
    "bert-untied": ("BertForMaskedLM", "BertConfig", {**ENCODER, "tie_word_embeddings": False}, {"masked": "right"}),
    "bert-pretraining": ("BertForPreTraining", "BertConfig", ENCODER, {}),
    "bert-score": ("BertForSequenceClassification", "BertConfig", {**ENCODER, "num_labels": 1}, {"masked": "right"}),
    "distilbert-sines": ("DistilBertForMaskedLM", "DistilBertConfig", {
        **DISTILBERT, "sinusoidal_pos_embds": True, "activation": "relu"}, {}),
    "distilbert-bare": ("DistilBertModel", "DistilBertConfig", DISTILBERT, {}),
    "roberta-cls": ("RobertaForSequenceClassification", "RobertaConfig", {**ROBERTA, "num_labels": 4}, {}),
    "xlm-roberta": ("XLMRobertaForMaskedLM", "XLMRobertaConfig", ROBERTA, {"masked": "right"}),
    "albert-groups": ("AlbertForMaskedLM", "AlbertConfig", {
        **ALBERT, "num_hidden_layers": 4, "num_hidden_groups": 2, "inner_group_num": 2, "hidden_act": "gelu"}, {}),
    "albert-cls": ("AlbertForSequenceClassification", "AlbertConfig", {**ALBERT, "num_labels": 3}, {}),
    "mobilebert-layer-norm": ("MobileBertForMaskedLM", "MobileBertConfig", {
        **MOBILEBERT, "normalization_type": "layer_norm", "num_feedforward_networks": 3}, {}),
    "mobilebert-narrow": ("MobileBertForMaskedLM", "MobileBertConfig", {
        **MOBILEBERT, "use_bottleneck_attention": True}, {}),
    "mobilebert-wide": ("MobileBertForMaskedLM", "MobileBertConfig", {
        **MOBILEBERT, "use_bottleneck": False, "intra_bottleneck_size": HIDDEN, "true_hidden_size": HIDDEN}, {}),
    "mobilebert-plain": ("MobileBertForMaskedLM", "MobileBertConfig", {
        **MOBILEBERT, "trigram_input": False, "embedding_size": HIDDEN, "hidden_act": "gelu"}, {}),
    "mobilebert-cls": ("MobileBertForSequenceClassification", "MobileBertConfig", {**MOBILEBERT, "num_labels": 3}, {}),
    "t5-buckets": ("T5ForConditionalGeneration", "T5Config", {
        **T5, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 20}, {"masked": "right"}),
    "t5-silu": ("T5ForConditionalGeneration", "T5Config", {
        **T5, "feed_forward_proj": "gated-silu", "tie_word_embeddings": False}, {}),
}


def randomise(model):
    """Far from the usual initialisation, so that a wrong operator, a missed bias or a swapped gate shows."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim >= 2:
                is_table = any(part in name for part in ("embed", "wte", "wpe"))
                parameter.copy_(drawn * (0.6 if is_table else 1.2 / parameter.shape[-1] ** 0.5))
            elif any(part in name for part in ("norm", "ln_", "LayerNorm")):
                parameter.copy_(drawn * 0.2 + (1.0 if name.endswith("weight") else 0.0))
            else:
                parameter.copy_(drawn * 0.2)


def inputs_for(config, options, is_decoder_pair):
    generator = torch.Generator().manual_seed(SEED + 7)
    length = options.get("length", 22)
    ids = torch.randint(3, VOCABULARY, (2, length), generator=generator)
    inputs = {"input_ids": ids}
    if "masked" in options:
        hidden = slice(0, 5) if options["masked"] == "left" else slice(-5, None)
        mask = torch.ones_like(ids)
        mask[1, hidden] = 0
        ids[1, hidden] = config.pad_token_id or 0
        inputs["attention_mask"] = mask
    if "segments" in options:
        inputs["token_type_ids"] = torch.randint(0, options["segments"], ids.shape, generator=generator)
    if is_decoder_pair:
        targets = torch.randint(3, VOCABULARY, (2, length // 2), generator=generator)
        targets[:, 0] = 0
        inputs["decoder_input_ids"] = targets
    return inputs


def run(model, inputs):
    with torch.no_grad():
        result = model(**inputs, **({"use_cache": False} if "decoder_input_ids" in inputs else {}))
    for name in ("logits", "prediction_logits", "last_hidden_state"):
        if name in result:
            return result[name].float().contiguous()
    raise ValueError(f"no logits among {list(result)}")


def make(name):
    class_name, config_class, arguments, options = CASES[name]
    folder = os.path.join(OUT, name)
    config = getattr(tf, config_class)(**arguments)
    model_class = getattr(tf, class_name)
    model = model_class._from_config(config, attn_implementation="eager").float().eval()
    randomise(model)
    model.tie_weights()
    model.to(options.get("dtype", torch.float32)).save_pretrained(folder)
    if os.path.exists(os.path.join(folder, "generation_config.json")):
        os.remove(os.path.join(folder, "generation_config.json"))
    model = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    inputs = inputs_for(config, options, class_name.startswith("T5"))
    save_file({**inputs, "logits": run(model, inputs)}, os.path.join(folder, "expected.safetensors"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    chosen = [name for name in CASES if name.startswith(PREFIXES)]
    for case in chosen:
        make(case)
    print(len(chosen), "cases; transformers", tf.__version__, "torch", torch.__version__)
