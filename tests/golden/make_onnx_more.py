#!/usr/bin/env python3
"""ONNX exports of many small models, in every way that people export them, with ONNX Runtime's outputs.

  make_onnx_more.py OUT [--seconds N] [PREFIX…]     all models, or those whose names begin so

Run on a machine with torch, transformers, onnx, onnxscript and onnxruntime (CPU, minutes on 16 cores). The models are
those of make_variants.py, of checkpoints/ and of architectures beyond (MORE), each exported by TorchScript (opsets 13 to 20) and dynamo
(18 to 23), some in f16 and bf16, with a past, with both branches merged, optimized and quantized by ONNX Runtime's own tools.
Writes OUT/exports.tar.xz.NN (parts of 15 MB: `cat` them) with <model>-<way>/{model.onnx, expected.safetensors} and log.json
(what failed, and how far ONNX Runtime is from PyTorch); `logits` are ONNX Runtime's. A second text of another length is
in other.safetensors where the export follows free axes.
"""
import concurrent.futures
import inspect
import io
import json
import os
import subprocess
import sys
import tarfile
import time
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
PART = 15 << 20
HIDDEN, INNER, HEADS, VOCABULARY, POSITIONS = 40, 56, 5, 97, 80
DECODER = dict(hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=HEADS, num_key_value_heads=1,
               vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, pad_token_id=0, bos_token_id=1, eos_token_id=2)
EVEN = {**DECODER, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 48, "head_dim": 12}
PLAIN = {key: value for key, value in DECODER.items() if key != "num_key_value_heads"}
ENCODER = dict(hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=HEADS, vocab_size=VOCABULARY,
               max_position_embeddings=POSITIONS, pad_token_id=0)
