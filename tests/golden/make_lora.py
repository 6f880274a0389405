#!/usr/bin/env python3
"""Adapters of golden checkpoints, and what comes of adding them.

  make_lora.py            # tests/golden/lora/<case>: the adapter as peft saves it; expected.safetensors with merged tensors
  make_lora.py --logits   # also the logits of the adapted model, into the same files: needs torch, transformers, safetensors

Merged tensors are computed here in plain Python, in double precision, from peft's definitions (peft 0.18, tuners/lora):
W + alpha / r * B A, alpha / sqrt(r) with use_rslora, m * V / ||V|| by rows of V = W + ... with use_dora. The logits come
from peft if it is installed, and otherwise from hooks that add the adapter's own product to what a module gives, without
merging anything. If both can be had they must agree.
"""
import array
import json
import math
import os
import random
import re
import struct
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(ROOT, "lora")


def read(path):
    """{name: (shape, values)} of f32 tensors."""
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = (entry["shape"], array.array("f", data[begin:end]))
    return tensors


def write(path, tensors, dtype="F32"):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (shape, values) in sorted(tensors.items()):
        content = array.array("f", values).tobytes()
        if dtype == "BF16":  # the values are exact in it
            content = b"".join(content[i + 2:i + 4] for i in range(0, len(content), 4))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def draw(rng, shape, scale, bf16=False):
    values = array.array("f", (rng.gauss(0, scale) for _ in range(math.prod(shape))))
    if bf16:
        raw = values.tobytes()
        values = array.array("f", b"".join(b"\0\0" + raw[i + 2:i + 4] for i in range(0, len(raw), 4)))
    return shape, values


def pattern_value(patterns, module, default):
    for key, value in patterns.items():
        if re.match(rf"(.*\.)?({key})$", module):
            return value
    return default


def scaling_of(config, module):
    rank = pattern_value(config.get("rank_pattern", {}), module, config["r"])
    alpha = pattern_value(config.get("alpha_pattern", {}), module, config["lora_alpha"])
    return alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank


def product(b, a):
    """B [out, r] times A [r, in], as rows."""
    (rows, rank), (_, cols) = b[0], a[0]
    return [[sum(b[1][i * rank + k] * a[1][k * cols + j] for k in range(rank)) for j in range(cols)] for i in range(rows)]


def merged(base, config, adapter, module, transposed, is_embedding):
    shape, values = base
    suffix = ("lora_embedding_A", "lora_embedding_B") if is_embedding else ("lora_A.weight", "lora_B.weight")
    a, b = (adapter[f"base_model.model.{module}.{s}"] for s in suffix)
    delta, scaling = product(b, a), scaling_of(config, module)
    flipped = transposed or is_embedding  # stored as the transpose of B A
    result = [[values[i * shape[1] + j] + scaling * (delta[j][i] if flipped else delta[i][j]) for j in range(shape[1])] for i in range(shape[0])]
    if config.get("use_dora"):
        magnitude = adapter[f"base_model.model.{module}.lora_magnitude_vector"][1]
        result = [[m * x / math.sqrt(sum(y * y for y in row)) for x in row] for m, row in zip(magnitude, result)]
    return shape, [x for row in result for x in row]


