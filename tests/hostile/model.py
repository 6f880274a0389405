"""A small valid Llama as a Hugging Face directory: what the hostile inputs are mutants of."""
import json
import math
import os
import random
import struct

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 64,
    "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
    "vocab_size": 288, "max_position_embeddings": 128, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
    "rope_scaling": None, "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": False,
    "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "float32",
}
TEXT = "The quick brown fox jumps over the lazy dog. It was a bright cold day in April, and the clocks were striking.\n" * 24
RECIPE = 'rules:\n  - {role: down, layers: "0-1", scheme: int8, method: rtn}\n  - {role: head, keep: true}\n'


def byte_alphabet():
    """GPT-2's printable stand-ins for the 256 bytes, in the order of the bytes."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in kept else chr(next(others)) for byte in range(256)]


def tokenizer():
    space = byte_alphabet()[ord(" ")]
    merges = [["t", "h"], ["th", "e"], ["i", "n"], ["a", "n"], [space, "t"], [space, "the"], ["o", "w"], ["e", "r"],
              ["r", "e"], [space, "a"], ["o", "n"], ["an", "d"], ["s", "t"], [space, "b"], ["l", "a"]]
    tokens = ["<|endoftext|>", *byte_alphabet(), *(left + right for left, right in merges)]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True}],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {token: index for index, token in enumerate(tokens)}, "merges": merges},
    }


def shapes(config=None):
    c = config or CONFIG
    hidden, inner, keys = c["hidden_size"], c["intermediate_size"], c["num_key_value_heads"] * c["head_dim"]
    found = {"model.embed_tokens.weight": [c["vocab_size"], hidden], "model.norm.weight": [hidden],
             "lm_head.weight": [c["vocab_size"], hidden]}
    for layer in range(c["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        found |= {p + "self_attn.q_proj.weight": [hidden, hidden], p + "self_attn.k_proj.weight": [keys, hidden],
                  p + "self_attn.v_proj.weight": [keys, hidden], p + "self_attn.o_proj.weight": [hidden, hidden],
                  p + "mlp.gate_proj.weight": [inner, hidden], p + "mlp.up_proj.weight": [inner, hidden],
                  p + "mlp.down_proj.weight": [hidden, inner], p + "input_layernorm.weight": [hidden],
                  p + "post_attention_layernorm.weight": [hidden]}
    return found


def weights():
    """Name -> (shape, bytes of float32)."""
    draw = random.Random(7)
    found = {}
    for name, shape in shapes().items():
        count = math.prod(shape)
        values = [1.0 if len(shape) == 1 else draw.gauss(0, 0.05) for _ in range(count)]
        found[name] = (shape, struct.pack(f"<{count}f", *values))
    return found


def safetensors_header(tensors):
    header, offset = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    return header


def safetensors(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def adapter_tensors():
    """A LoRA adapter of the model, as peft names its tensors."""
    draw, found = random.Random(8), {}
    for module, (rows, cols) in {"model.layers.0.self_attn.q_proj": (64, 64), "model.layers.1.mlp.down_proj": (64, 96)}.items():
        for part, shape in {"lora_A": [4, cols], "lora_B": [rows, 4]}.items():
            values = [draw.gauss(0, 0.05) for _ in range(math.prod(shape))]
            found[f"base_model.model.{module}.{part}.weight"] = (shape, struct.pack(f"<{len(values)}f", *values))
    return found


ADAPTER_CONFIG = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none", "target_modules": ["q_proj", "down_proj"], "rank_pattern": {},
                  "alpha_pattern": {"(q|k)_proj": 16}, "modules_to_save": None, "use_dora": False}


def adapter():
    tensors = adapter_tensors()
    return {"../adapter/adapter_config.json": json.dumps(ADAPTER_CONFIG).encode(),
            "../adapter/adapter_model.safetensors": safetensors(safetensors_header(tensors), b"".join(data for _, data in tensors.values()))}


def older_tokenizers():
    """Folders of files that tokenizers had before tokenizer.json."""
    parts = tokenizer()["model"]
    golden = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "sentencepiece", "llama")
    with open(os.path.join(golden, "tokenizer.model"), "rb") as file:
        sentence_piece = file.read()
    return {"../spm/tokenizer.model": sentence_piece, "../spm/tokenizer_config.json": b'{"tokenizer_class": "LlamaTokenizer"}',
            "../gpt2/vocab.json": json.dumps(parts["vocab"]).encode(), "../gpt2/tokenizer_config.json": b'{"tokenizer_class": "GPT2Tokenizer"}',
            "../gpt2/merges.txt": "".join(f"{a} {b}\n" for a, b in [("#version:", "0.2"), *parts["merges"]]).encode(),
            "../bert/vocab.txt": "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "quick", "##s", *"abcdefgh"]).encode()}


def write_model(folder):
    """The directory, its files' bytes by name."""
    tensors = weights()
    files = {
        "config.json": json.dumps(CONFIG).encode(),
        "tokenizer.json": json.dumps(tokenizer(), ensure_ascii=False).encode(),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>",
                                             "eos_token": "<|endoftext|>", "add_bos_token": False}).encode(),
        "model.safetensors": safetensors(safetensors_header(tensors), b"".join(data for _, data in tensors.values())),
    }
    os.makedirs(folder, exist_ok=True)
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    return files
