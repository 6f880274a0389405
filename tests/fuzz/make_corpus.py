#!/usr/bin/env python3
"""Writes the corpus files that are binary: small valid files of each format, and the traps that mutation rarely finds.

  python3 tests/fuzz/make_corpus.py      # into tests/fuzz/corpus, the same bytes every time
"""
import collections
import json
import os
import struct
import sys

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(CORPUS), ".."))
from hostile import onnx, pytorch  # noqa: E402


def put(folder, name, data):
    os.makedirs(os.path.join(CORPUS, folder), exist_ok=True)
    with open(os.path.join(CORPUS, folder, name), "wb") as file:
        file.write(data)


def safetensors(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def make_safetensors():
    header = {"__metadata__": {"format": "pt"}, "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
              "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]}, "empty": {"dtype": "I8", "shape": [0, 5], "data_offsets": [32, 32]},
              "scalar": {"dtype": "I64", "shape": [], "data_offsets": [32, 40]}}
    data = bytes(range(40))
    put("safetensors_fuzz", "valid.safetensors", safetensors(header, data))
    put("safetensors_fuzz", "nothing.safetensors", safetensors({}, b""))
    put("safetensors_fuzz", "length_max.safetensors", b"\xff" * 8 + b"{}")
    for name, change in {"overflow": {"shape": [2**32, 2**32, 0]}, "backwards": {"data_offsets": [24, 0]},
                         "hole": {"shape": [2, 2], "data_offsets": [0, 16]}}.items():
        put("safetensors_fuzz", f"{name}.safetensors", safetensors({**header, "a.weight": {**header["a.weight"], **change}}, data))
    put("safetensors_fuzz", "pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 14\n")


def packed_module(bits, group_size, zero_points, config=None):
    """A module 'm' of [3, 16] of compressed-tensors, and a plain tensor."""
    parts = {"m.weight_packed": ("I32", [3, 16 * bits // 32], bytes(range(3 * 2 * bits))),
             "m.weight_scale": ("F16", [3, 16 // group_size], b"\x00\x3c\x00\xb8" * (3 * 16 // group_size // 2) + b"\x00\x3c" * (3 * 16 // group_size % 2)),
             "m.weight_shape": ("I64", [2], struct.pack("<2q", 3, 16)), "norm": ("F32", [1], struct.pack("<f", 1))}
    if zero_points:
        parts["m.weight_zero_point"] = ("I32", [1, 16 // group_size], b"\x21\x43\x65\x00" * (16 // group_size))
    header, data = ({"__metadata__": {"config": json.dumps(config)}} if config else {}), b""
    for name, (dtype, shape, content) in parts.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    return safetensors(header, data)


def make_compressed_tensors():
    put("compressed_tensors_fuzz", "group.safetensors", packed_module(4, 8, False))
    put("compressed_tensors_fuzz", "zero_points.safetensors", packed_module(8, 16, True))
    config = {"format": "pack-quantized", "quant_method": "compressed-tensors", "ignore": ["lm_head"], "config_groups": {"group_0": {
        "targets": ["m"], "weights": {"num_bits": 2, "type": "int", "symmetric": False, "strategy": "group", "group_size": 16}}}}
    put("compressed_tensors_fuzz", "config.safetensors", packed_module(2, 16, True, config))


    static = {"num_bits": 8, "type": "int", "symmetric": False, "strategy": "tensor", "dynamic": False}
    config = {"format": "int-quantized", "config_groups": {"group_0": {
        "targets": ["Linear"], "weights": {"num_bits": 8, "strategy": "channel"}, "input_activations": static}}}
    plain = {"m.weight": ("I8", [3, 16], bytes(range(100, 148))), "m.weight_scale": ("F16", [3, 1], b"\x00\x3c\x00\xb8\x00\x3c"),
             "m.input_scale": ("F32", [1], struct.pack("<f", 0.5)), "m.input_zero_point": ("I8", [1], b"\xfd")}
    put("compressed_tensors_fuzz", "activations.safetensors", tensors_file(plain, config))


def tensors_file(parts, config=None, layout=None):
    """parts: name -> (dtype, shape, bytes)."""
    metadata = {**({"config": json.dumps(config)} if config else {}), **({"layout": layout} if layout else {})}
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (dtype, shape, content) in parts.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    return safetensors(header, data)


def layout_modules():
    """A module 'm' of [8, 32] in each of the layouts: name -> (layout, config, parts)."""
    noise = bytes((i * 37 + 11) % 251 for i in range(1024))
    halves = b"\x00\x3c\x00\xb8\x66\x2e\x00\x01"
    gptq = {"m.qweight": ("I32", [4, 8], noise[:128]), "m.qzeros": ("I32", [2, 1], b"\x21\x43\x65\x07" * 2),
            "m.scales": ("F16", [2, 8], halves * 4), "m.g_idx": ("I32", [32], struct.pack("<32i", *[i // 16 for i in range(32)]))}
    act_order = {**gptq, "m.g_idx": ("I32", [32], struct.pack("<32i", *[i * 7 % 2 for i in range(32)]))}
    three = {"m.qweight": ("I32", [3, 8], noise[:96]), "m.qzeros": ("I32", [1, 1], b"\x21\x43\x15\x00"), "m.scales": ("F16", [1, 8], halves * 2)}
    awq = {"m.qweight": ("I32", [32, 1], noise[:128]), "m.qzeros": ("I32", [2, 1], b"\x21\x43\x65\x87" * 2), "m.scales": ("F16", [2, 8], halves * 4)}
    mlx = {"m.weight": ("U32", [8, 5], noise[:160]), "m.scales": ("BF16", [8, 1], b"\x80\x3f" * 8), "m.biases": ("BF16", [8, 1], b"\x80\xbf" * 8)}
    mxfp4 = {"m.weight": ("U32", [8, 4], noise[:128]), "m.scales": ("U8", [8, 1], bytes(range(120, 128)))}
    experts = {f"l.mlp.switch_mlp.up_proj.{name[2:]}": (dtype, [2, 4, shape[1]], data) for name, (dtype, shape, data) in mlx.items()}
    state = {"quant_type": "nf4", "blocksize": 64, "dtype": "float16", "shape": [8, 32]}
    levels = struct.pack("<16f", -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                         -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                         0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1)

    def bnb(state, **more):
        text = json.dumps(state).encode()
        return {"m.weight": ("U8", [128, 1], noise[:128]), "m.weight.absmax": ("F32", [4], struct.pack("<4f", 1, 2, 0.5, 3)), "m.weight.quant_map": ("F32", [16], levels),
                "m.weight.quant_state.bitsandbytes__nf4": ("U8", [len(text)], text), **more}

    nested = bnb({**state, "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.25}, **{
        "m.weight.absmax": ("U8", [4], bytes([0, 9, 128, 255])), "m.weight.nested_absmax": ("F32", [1], struct.pack("<f", 2)),
        "m.weight.nested_quant_map": ("F32", [256], struct.pack("<256f", *[i / 256 - 0.5 for i in range(256)]))})
    int8 = {"m.weight": ("I8", [8, 32], noise[:256]), "m.SCB": ("F32", [8], struct.pack("<8f", *range(1, 9))), "m.weight_format": ("U8", [], b"\0")}
    float4 = {"m.weight_packed": ("U8", [8, 16], noise[:128]), "m.weight_scale": ("F8_E4M3", [8, 2], bytes(range(40, 56))),
              "m.weight_global_scale": ("F32", [1], struct.pack("<f", 4))}
    fp4_group = {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "float", "group_size": 16}}
    ct3 = {"m.weight_packed": ("I32", [8, 4], noise[:128]), "m.weight_scale": ("F16", [8, 1], halves * 2), "m.weight_shape": ("I64", [2], struct.pack("<2q", 8, 32))}
    int3_group = {"targets": ["Linear"], "weights": {"num_bits": 3, "group_size": 32}}
    four = {"bits": 4, "group_size": 16, "sym": False}
    return {"gptq": ("gptq", four, gptq), "gptq_v2": ("gptq", {**four, "checkpoint_format": "gptq_v2"}, gptq), "gptq_act_order": ("gptq", four, act_order),
            "gptq_three": ("gptq", {"bits": 8, "dynamic": {"+:m": {"bits": 3, "group_size": -1}}}, three), "awq": ("awq", {"group_size": 16}, awq),
            "mlx_five": ("mlx", {"bits": 5, "group_size": 32}, mlx), "mlx_mxfp4": ("mlx", {"mode": "mxfp4"}, mxfp4),
            "mlx_experts": ("mlx", {"bits": 4, "group_size": 64, "l.mlp.switch_mlp.up_proj": {"bits": 5, "group_size": 32}}, experts),
            "bnb_nf4": ("bitsandbytes", {}, bnb(state)), "bnb_nested": ("bitsandbytes", {}, nested), "bnb_across": ("bitsandbytes", {}, bnb({**state, "shape": [16, 16], "blocksize": 72})),
            "bnb_int8": ("bitsandbytes", {}, int8), "nvfp4": ("compressed-tensors", {"format": "nvfp4-pack-quantized", "config_groups": {"g": fp4_group}}, float4),
            "padded_three": ("compressed-tensors", {"format": "pack-quantized", "config_groups": {"g": int3_group}}, ct3)}


def make_layouts():
    for name, (layout, config, parts) in layout_modules().items():
        put("layouts_fuzz", f"{name}.safetensors", tensors_file(parts, config or {"x": 1}, layout))


def make_scaled_floats():
    weight = ("F8_E4M3", [3, 4], bytes(range(0x30, 0x3c)))
    put("scaled_floats_fuzz", "blocks.safetensors", tensors_file({"m.weight": weight, "m.weight_scale_inv": ("F32", [2, 2], struct.pack("<4f", 1, 2, 3, 4)),
                                                                  "norm": ("F64", [1], struct.pack("<d", 1))}))
    put("scaled_floats_fuzz", "channels.safetensors", tensors_file({"m.weight": weight, "m.weight_scale": ("BF16", [3, 1], b"\x80\x3f" * 3),
                                                                    "m.input_scale": ("F32", [], b"\0\0\0\0")}, {"fmt": "e4m3"}))
    put("scaled_floats_fuzz", "powers.safetensors", tensors_file({"m.weight": ("F8_E5M2", [3, 4], weight[2]), "m.weight_scale": ("F8_E8M0", [1], b"\x80")}, {"fmt": "e5m2"}))


def make_lora():
    f32 = lambda shape, *values: ("F32", shape, struct.pack(f"<{len(values)}f", *values))
    p = "base_model.model."
    q = {p + "model.q.lora_A.weight": f32([1, 3], 1, 2, 3), p + "model.q.lora_B.weight": f32([2, 1], 1, -1)}
    up = {p + "up.lora_A.default.weight": f32([2, 3], *range(6)), p + "up.lora_B.default.weight": f32([2, 2], 1, 0, 0, 1)}
    embedding = {p + "model.embed.lora_embedding_A": f32([1, 4], 1, 2, 3, 4), p + "model.embed.lora_embedding_B": f32([3, 1], 1, 2, 3)}
    put("lora_fuzz", "linear.safetensors", tensors_file(q))
    put("lora_fuzz", "patterns.safetensors", tensors_file({**q, **up}, {"peft_type": "LORA", "r": 1, "lora_alpha": 2, "use_rslora": True,
                                                                        "rank_pattern": {"up": 2, ".*k_proj": 3}, "alpha_pattern": {"q": 0.5}}))
    put("lora_fuzz", "embedding.safetensors", tensors_file({**embedding, p + "lm_head.weight": f32([4, 3], *range(12)), p + "model.q.base_layer.bias": f32([2], 1, 2)},
                                                           {"peft_type": "LORA", "r": 1, "lora_alpha": 2, "modules_to_save": ["lm_head"], "bias": "all"}))
    put("lora_fuzz", "dora.safetensors", tensors_file({**q, p + "model.q.lora_magnitude_vector": f32([2], 1, 2)}, {"peft_type": "LORA", "r": 1, "use_dora": True}))


def make_sentence_piece():
    golden = os.path.join(os.path.dirname(CORPUS), "..", "golden", "sentencepiece")
    for name in ("llama/tokenizer.model", "xlm-roberta/sentencepiece.bpe.model", "gemma/tokenizer.model"):
        with open(os.path.join(golden, name), "rb") as file:
            put("sentence_piece_fuzz", name.split("/")[0] + ".model", file.read())
    # A table of characters small enough to be changed everywhere: 'a' becomes "bc".
    units = [1 << 31] * 768
    units[0], units[256 ^ 97], units[512] = 256 << 10, (256 ^ 97 ^ 512) << 10 | 0x100 | 97, 1 << 31
    table = struct.pack("<I768I", 3072, *units) + b"bc\0"

    def field(number, content):
        size, length = len(content), b""
        while size >= 0x80:
            length, size = length + bytes([size & 0x7f | 0x80]), size >> 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + content

    pieces = [("<unk>", 2, 0), ("\u2581", 1, -1), ("a", 1, -2), ("b", 1, -3), ("c", 5, -3), ("bc", 1, -4), ("<s>", 3, 0), ("the", 4, 0)]
    model = b"".join(field(1, field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + bytes([0x18, kind])) for text, kind, score in pieces)
    for kind, name in {1: "unigram", 2: "bpe", 3: "word", 4: "character"}.items():
        put("sentence_piece_fuzz", f"{name}.model", model + field(2, bytes([0x18, kind])) + field(3, field(2, table)))


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name, kind, value):
    return text(name) + struct.pack("<I", kind) + value


def texts(values):
    return struct.pack("<IQ", 8, len(values)) + b"".join(text(value) for value in values)


def gguf(keys, tensors, version=3, alignment=32):
    """tensors: (name, dims in the file's order, ggml type, bytes)."""
    infos, data = b"", b""
    for name, dims, kind, content in tensors:
        data += b"\0" * (-len(data) % alignment)
        infos += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, len(data))
        data += content
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys)) + b"".join(keys) + infos
    return head + b"\0" * (-len(head) % alignment) + data


U32, F32, STRING, ARRAY = 4, 6, 8, 9
TYPE_F32, TYPE_F16, TYPE_Q4_0, TYPE_Q8_0 = 0, 1, 2, 8


def llama_keys():
    tokens = ["a", "b", "\u0120", "<s>", "ab"]
    integers = {"context_length": 16, "embedding_length": 32, "block_count": 1, "feed_forward_length": 32,
                "attention.head_count": 2, "attention.head_count_kv": 1, "rope.dimension_count": 16, "vocab_size": len(tokens)}
    return [
        key("general.architecture", STRING, text("llama")),
        *(key("llama." + name, U32, struct.pack("<I", value)) for name, value in integers.items()),
        key("llama.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", 1e-5)),
        key("llama.rope.freq_base", F32, struct.pack("<f", 10000)),
        key("tokenizer.ggml.model", STRING, text("gpt2")), key("tokenizer.ggml.pre", STRING, text("gpt-2")),
        key("tokenizer.ggml.tokens", ARRAY, texts(tokens)),
        key("tokenizer.ggml.token_type", ARRAY, struct.pack("<IQ5i", 5, 5, 1, 1, 1, 3, 1)),
        key("tokenizer.ggml.merges", ARRAY, texts(["a b"])),
        key("tokenizer.ggml.bos_token_id", U32, struct.pack("<I", 3)),
    ]


def rows(kind, width, count):
    """Values of `count` rows of `width`: scale 1/16 and any codes, or floats."""
    scale = struct.pack("<e", 1 / 16)
    row = {TYPE_F32: struct.pack("<f", 0.5) * width, TYPE_Q4_0: (scale + bytes(range(16))) * (width // 32),
           TYPE_Q8_0: (scale + bytes(range(32))) * (width // 32)}[kind]
    return row * count


def make_gguf():
    matrices = {"token_embd": (32, 5), "blk.0.attn_q": (32, 32), "blk.0.attn_k": (32, 16), "blk.0.attn_v": (32, 16),
                "blk.0.attn_output": (32, 32), "blk.0.ffn_gate": (32, 32), "blk.0.ffn_up": (32, 32), "blk.0.ffn_down": (32, 32)}
    tensors = [(f"{name}.weight", dims, kind, rows(kind, *dims)) for kind, (name, dims) in
               zip([TYPE_Q8_0] + [TYPE_Q4_0] * 7, matrices.items())]
    tensors += [(f"{name}.weight", (32,), TYPE_F32, rows(TYPE_F32, 32, 1)) for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm")]
    put("gguf_fuzz", "llama.gguf", gguf(llama_keys(), tensors))
    put("gguf_fuzz", "version2.gguf", gguf(llama_keys(), tensors[:1], version=2))
    experts = [(f"blk.0.ffn_{part}_exps.weight", (32, 32, 2), TYPE_Q4_0, rows(TYPE_Q4_0, 32, 64)) for part in ("gate", "up", "down")]
    experts.append(("blk.0.ffn_gate_inp.weight", (32, 2), TYPE_F32, rows(TYPE_F32, 32, 2)))
    counts = [key(f"llama.{name}", U32, struct.pack("<I", value)) for name, value in (("expert_count", 2), ("expert_used_count", 1))]
    kept = [tensor for tensor in tensors if not tensor[0].startswith(("blk.0.ffn_gate", "blk.0.ffn_up", "blk.0.ffn_down"))]
    put("gguf_fuzz", "mixtral.gguf", gguf(llama_keys() + counts, kept + experts))
    plain = [one for one in llama_keys() if b"tokenizer" not in one]
    for model, flags in (("llama", []), ("t5", [key("tokenizer.ggml.precompiled_charsmap", ARRAY, struct.pack("<IQ8B", 0, 8, *[0] * 8)),
                                                key("tokenizer.ggml.remove_extra_whitespaces", 7, b"\1")]), ("bert", [])):
        pieces = [key("tokenizer.ggml.model", STRING, text(model)), key("tokenizer.ggml.tokens", ARRAY, texts(["<unk>", "<0x41>", "a", "\u2581a", "</s>"])),
                  key("tokenizer.ggml.token_type", ARRAY, struct.pack("<IQ5i", 5, 5, 2, 6, 1, 1, 3)),
                  key("tokenizer.ggml.scores", ARRAY, struct.pack("<IQ5f", 6, 5, 0, 0, -2, -1, 0)),
                  *(key(f"tokenizer.ggml.{name}_token_id", U32, struct.pack("<I", 4)) for name in ("bos", "eos", "seperator"))]
        put("gguf_fuzz", f"tokens_{model}.gguf", gguf(plain + pieces + flags, tensors))
    part = [key("split.no", 2, struct.pack("<H", 0)), key("split.count", 2, struct.pack("<H", 2)), key("split.tensors.count", 5, struct.pack("<i", 12))]
    put("gguf_fuzz", "part.gguf", gguf(llama_keys() + part, tensors))
    put("gguf_fuzz", "no_tensors.gguf", gguf(llama_keys(), []))
    put("gguf_fuzz", "counts.gguf", b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60))
    put("gguf_fuzz", "nested_arrays.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<I", ARRAY) + struct.pack("<IQ", ARRAY, 1) * 200)


def make_statistics():
    group = "model.layers.0.self_attn.q_proj.weight"
    values = {"max_abs": [1.0, 2.0], "sum_abs": [3.0, 4.0], "sum_squares": [5.0, 6.0]}
    header, data = {"__metadata__": {
        "format": "kerf-statistics-1", "windows": "2", "tokens": "64", "text_sha256": "0" * 64,
        "weights": json.dumps({group: [group, group.replace("q_proj", "k_proj")]}), "group_tokens": json.dumps({group: 64})}}, b""
    for name, numbers in values.items():
        content = struct.pack("<2d", *numbers)
        header[f"{group}::{name}"] = {"dtype": "F64", "shape": [2], "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    outer = struct.pack("<4f", 5, 1, 1, 6)
    header[f"{group}::outer_product"] = {"dtype": "F32", "shape": [2, 2], "data_offsets": [len(data), len(data) + len(outer)]}
    data += outer
    put("statistics_fuzz", "valid.safetensors", safetensors(header, data))


def make_importance():
    names, numbers = ["blk.0.attn_q.weight", "blk.0.ffn_down_exps.weight"], [0.5, 1.5, 2.5, 3.5]
    values = struct.pack("<4f", *numbers)
    tensors = []
    for name, counts in zip(names, ([64.0], [40.0, 0.0])):
        tensors.append((name + ".in_sum2", [4 // len(counts), len(counts)], TYPE_F32, values))
        tensors.append((name + ".counts", [1, len(counts)], TYPE_F32, struct.pack(f"<{len(counts)}f", *counts)))
    keys = [key("general.type", STRING, text("imatrix")), key("imatrix.datasets", ARRAY, texts(["a.txt"])),
            key("imatrix.chunk_count", U32, struct.pack("<I", 2)), key("imatrix.chunk_size", U32, struct.pack("<I", 32))]
    put("importance_fuzz", "valid.gguf", gguf(keys, tensors))
    put("importance_fuzz", "half.gguf", gguf(keys, tensors[:1]))
    older = struct.pack("<i", 2) + b"".join(
        struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", 2, 4) + values for name in names)
    put("importance_fuzz", "older.dat", older + struct.pack("<ii", 2, 5) + b"a.txt")
    put("importance_fuzz", "older_without_end.dat", older)


def make_pytorch():
    storage = pytorch.Storage("0", "FloatStorage", struct.pack("<6f", *range(6)))
    tensors = {"w": pytorch.Tensor(storage, (2, 3)), "tied": pytorch.Tensor(storage, (2, 3)),
               "turned": pytorch.Tensor(storage, (3, 2), (1, 3)), "part": pytorch.Tensor(storage, (2,), (2,), 1)}
    storages = pytorch.storages_of(tensors)
    wrapped = {"epoch": 3, "state_dict": collections.OrderedDict(tensors), "x": [0.5, None, True, (b"b", 2**40)]}
    for protocol in (2, 4):
        put("pickle_fuzz", f"protocol{protocol}.pkl", pytorch.pickled(tensors, protocol))
    put("pickle_fuzz", "wrapped.pkl", pytorch.pickled(wrapped))
    put("pickle_fuzz", "system.pkl", b"\x80\x02cos\nsystem\n(X\x02\0\0\0idtR.")
    put("pickle_fuzz", "itself.pkl", b"\x80\x02]q\x01h\x01a.")
    put("pickle_fuzz", "deep.pkl", b"\x80\x02)" + b"\x85" * 2000 + b".")
    put("pytorch_fuzz", "archive.bin", pytorch.saved(tensors, storages))
    put("pytorch_fuzz", "older_zip.bin", pytorch.archive(pytorch.entries_of(tensors, storages), b"a comment", zip64=False))
    put("pytorch_fuzz", "big.bin", pytorch.archive(pytorch.entries_of(tensors, storages, byteorder=b"big")))
    put("pytorch_fuzz", "legacy.bin", pytorch.saved_legacy(tensors, storages))


def make_onnx():
    put("onnx_fuzz", "small.onnx", onnx.small())
    put("onnx_fuzz", "masked.onnx", onnx.masked())
    put("onnx_fuzz", "branches.onnx", onnx.branches())
    put("onnx_fuzz", "windows.onnx", onnx.windows())
    put("onnx_fuzz", "qlinear.onnx", onnx.qlinear())
    norms = [onnx.node("SkipLayerNormalization", ["x", "x", "scale"], ["a"], domain="com.microsoft"),
             onnx.node("GroupQueryAttention", ["a", "a", "a"], ["b"], domain="com.microsoft", num_heads=2, kv_num_heads=2),
             onnx.node("MultiHeadAttention", ["b", "b", "b"], ["y"], domain="com.microsoft", num_heads=4)]
    put("onnx_fuzz", "fused.onnx", onnx.small(norms, "y", [onnx.tensor("scale", [8], onnx.FLOAT, onnx.floats(8))]))
    put("onnx_fuzz", "external.onnx", onnx.small(head=onnx.external("head", [8, 11], onnx.FLOAT, "../secret")))


if __name__ == "__main__":
    make_safetensors()
    make_scaled_floats()
    make_lora()
    make_sentence_piece()
    make_compressed_tensors()
    make_layouts()
    make_gguf()
    make_statistics()
    make_importance()
    make_pytorch()
    make_onnx()