class Case:
    def __init__(self, name, base, config, linear=(), embedding=(), whole=(), transposed=False, expected=(), dtype="F32", prefix=""):
        self.name, self.base, self.linear, self.embedding, self.whole = name, base, linear, embedding, whole
        self.transposed, self.expected, self.dtype, self.prefix = transposed, expected, dtype, prefix
        self.config = {"peft_type": "LORA", "base_model_name_or_path": f"checkpoints/{base}", "bias": "none", "fan_in_fan_out": transposed,
                       "inference_mode": True, "init_lora_weights": True, "lora_dropout": 0.05, "task_type": None, "peft_version": "0.18.0",
                       "target_modules": sorted({m.split(".")[-1] for m in (*linear, *embedding)}), "modules_to_save": None, "revision": None,
                       "rank_pattern": {}, "alpha_pattern": {}, "use_rslora": False, "use_dora": False, "qalora_group_size": 16, **config}

    def tensors(self, weights):
        rng, bf16, result = random.Random(self.name), self.dtype == "BF16", {}
        for module in self.linear:
            rank = pattern_value(self.config["rank_pattern"], module, self.config["r"])
            rows, cols = weights[self.stored(module + ".weight", weights)][0]
            if self.transposed:
                rows, cols = cols, rows
            result[f"base_model.model.{module}.lora_A.weight"] = draw(rng, [rank, cols], 0.2, bf16)
            result[f"base_model.model.{module}.lora_B.weight"] = draw(rng, [rows, rank], 0.2, bf16)
            if self.config["use_dora"]:
                shape, values = draw(rng, [rows], 0.5, bf16)
                result[f"base_model.model.{module}.lora_magnitude_vector"] = shape, array.array("f", (abs(v) + 0.5 for v in values))
        for module in self.embedding:
            rows, width = weights[self.stored(module + ".weight", weights)][0]
            result[f"base_model.model.{module}.lora_embedding_A"] = draw(rng, [self.config["r"], rows], 0.2, bf16)
            result[f"base_model.model.{module}.lora_embedding_B"] = draw(rng, [width, self.config["r"]], 0.2, bf16)
        for name in self.whole:
            result[f"base_model.model.{name}"] = draw(rng, weights[self.stored(name.replace(".base_layer", ""), weights)][0], 0.3, bf16)
        return result

    def stored(self, name, weights):
        """A tied head is the embedding."""
        return name if name in weights else "model.embed_tokens.weight"

    def make(self):
        weights = read(os.path.join(ROOT, "checkpoints", self.base, "model.safetensors"))
        adapter, folder = self.tensors(weights), os.path.join(OUT, self.name)
        os.makedirs(folder, exist_ok=True)
        write(os.path.join(folder, "adapter_model.safetensors"), adapter, self.dtype)
        with open(os.path.join(folder, "adapter_config.json"), "w") as file:
            json.dump(self.config, file, indent=2, sort_keys=True)
        result = {}
        for module in self.expected:
            name = module + ".weight"
            result[name] = merged(weights[self.stored(name, weights)], self.config, adapter, module, self.transposed, module in self.embedding)
        write(os.path.join(folder, "expected.safetensors"), result)


LAYERS = [f"model.layers.{i}" for i in range(2)]
CASES = [
    Case("llama-patterns", "llama", {"r": 4, "lora_alpha": 8,
                                     "rank_pattern": {"q_proj": 2, "model.layers.1.mlp.up_proj": 3, r".*layers\.0\..*(k|v)_proj": 5},
                                     "alpha_pattern": {r"^model\.layers\.0\.self_attn\.o_proj": 1.5, "k_proj": 16}},
         linear=[f"{l}.self_attn.{p}_proj" for l in LAYERS for p in "qkvo"] + [f"{l}.mlp.up_proj" for l in LAYERS],
         expected=["model.layers.0.self_attn.k_proj", "model.layers.1.self_attn.k_proj", "model.layers.0.self_attn.o_proj",
                   "model.layers.1.self_attn.q_proj", "model.layers.1.mlp.up_proj"]),
    Case("gpt2-conv1d-rslora", "gpt2", {"r": 6, "lora_alpha": 3, "use_rslora": True}, transposed=True,
         linear=[f"transformer.h.{i}.{m}" for i in range(2) for m in ("attn.c_attn", "attn.c_proj", "mlp.c_fc")],
         expected=["transformer.h.0.attn.c_proj", "transformer.h.1.attn.c_attn"]),
    Case("llama-tied-embedding", "llama-tied-mha", {"r": 3, "lora_alpha": 4.5}, linear=["lm_head", "model.layers.1.mlp.down_proj"],
         embedding=["model.embed_tokens"], expected=["model.embed_tokens", "lm_head"]),
    Case("llama-saved-modules", "llama-bias", {"r": 2, "lora_alpha": 2, "bias": "all", "modules_to_save": ["embed_tokens", "lm_head"]}, dtype="BF16",
         linear=[f"{l}.self_attn.{p}_proj" for l in LAYERS for p in "qv"], expected=["model.layers.0.self_attn.q_proj"],
         whole=["model.embed_tokens.weight", "lm_head.weight", "model.layers.0.self_attn.q_proj.base_layer.bias", "model.layers.1.self_attn.o_proj.bias"]),
    Case("qwen2-dora", "qwen2", {"r": 4, "lora_alpha": 4, "use_dora": True},
         linear=[f"{l}.{m}" for l in LAYERS for m in ("self_attn.q_proj", "self_attn.k_proj", "mlp.gate_proj", "mlp.down_proj")],
         expected=["model.layers.0.self_attn.k_proj", "model.layers.1.mlp.down_proj"]),
    Case("bert-cls", "bert-cls", {"r": 4, "lora_alpha": 16, "task_type": "SEQ_CLS", "modules_to_save": ["classifier", "score"]},
         linear=[f"bert.encoder.layer.{i}.attention.self.{p}" for i in range(2) for p in ("query", "value")],
         whole=["classifier.weight", "classifier.bias"], expected=["bert.encoder.layer.1.attention.self.value"]),
]