ROBERTA = {**ENCODER, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
GPT = dict(n_embd=HIDDEN, n_layer=2, n_head=HEADS, vocab_size=VOCABULARY, n_positions=POSITIONS, bos_token_id=1, eos_token_id=2)
BART = dict(d_model=HIDDEN, encoder_layers=2, decoder_layers=2, encoder_attention_heads=HEADS, decoder_attention_heads=HEADS,
            encoder_ffn_dim=INNER, decoder_ffn_dim=INNER, vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, pad_token_id=1,
            bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2)
MARIAN = {**BART, "decoder_vocab_size": VOCABULARY, "pad_token_id": 0}
T5 = dict(d_model=HIDDEN, d_kv=8, d_ff=INNER, num_layers=2, num_decoder_layers=2, num_heads=HEADS, vocab_size=VOCABULARY,
          pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
DEBERTA = {**ENCODER, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False,
           "max_relative_positions": 16, "type_vocab_size": 0}

# Architectures for which kerf builds no graph of its own: name: (class, configuration's class, its arguments, what else).
MORE = {
    "falcon": ("FalconForCausalLM", "FalconConfig", {**PLAIN, "new_decoder_architecture": True, "num_kv_heads": 1, "alibi": False}, {}),
    "falcon-alibi": ("FalconForCausalLM", "FalconConfig", {**PLAIN, "alibi": True, "multi_query": False, "new_decoder_architecture": False, "parallel_attn": False, "bias": True}, {}),
    "mpt": ("MptForCausalLM", "MptConfig", dict(d_model=HIDDEN, n_heads=HEADS, n_layers=2, expansion_ratio=2, max_seq_len=POSITIONS, vocab_size=VOCABULARY), {}),
    "gptj": ("GPTJForCausalLM", "GPTJConfig", {**GPT, "rotary_dim": 4}, {}),
    "codegen": ("CodeGenForCausalLM", "CodeGenConfig", {**GPT, "n_head": 4, "rotary_dim": 4}, {}),
    "gpt-bigcode": ("GPTBigCodeForCausalLM", "GPTBigCodeConfig", {**GPT, "multi_query": True}, {}),
    "openai-gpt": ("OpenAIGPTLMHeadModel", "OpenAIGPTConfig", {**GPT}, {}),
    "cohere": ("CohereForCausalLM", "CohereConfig", EVEN, {}),
    "cohere2": ("Cohere2ForCausalLM", "Cohere2Config", {**EVEN, "sliding_window": 6}, {}),
    "olmo": ("OlmoForCausalLM", "OlmoConfig", {**DECODER, "clip_qkv": 2.0}, {}),
    "olmoe": ("OlmoeForCausalLM", "OlmoeConfig", {**DECODER, "num_experts": 4, "num_experts_per_tok": 2}, {}),
    "nemotron": ("NemotronForCausalLM", "NemotronConfig", DECODER, {}),
    "glm": ("GlmForCausalLM", "GlmConfig", EVEN, {}),
    "glm4": ("Glm4ForCausalLM", "Glm4Config", EVEN, {}),
    "helium": ("HeliumForCausalLM", "HeliumConfig", EVEN, {}),
    "persimmon": ("PersimmonForCausalLM", "PersimmonConfig", PLAIN, {}),
    "xglm": ("XGLMForCausalLM", "XGLMConfig", dict(d_model=HIDDEN, ffn_dim=INNER, num_layers=2, attention_heads=HEADS, vocab_size=VOCABULARY, max_position_embeddings=POSITIONS), {}),
    "biogpt": ("BioGptForCausalLM", "BioGptConfig", PLAIN, {}),
    "ctrl": ("CTRLLMHeadModel", "CTRLConfig", {**GPT, "dff": INNER}, {}),
    "qwen2-moe": ("Qwen2MoeForCausalLM", "Qwen2MoeConfig", {**DECODER, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "shared_expert_intermediate_size": 32}, {}),
    "phimoe": ("PhimoeForCausalLM", "PhimoeConfig", {**DECODER, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": None}, {}),
    "granite-moe": ("GraniteMoeForCausalLM", "GraniteMoeConfig", {**DECODER, "num_local_experts": 4, "num_experts_per_tok": 2}, {}),
    "deepseek-v3": ("DeepseekV3ForCausalLM", "DeepseekV3Config", {**PLAIN, "num_key_value_heads": HEADS, "moe_intermediate_size": 24, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_group": 2, "topk_group": 1, "n_shared_experts": 1, "kv_lora_rank": 16, "q_lora_rank": 24, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8, "first_k_dense_replace": 1}, {}),
    "gpt-oss": ("GptOssForCausalLM", "GptOssConfig", {**EVEN, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 6}, {}),
    "ministral": ("MinistralForCausalLM", "MinistralConfig", {**EVEN, "sliding_window": 6}, {}),
    "exaone4": ("Exaone4ForCausalLM", "Exaone4Config", {**EVEN, "sliding_window": 6, "sliding_window_pattern": 2}, {}),
    "arcee": ("ArceeForCausalLM", "ArceeConfig", DECODER, {}),
    "apertus": ("ApertusForCausalLM", "ApertusConfig", DECODER, {}),
    "diffllama": ("DiffLlamaForCausalLM", "DiffLlamaConfig", {**EVEN}, {}),
    "llama-cls": ("LlamaForSequenceClassification", "LlamaConfig", {**DECODER, "num_labels": 3}, {}),
    "modernbert": ("ModernBertForMaskedLM", "ModernBertConfig", {**ENCODER, "num_hidden_layers": 3, "num_attention_heads": 4, "local_attention": 8, "global_attn_every_n_layers": 2, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2, "reference_compile": False}, {"masked": "right"}),
    "electra": ("ElectraForMaskedLM", "ElectraConfig", {**ENCODER, "embedding_size": 24}, {"masked": "right"}),
    "deberta": ("DebertaForMaskedLM", "DebertaConfig", DEBERTA, {"masked": "right"}),
    "deberta-v2": ("DebertaV2ForMaskedLM", "DebertaV2Config", {**DEBERTA, "share_att_key": True, "position_buckets": 8, "norm_rel_ebd": "layer_norm"}, {"masked": "right"}),
    "deberta-v2-cls": ("DebertaV2ForSequenceClassification", "DebertaV2Config", {**DEBERTA, "num_labels": 3}, {"masked": "right"}),
    "mpnet": ("MPNetForMaskedLM", "MPNetConfig", {**ROBERTA}, {"masked": "right"}),
    "camembert": ("CamembertForMaskedLM", "CamembertConfig", ROBERTA, {"masked": "right"}),
    "xlm-roberta-xl": ("XLMRobertaXLForMaskedLM", "XLMRobertaXLConfig", ROBERTA, {"masked": "right"}),
    "ernie": ("ErnieForMaskedLM", "ErnieConfig", ENCODER, {"segments": 2}),
    "rembert": ("RemBertForMaskedLM", "RemBertConfig", {**ENCODER, "input_embedding_size": 16, "output_embedding_size": 24}, {"segments": 2}),
    "roformer": ("RoFormerForMaskedLM", "RoFormerConfig", {**ENCODER, "embedding_size": 24}, {"masked": "right"}),
    "squeezebert": ("SqueezeBertForMaskedLM", "SqueezeBertConfig", {**ENCODER, "embedding_size": HIDDEN, "num_attention_heads": 4, "q_groups": 1, "k_groups": 1, "v_groups": 1, "post_attention_groups": 1, "intermediate_groups": 1, "output_groups": 1}, {}),
    "convbert": ("ConvBertForMaskedLM", "ConvBertConfig", {**ENCODER, "num_attention_heads": 4, "embedding_size": HIDDEN, "conv_kernel_size": 3, "num_groups": 1}, {}),
    "data2vec": ("Data2VecTextForMaskedLM", "Data2VecTextConfig", ROBERTA, {}),
    "xlnet": ("XLNetLMHeadModel", "XLNetConfig", dict(vocab_size=VOCABULARY, d_model=HIDDEN, n_layer=2, n_head=HEADS, d_inner=INNER), {}),
    "flaubert": ("FlaubertWithLMHeadModel", "FlaubertConfig", dict(vocab_size=VOCABULARY, emb_dim=HIDDEN, n_layers=2, n_heads=HEADS, max_position_embeddings=POSITIONS), {}),
    "nystromformer": ("NystromformerForMaskedLM", "NystromformerConfig", {**ENCODER, "num_landmarks": 11, "segment_means_seq_len": 22, "conv_kernel_size": 3}, {}),
    "fnet": ("FNetForMaskedLM", "FNetConfig", ENCODER, {}),
    "clip-text": ("CLIPTextModel", "CLIPTextConfig", {**ENCODER, "eos_token_id": 2, "bos_token_id": 1}, {}),
    "sentence-bert": ("BertModel", "BertConfig", ENCODER, {"masked": "right", "pooled": True}),
    "bert-tokens": ("BertForTokenClassification", "BertConfig", {**ENCODER, "num_labels": 7}, {"masked": "right", "segments": 2}),
    "bert-qa": ("BertForQuestionAnswering", "BertConfig", ENCODER, {}),
    "bert-lm-head": ("BertLMHeadModel", "BertConfig", {**ENCODER, "is_decoder": True}, {}),
    "bart": ("BartForConditionalGeneration", "BartConfig", BART, {"masked": "right"}),
    "bart-cls": ("BartForSequenceClassification", "BartConfig", {**BART, "num_labels": 3}, {"ends": 2}),
    "mbart": ("MBartForConditionalGeneration", "MBartConfig", BART, {}),
    "pegasus": ("PegasusForConditionalGeneration", "PegasusConfig", {**BART, "pad_token_id": 0}, {}),
    "marian": ("MarianMTModel", "MarianConfig", MARIAN, {"pair": True}),
    "m2m100": ("M2M100ForConditionalGeneration", "M2M100Config", BART, {}),
    "blenderbot": ("BlenderbotForConditionalGeneration", "BlenderbotConfig", BART, {}),
    "mt5": ("MT5ForConditionalGeneration", "MT5Config", {**T5, "feed_forward_proj": "gated-gelu"}, {"masked": "right"}),
    "umt5": ("UMT5ForConditionalGeneration", "UMT5Config", {**T5, "feed_forward_proj": "gated-gelu"}, {}),
    "t5-encoder": ("T5EncoderModel", "T5Config", T5, {"masked": "right"}),
    "bart-decoder": ("BartForCausalLM", "BartConfig", {**BART, "is_decoder": True, "is_encoder_decoder": False}, {}),
    "vit": ("ViTForImageClassification", "ViTConfig", {**ENCODER, "image_size": 16, "patch_size": 8, "num_labels": 3}, {"image": 16}),
}
# Ways by which every model is exported, and those of a few.
WAYS = ["ts13", "ts17", "dynamo18", "dynamo23"]
SOME = {
    "llama-gelu-head-dim": ["past17", "pastdynamo21", "half17", "halfdynamo21", "bf16dynamo21", "merged17", "ts20", "dynamo20", "dynamo21", "dynamo22", "optimized", "nbits", "nbitsqdq", "dynamic"],
    "gpt2-inner": ["past17", "merged17", "half17", "optimized", "dynamic", "static", "ts15", "dynamo22"],
    "qwen3-bias": ["past17", "pastdynamo21", "half17", "nbits", "dynamo21"],
    "mistral-tied": ["past17", "halfdynamo21", "dynamo21"],
    "bert-segments": ["half17", "bf16dynamo21", "optimized", "optimizedhalf", "dynamic", "static", "staticqoperator", "ts16", "dynamo22"],
    "bert-untied": ["optimized", "dynamicall", "staticasym", "nbitsqdq"],
    "roberta-cls": ["optimized", "static"],
    "distilbert-bare": ["optimized", "dynamic", "ts19"],
    "gemma3-linear": ["past17", "dynamo21"],
    "phi3-window": ["past17", "nbits"],
    "t5-buckets": ["half17", "decoder17", "encoder17", "optimized", "dynamic", "dynamo21"],
    "bart": ["decoder17", "optimized"],
    "opt-masked": ["past17"],
    "bloom-masked": ["past17"],
    "gpt-neox-tied": ["past17"],
    "falcon": ["past17"],
    "mixtral-one-of-three": ["dynamo21"],
}


class Case:
    """A model, its inputs, and how it is called with a flat list of tensors."""

    def __init__(self, name):
        import torch
        import transformers as tf
        self.folder = None
        sys.argv = ["make_variants.py", "."]
        sys.path.insert(0, HERE)
        import make_variants as variants
        self.torch, self.variants = torch, variants
        if name.startswith("golden-"):
            self.folder = os.path.join(HERE, "checkpoints", name[len("golden-"):])
            self.config = tf.AutoConfig.from_pretrained(self.folder)
            class_name, self.options = self.config.architectures[0], {}
        else:
            class_name, config_class, arguments, self.options = {**variants.CASES, **MORE}[name]
            self.config = getattr(tf, config_class)(**arguments)
        # The form of a mixture that does not depend on the data, which is what can be exported.
        self.config._experts_implementation = "batched_mm"
        self.pair = class_name.endswith("ConditionalGeneration") or self.options.get("pair", False)
        self.model_class = getattr(tf, class_name)

    def model(self, attention):
        model = None
        for choice in (attention, "eager"):
            try:
                if self.folder:
                    return self.model_class.from_pretrained(self.folder, attn_implementation=choice, dtype=self.torch.float32).eval()
                model = self.model_class._from_config(self.config, attn_implementation=choice).float().eval()
                break
            except Exception:
                if choice == "eager":
                    raise
        self.variants.randomise(model)
        model.tie_weights()
        return model

    def inputs(self, length=None):
        if "image" in self.options:
            generator = self.torch.Generator().manual_seed(5)
            return {"pixel_values": self.torch.randn(2, 3, self.options["image"], self.options["image"], generator=generator)}
        options = {**self.options, **({"length": length} if length else {})}
        inputs = self.variants.inputs_for(self.config, options, self.pair)
        if "ends" in options:
            inputs["input_ids"][:, -1] = options["ends"]
        inputs.setdefault("attention_mask", self.torch.ones_like(inputs["input_ids"]))
        order = ["input_ids", "attention_mask", "token_type_ids", "decoder_input_ids"]
        return {key: inputs[key] for key in order if key in inputs}


def result_of(result, pooled=False):
    for name in ("logits", "prediction_logits", "start_logits", "last_hidden_state"):
        if name in result and not pooled:
            return result[name]
    return result["pooler_output"]


def wrapped(case, model, names):
    torch = case.torch

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *given):
            inputs = dict(zip(names, given))
            if "use_cache" in inspect.signature(self.model.forward).parameters:
                inputs["use_cache"] = False
            if case.options.get("pooled"):
                # sentence-transformers: the mean over tokens that count, at length 1.
                hidden = self.model(**inputs).last_hidden_state
                weights = inputs["attention_mask"].unsqueeze(-1).to(hidden.dtype)
                mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
                return torch.nn.functional.normalize(mean, p=2, dim=1)
            return result_of(self.model(**inputs))
    return Wrapped().eval()


def cache_of(case, pasts):
    from transformers.cache_utils import DynamicCache, DynamicLayer
    cache = DynamicCache()
    for key, value in zip(pasts[::2], pasts[1::2]):
        layer = DynamicLayer()
        layer.keys, layer.values, layer.dtype, layer.device, layer.is_initialized = key, value, key.dtype, key.device, True
        cache.layers.append(layer)
    return cache


def with_past(case, model):
    """optimum's decoder_with_past: ids, mask, positions and keys and values seen before; logits and those seen now."""
    torch = case.torch

    class WithPast(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *given):
            input_ids, attention_mask, position_ids, *pasts = given
            cache = cache_of(case, pasts)
            more = {} if case.config.model_type in ("bloom", "opt") else {"position_ids": position_ids}
            result = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True, **more)
            present = [part for layer in cache.layers for part in (layer.keys, layer.values)]
            return (result.logits, *present)
    return WithPast().eval()


def export(case, module, inputs, path, way, opset, outputs=("logits",), axes=None):
    torch = case.torch
    names = list(inputs)
    axes = axes or {name: {0: "batch", 1: "decoder_length" if name.startswith("decoder") else "length"} for name in names
                    if name != "pixel_values"}
    arguments = tuple(inputs.values())
    if way == "ts":
        free = {name: axes[name] for name in [*names, *outputs] if name in axes}
        torch.onnx.export(module, arguments, path, dynamo=False, opset_version=opset, do_constant_folding=True, input_names=names,
                          output_names=list(outputs), dynamic_axes={**free, "logits": {0: "batch"}})
        return
    error = None
    for auto in (False, True):
        dims = {}
        shapes = tuple({axis: (torch.export.Dim.DYNAMIC if auto else dims.setdefault(dim, torch.export.Dim(dim, min=2, max=64)))
                        for axis, dim in axes.get(name, {}).items()} for name in names)
        try:
            torch.onnx.export(module, arguments, path, dynamo=True, opset_version=opset, external_data=False, optimize=True,
                              input_names=names, output_names=list(outputs), dynamic_shapes=(shapes,) if len(names) else None)
            return
        except Exception as failure:
            error = error or failure
    raise error


def session_logits(path, inputs, level=None):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = {value.name for value in session.get_inputs()}
    return session.run(None, {name: value.numpy() for name, value in inputs.items() if name in names})[0]


def save(case, folder, inputs, path, expected, log, file="expected.safetensors", exact=True):
    """Expected: PyTorch's. What is written are ONNX Runtime's, of f32 models; PyTorch's in f32 with rounded weights of others."""
    from safetensors.torch import save_file
    torch = case.torch
    expected = expected.detach().float()
    try:
        found = torch.from_numpy(session_logits(path, inputs)).float()
        log[file] = float((found - expected).abs().max() / expected.abs().max())
    except Exception as error:  # PyTorch's then: of some exports ONNX Runtime does not run.
        log[file] = "ONNX Runtime: " + repr(error)[:200]
        found = expected
    chosen = found if exact else expected
    save_file({**{name: value.contiguous() for name, value in inputs.items()}, "logits": chosen.contiguous()}, os.path.join(folder, file))


def plain(case, folder, way, opset, dtype=None):
    torch, log = case.torch, {}
    model = case.model("eager" if way == "ts" else "sdpa")
    inputs = case.inputs()
    path = os.path.join(folder, "model.onnx")
    module = wrapped(case, model if dtype is None else model.to(dtype), list(inputs))
    with torch.no_grad():
        export(case, module, inputs, path, way, opset)
        reference = wrapped(case, model.float(), list(inputs))
        save(case, folder, inputs, path, reference(*inputs.values()), log, exact=dtype is None)
        if dtype is None and "image" not in case.options:
            try:
                other = case.inputs(13)
                save(case, folder, other, path, reference(*other.values()), log, "other.safetensors")
                if not isinstance(log["other.safetensors"], float) or not log["other.safetensors"] < 1e-3:
                    os.remove(os.path.join(folder, "other.safetensors"))
            except Exception as error:
                log["other.safetensors"] = repr(error)[:200]
    return log


def past(case, folder, way, opset):
    torch, log = case.torch, {}
    model = case.model("eager" if way == "ts" else "sdpa")
    config = case.config
    layers, heads = config.num_hidden_layers, getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    if config.model_type == "falcon":  # Its keys are spread over all heads before they are kept.
        heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    ids = case.inputs()["input_ids"]
    names = [f"past_key_values.{layer}.{what}" for layer in range(layers) for what in ("key", "value")]

    def given(seen, ids):
        batch, length = ids.shape
        generator = torch.Generator().manual_seed(3)
        tensors = {"input_ids": ids, "attention_mask": torch.ones(batch, seen + length, dtype=torch.int64),
                   "position_ids": torch.arange(seen, seen + length).expand(batch, -1).contiguous()}
        return {**tensors, **{name: torch.randn(batch, heads, seen, width, generator=generator) for name in names}}
    axes = {"input_ids": {0: "batch", 1: "length"}, "attention_mask": {0: "batch", 1: "total"}, "position_ids": {0: "batch", 1: "length"},
            **{name: {0: "batch", 2: "past"} for name in names}}
    path = os.path.join(folder, "model.onnx")
    outputs = ["logits", *[name.replace("past_key_values", "present") for name in names]]
    if way == "ts":
        axes.update({name: {0: "batch", 2: "total"} for name in outputs[1:]})
    with torch.no_grad():
        export(case, with_past(case, model), given(4, ids[:, :6]), path, way, opset, outputs, axes)
        empty = given(0, ids)
        expected = wrapped(case, model, ["input_ids", "attention_mask"])(empty["input_ids"], empty["attention_mask"])
        save(case, folder, empty, path, expected, log, exact=way == "ts")
    tensors = {name: value for name, value in empty.items() if name in ("input_ids", "attention_mask")}
    from safetensors.torch import load_file, save_file
    logits = load_file(os.path.join(folder, "expected.safetensors"))["logits"]
    save_file({**tensors, "logits": logits}, os.path.join(folder, "expected.safetensors"))
    return log


def merged(case, folder, opset):
    """Both decoders in one file, as optimum merges them: an If of `use_cache_branch`, weights in the graph around it."""
    import onnx
    from onnx import TensorProto, helper
    import shutil
    parts = []
    for name in ("past", "plain"):
        place = os.path.join(folder, name)
        os.makedirs(place)
        log = past(case, place, "ts", opset) if name == "past" else plain(case, place, "ts", opset)
        model = onnx.load(os.path.join(place, "model.onnx"))
        shutil.move(os.path.join(place, "expected.safetensors"), os.path.join(folder, "expected.safetensors"))
        shutil.rmtree(place)
        parts.append(model)
    shared, weights = {}, []
    for model, prefix in zip(parts, ("with_past.", "without_past.")):
        given = {value.name for value in model.graph.input}
        renamed = {}
        for tensor in model.graph.initializer:
            key = (tuple(tensor.dims), tensor.data_type, tensor.raw_data)
            if key not in shared:
                shared[key] = tensor.name if tensor.name not in shared.values() else prefix + tensor.name
                copy = onnx.TensorProto()
                copy.CopyFrom(tensor)
                copy.name = shared[key]
                weights.append(copy)
            renamed[tensor.name] = shared[key]
        place = lambda name: name if name == "" or name in given else renamed.get(name, prefix + name)
        for node in model.graph.node:
            node.input[:] = [place(name) for name in node.input]
            node.output[:] = [place(name) for name in node.output]
        for value in model.graph.output:
            value.name = prefix + value.name
        del model.graph.initializer[:], model.graph.value_info[:]
    branches = {}
    first = parts[0].graph
    for model, attribute in zip(parts, ("then_branch", "else_branch")):
        outputs = list(model.graph.output)
        present = {value.name.split(".", 1)[1] for value in outputs}
        nodes = list(model.graph.node)
        for value in first.output:
            name = value.name.split(".", 1)[1]
            if name not in present:  # The plain decoder was exported without what it has seen: a past of nothing.
                nodes.append(helper.make_node("Identity", [name.replace("present", "past_key_values")], ["without_past." + name]))
                outputs.append(helper.make_tensor_value_info("without_past." + name, TensorProto.FLOAT, None))
        branches[attribute] = helper.make_graph(nodes, attribute, [], outputs)
    names = [value.name.split(".", 1)[1] for value in first.output]
    node = helper.make_node("If", ["use_cache_branch"], names, name="optimum::if", **branches)
    outputs = []
    for value in first.output:
        copy = onnx.ValueInfoProto()
        copy.CopyFrom(value)
        copy.name = value.name.split(".", 1)[1]
        outputs.append(copy)
    inputs = [*first.input, helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])]
    graph = helper.make_graph([node], "merged", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=parts[0].opset_import, ir_version=parts[0].ir_version), os.path.join(folder, "model.onnx"))
    return log


def part_of_pair(case, folder, opset, which):
    """optimum's encoder_model and decoder_model of a pair."""
    torch, log = case.torch, {}
    model = case.model("eager")
    inputs = case.inputs()
    path = os.path.join(folder, "model.onnx")
    encoder = model.get_encoder()
    with torch.no_grad():
        hidden = encoder(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state
    if which == "encoder":
        given = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        call = lambda ids, mask: encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    else:
        from transformers.modeling_outputs import BaseModelOutput
        given = {"input_ids": inputs["decoder_input_ids"], "encoder_hidden_states": hidden, "encoder_attention_mask": inputs["attention_mask"]}
        call = lambda ids, hidden, mask: model(decoder_input_ids=ids, encoder_outputs=BaseModelOutput(last_hidden_state=hidden),
                                               attention_mask=mask, use_cache=False).logits

    class Part(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *values):
            return call(*values)
    axes = {name: {0: "batch", 1: "encoder_length" if name.startswith("encoder") else "length"} for name in given}
    with torch.no_grad():
        export(case, Part().eval(), given, path, "ts", opset, axes=axes)
        save(case, folder, given, path, call(*given.values()), log)
    return log


def optimized(case, folder, half=False):
    """ONNX Runtime's own offline optimizer: com.microsoft's fused operators."""
    from onnxruntime.transformers import optimizer
    log = plain(case, folder, "ts", 17)
    path = os.path.join(folder, "model.onnx")
    kinds = {"gpt2": "gpt2", "t5": "t5", "bart": "bart"}
    kind = kinds.get(case.config.model_type, "gpt2" if case.config.model_type == "llama" else "bert")
    config = case.config
    model = optimizer.optimize_model(path, model_type=kind, num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=0)
    if half:
        model.convert_float_to_float16(keep_io_types=True)
    model.save_model_to_file(path)
    log["fused"] = model.get_fused_operator_statistics()
    return log


def quantized(case, folder, how):
    from onnxruntime import quantization
    from onnxruntime.quantization import QuantFormat, QuantType
    import onnx
    log = plain(case, folder, "ts", 17)
    source, path = os.path.join(folder, "source.onnx"), os.path.join(folder, "model.onnx")
    os.rename(path, source)
    inputs = case.inputs()
    if how.startswith("dynamic"):
        quantization.quantize_dynamic(source, path, per_channel=how == "dynamicall", weight_type=QuantType.QInt8 if how == "dynamic" else QuantType.QUInt8,
                                      op_types_to_quantize=["MatMul", "Gemm", "Gather", "Attention"] if how == "dynamicall" else ["MatMul", "Gemm"])
    elif how.startswith("static"):
        class Reader(quantization.CalibrationDataReader):
            def __init__(self):
                self.left = [{name: value.numpy() for name, value in inputs.items()}]

            def get_next(self):
                return self.left.pop() if self.left else None
        quantization.quantize_static(source, path, Reader(), quant_format=QuantFormat.QOperator if how == "staticqoperator" else QuantFormat.QDQ,
                                     per_channel=how != "staticqoperator", activation_type=QuantType.QUInt8,
                                     weight_type=QuantType.QUInt8 if how == "staticasym" else QuantType.QInt8)
    else:
        try:
            from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
        except ImportError:
            from onnxruntime.quantization.matmul_4bits_quantizer import DefaultWeightOnlyQuantConfig, MatMul4BitsQuantizer as MatMulNBitsQuantizer
        config = DefaultWeightOnlyQuantConfig(block_size=32, is_symmetric=how == "nbits", accuracy_level=1,
                                              quant_format=QuantFormat.QDQ if how == "nbitsqdq" else QuantFormat.QOperator,
                                              op_types_to_quantize=("MatMul", "Gather") if how == "nbits" else ("MatMul",))
        made = MatMulNBitsQuantizer(onnx.load(source), algo_config=config)
        made.process()
        onnx.save(made.model.model, path)
    os.remove(source)
    other = os.path.join(folder, "other.safetensors")
    if os.path.exists(other):
        os.remove(other)
    from safetensors.torch import save_file
    found = case.torch.from_numpy(session_logits(path, inputs))
    save_file({**inputs, "logits": found.contiguous()}, os.path.join(folder, "expected.safetensors"))
    return log


def make(case, way, folder):
    torch = case.torch
    number = int("".join(c for c in way if c.isdigit()) or 17) if not way.startswith("bf16") else int(way[4:].lstrip("dynamo"))
    kind = "dynamo" if "dynamo" in way else "ts"
    if way.startswith("past"):
        return past(case, folder, kind, number)
    if way.startswith("half"):
        return plain(case, folder, kind, number, torch.float16)
    if way.startswith("bf16"):
        return plain(case, folder, kind, number, torch.bfloat16)
    if way.startswith("merged"):
        return merged(case, folder, number)
    if way.startswith(("encoder", "decoder")):
        return part_of_pair(case, folder, number, way[:7])
    if way.startswith("optimized"):
        return optimized(case, folder, way.endswith("half"))
    if way.startswith(("ts", "dynamo")):
        return plain(case, folder, kind, number)
    return quantized(case, folder, way)


def one(name, out):
    """All exports of one model, in a process of its own."""
    import shutil
    import torch
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    ways = ["ts14", "ts18", "dynamo20", "dynamo23"] if name.startswith("golden-") else [*WAYS, *SOME.get(name, [])]
    for way in ways:
        label, started = f"{name}-{way}", time.time()
        folder = os.path.join(out, "exports", label)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        try:
            log = make(Case(name), way, folder)
            import onnx
            model = onnx.load(os.path.join(folder, "model.onnx"))
            log["ops"] = sorted({node.op_type for node in model.graph.node})
            log["bytes"] = os.path.getsize(os.path.join(folder, "model.onnx"))
        except BaseException as error:  # An export that PyTorch or ONNX Runtime cannot do is no golden.
            shutil.rmtree(folder, ignore_errors=True)
            log = {"failed": (type(error).__name__ + ": " + str(error))[:600]}
        log["seconds"] = round(time.time() - started, 1)
        with open(os.path.join(out, "logs", label + ".json"), "w") as file:
            json.dump(log, file, default=str)


def pack(out):
    log = {name[:-5]: json.load(open(os.path.join(out, "logs", name))) for name in sorted(os.listdir(os.path.join(out, "logs")))}
    with open(os.path.join(out, "log.json"), "w") as file:
        json.dump(log, file, indent=1)
    packed = io.BytesIO()
    filters = [{"id": 0x21, "preset": 6, "dict_size": 256 << 20}]
    import lzma
    with lzma.open(packed, "w", filters=filters) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(os.path.join(out, "log.json"), arcname="log.json")
        for name in sorted(os.listdir(os.path.join(out, "exports"))):
            archive.add(os.path.join(out, "exports", name), arcname=name)
    data = packed.getvalue()
    for i in range(0, len(data), PART):
        with open(os.path.join(out, f"exports.tar.xz.{i // PART:02}"), "wb") as file:
            file.write(data[i:i + PART])
    failed = [name for name, entry in log.items() if "failed" in entry]
    print(f"{len(log) - len(failed)} exports, {len(failed)} failed, {len(data) >> 20} MiB")
    for name in failed:
        print(name, log[name]["failed"][:160].replace("\n", " "))


def main():
    out, given = sys.argv[1], sys.argv[2:]
    seconds = 420
    if "--seconds" in given:
        at = given.index("--seconds")
        seconds = float(given[at + 1])
        del given[at:at + 2]
    if given[:1] == ["--one"]:
        return one(given[1], out)
    sys.argv = ["make_variants.py", "."]
    sys.path.insert(0, HERE)
    import make_variants
    goldens = {"golden-" + name: 0 for name in sorted(os.listdir(os.path.join(HERE, "checkpoints")))}
    names = [name for name in {**{name: 0 for name in SOME}, **MORE, **make_variants.CASES, **goldens} if name.startswith(tuple(given) or ("",))]
    for folder in ("exports", "logs"):
        os.makedirs(os.path.join(out, folder), exist_ok=True)
    until = time.time() + seconds

    def process(name):
        left = until - time.time()
        if left > 20:
            try:
                subprocess.run([sys.executable, os.path.abspath(__file__), out, "--one", name], timeout=left, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""})
            except subprocess.TimeoutExpired:
                print(name, "took too long")
        else:
            print(name, "not begun")
    with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1)) as pool:
        list(pool.map(process, names))
    pack(out)


if __name__ == "__main__":
    main()
