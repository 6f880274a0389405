#!/usr/bin/env python3
"""Writes a small compressed-tensors checkpoint and what it dequantizes to, next to this file.

An implementation of its own, in plain Python, of what the compressed-tensors library documents and does
(https://github.com/vllm-project/compressed-tensors, files compressors/pack_quantized/base.py and helpers.py,
quantization/quant_config.py, quant_scheme.py and quant_args.py, as of mid-2026): it shares no code with kerf and none
with the library. Packing is done with Python's big integers, half precision with struct's 'e' format.

  model/config.json         quantization_config with one group a scheme, keys as the library dumps them
  model/model.safetensors   the modules of MODULES, packed; one plain tensor
  expected.safetensors      NAME.weight in f32: scale * (q - zero point), rounded once

Usage: python3 make.py     (Python 3.8 or later; the seed is fixed, so the files come out the same)
"""
import json
import os
import random
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
# name, bits, symmetric, strategy, group size, dtype of scales, out, in
MODULES = [
    ("model.layers.0.q_proj", 4, True, "group", 32, "F16", 10, 64),
    ("model.layers.0.k_proj", 4, False, "group", 32, "BF16", 11, 96),
    ("model.layers.0.v_proj", 8, True, "channel", None, "F32", 5, 23),
    ("model.layers.0.o_proj", 8, False, "channel", None, "F16", 6, 9),
    ("model.layers.1.q_proj", 2, True, "group", 16, "F16", 3, 48),
    ("model.layers.1.k_proj", 2, False, "group", 16, "F32", 19, 16),
    ("model.layers.1.v_proj", 4, True, "tensor", None, "F16", 4, 13),
    ("model.layers.1.o_proj", 8, False, "tensor", None, "F32", 2, 7),
]


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def scale_of(dtype):
    """A random scale, some of them negative, that dtype holds exactly, and its bytes."""
    value = random.choice([-1, 1, 1]) * random.uniform(0.001, 0.2)
    if dtype == "F16":
        data = struct.pack("<e", value)
        return struct.unpack("<e", data)[0], data
    if dtype == "F32":
        return f32(value), struct.pack("<f", value)
    data = struct.pack("<f", value)[2:]  # bfloat16: the upper half, here by truncation
    return struct.unpack("<f", b"\0\0" + data)[0], data


def pack(signed, bits):
    """Signed values -> int32 words, low bits first, each with 2^(bits-1) added."""
    number = sum((value + 2 ** (bits - 1)) << (bits * i) for i, value in enumerate(signed))
    words = -(-len(signed) * bits // 32)
    return number.to_bytes(words * 4, "little")


def quantized_module(name, bits, symmetric, strategy, group_size, dtype, rows, cols):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    groups = cols // group_size if strategy == "group" else 1
    width = cols // groups
    scale_rows = 1 if strategy == "tensor" else rows
    codes = [[random.randint(low, high) for _ in range(cols)] for _ in range(rows)]
    scales = [[scale_of(dtype) for _ in range(groups)] for _ in range(scale_rows)]
    zeros = [[0 if symmetric else random.randint(low, high) for _ in range(groups)] for _ in range(scale_rows)]

    tensors = {
        name + ".weight_packed": ("I32", [rows, -(-cols * bits // 32)], b"".join(pack(row, bits) for row in codes)),
        name + ".weight_scale": (dtype, [1] if strategy == "tensor" else [rows, groups],
                                 b"".join(data for row in scales for _, data in row)),
        name + ".weight_shape": ("I64", [2], struct.pack("<qq", rows, cols)),
    }
    if not symmetric and strategy == "tensor":
        tensors[name + ".weight_zero_point"] = ("I8", [1], struct.pack("<b", zeros[0][0]))
    elif not symmetric:
        # Packed along dim 0: pack each column on its own, then transpose the words.
        columns = [pack([row[g] for row in zeros], bits) for g in range(groups)]
        words = len(columns[0]) // 4
        data = b"".join(columns[g][4 * w:4 * w + 4] for w in range(words) for g in range(groups))
        tensors[name + ".weight_zero_point"] = ("I32", [words, groups], data)

    # The product of an f32 and a 9-bit integer is exact in double, so f32() rounds once.
    values = []
    for r in range(rows):
        shared = 0 if strategy == "tensor" else r
        for c in range(cols):
            scale, zero = scales[shared][c // width][0], zeros[shared][c // width]
            values.append(f32(scale * (codes[r][c] - zero)))
    expected = {name + ".weight": ("F32", [rows, cols], struct.pack(f"<{len(values)}f", *values))}
    return tensors, expected


def config_group(name, bits, symmetric, strategy, group_size):
    return {
        "format": "pack-quantized",
        "input_activations": None,
        "output_activations": None,
        "targets": [name],
        "weights": {
            "actorder": None, "block_structure": None, "dynamic": False, "group_size": group_size, "num_bits": bits,
            "observer": "minmax", "observer_kwargs": {}, "scale_dtype": None, "strategy": strategy,
            "symmetric": symmetric, "type": "int", "zp_dtype": None if symmetric else "torch.int8",
        },
    }


def write_safetensors(path, tensors):
    header, position = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, position + len(data)]}
        position += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


def main():
    random.seed(20260522)
    stored, expected, groups = {}, {}, {}
    for index, module in enumerate(MODULES):
        tensors, values = quantized_module(*module)
        stored.update(tensors)
        expected.update(values)
        groups[f"group_{index}"] = config_group(*module[:5])
    norm = struct.pack("<4f", 1.0, 0.5, -2.0, 0.25)
    stored["model.norm.weight"] = expected["model.norm.weight"] = ("F32", [4], norm)
    config = {
        "model_type": "golden",
        "quantization_config": {
            "config_groups": groups, "format": "pack-quantized", "global_compression_ratio": None,
            "ignore": ["lm_head"], "kv_cache_scheme": None, "quant_method": "compressed-tensors",
            "quantization_status": "compressed", "sparsity_config": {}, "transform_config": {}, "version": "0.13.0",
        },
    }
    os.makedirs(os.path.join(HERE, "model"), exist_ok=True)
    with open(os.path.join(HERE, "model", "config.json"), "w") as file:
        json.dump(config, file, indent=2)
        file.write("\n")
    write_safetensors(os.path.join(HERE, "model", "model.safetensors"), stored)
    write_safetensors(os.path.join(HERE, "expected.safetensors"), expected)


if __name__ == "__main__":
    main()