# ---- logits, with torch -----------------------------------------------------------------------------------------------

def load_base(case):
    import transformers
    folder = os.path.join(ROOT, "checkpoints", case.base)
    architecture = json.load(open(os.path.join(folder, "config.json")))["architectures"][0]
    return getattr(transformers, architecture).from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()


def hooked(case, adapter):
    """The base with hooks that add the adapter's part to what each module gives."""
    import torch
    model = load_base(case)
    if case.name == "llama-tied-embedding":  # two parameters from here on
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    for name in case.whole:
        path, _, leaf = name.replace(".base_layer", "").rpartition(".")
        setattr(model.get_submodule(path), leaf, torch.nn.Parameter(adapter[f"base_model.model.{name}"]))

    def linear(a, b, scaling, magnitude):
        def hook(module, inputs, output):
            x, bias = inputs[0], module.bias if module.bias is not None else 0
            if magnitude is None:
                return output + scaling * (x @ a.T @ b.T)
            length = torch.linalg.norm(module.weight + scaling * (b @ a), dim=1)
            return magnitude / length * (output - bias + scaling * (x @ a.T @ b.T)) + bias
        return hook

    def embedding(a, b, scaling):
        return lambda module, inputs, output: output + scaling * (a.T[inputs[0]] @ b.T)

    for module in case.linear:
        get = lambda part: adapter.get(f"base_model.model.{module}.{part}")
        model.get_submodule(module).register_forward_hook(
            linear(get("lora_A.weight"), get("lora_B.weight"), scaling_of(case.config, module), get("lora_magnitude_vector")))
    for module in case.embedding:
        get = lambda part: adapter[f"base_model.model.{module}.{part}"]
        model.get_submodule(module).register_forward_hook(embedding(get("lora_embedding_A"), get("lora_embedding_B"), scaling_of(case.config, module)))
    return model


def logits(case):
    import torch
    from safetensors.torch import load_file, save_file
    folder = os.path.join(OUT, case.name)
    adapter = {k: v.float() for k, v in load_file(os.path.join(folder, "adapter_model.safetensors")).items()}
    ids = load_file(os.path.join(ROOT, "checkpoints", case.base, "expected.safetensors"))["input_ids"]
    with torch.no_grad():
        result = hooked(case, adapter)(input_ids=ids).logits
        try:
            import peft
        except ImportError:
            print(f"{case.name}: by hooks (no peft)")
        else:
            theirs = peft.PeftModel.from_pretrained(load_base(case), folder).eval()(input_ids=ids).logits
            print(f"{case.name}: peft {peft.__version__}, hooks differ by {(theirs - result).abs().max() / theirs.abs().max():.1e}")
            result = theirs
    path = os.path.join(folder, "expected.safetensors")
    save_file({**load_file(path), "input_ids": ids, "logits": result.contiguous()}, path, metadata={"format": "pt"})


if __name__ == "__main__":
    for one in CASES:
        one.make()
        if "--logits" in sys.argv[1:]:
            logits(one)
