#!/usr/bin/env python3
"""The layouts of quantized safetensors, by an implementation of its own.

  python3 tests/golden/make_layouts.py golden             # small files in every layout -> tests/golden/layouts
  python3 tests/golden/make_layouts.py check DIR REFERENCE.safetensors
                                                          # what kerf wrote into DIR dequantizes to these f32 tensors

Needs numpy; where safetensors is installed, it reads and writes the files. Written from the formats' documentation, not from kerf's sources:

  gptq             GPTQModel, nn_modules/qlinear (dequantize_weight), docs on checkpoint_format
  awq              AutoAWQ, awq/modules/linear/gemm.py, awq/utils/packing_utils.py
  mlx              mlx.core.dequantize's documentation, mlx_lm/utils.py
  bitsandbytes     functional.py (QuantState.from_dict, dequantize_4bit), Linear8bitLt's state dict
  compressed-tensors  compressors/pack_quantized, nvfp4, mxfp4

Values are defined as kerf defines them: products and sums in float32, one rounding an operation.
"""
import json
import os
import random
import sys

import numpy as np

try:
    from safetensors.numpy import load_file, save_file
except ImportError:  # the format is small enough to do without
    load_file = save_file = None

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layouts")
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # output channel of the nibble i, counted from the low one
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], np.float32)
FP4 = (np.array([0, 0.0625, 8, 12, 4, 6, 2, 3, -0.0, -0.0625, -8, -12, -4, -6, -2, -3], np.float32) / np.float32(12)).astype(np.float32)
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)


# Bits.

def unpack_dense(words, bits, count):
    """uint32 [n, words] -> codes [n, count]: a little-endian bit string a row."""
    raw = np.unpackbits(np.ascontiguousarray(words, "<u4").view(np.uint8), axis=1, bitorder="little")
    return (raw[:, :count * bits].reshape(len(words), count, bits) << np.arange(bits)).sum(2)


def pack_dense(codes, bits):
    rows, count = codes.shape
    raw = ((codes[:, :, None] >> np.arange(bits)) & 1).astype(np.uint8).reshape(rows, count * bits)
    raw = np.pad(raw, ((0, 0), (0, -count * bits % 32)))
    return np.packbits(raw, axis=1, bitorder="little").view("<u4")


def unpack_padded(words, bits, count):
    per = 32 // bits
    codes = (words[:, :, None] >> (np.arange(per, dtype=np.uint32) * np.uint32(bits))) & ((1 << bits) - 1)
    return codes.reshape(len(words), -1)[:, :count].astype(np.int64)


def e8m0(codes):
    return np.ldexp(np.float32(1), codes.astype(np.int32) - 127).astype(np.float32)


def e4m3(codes):
    codes = codes.astype(np.int32)
    exponent, mantissa = (codes >> 3) & 15, codes & 7
    value = np.where(exponent == 0, np.ldexp(mantissa / 8.0, -6), np.ldexp(1 + mantissa / 8.0, exponent - 7))
    return np.where(codes & 128, -value, value).astype(np.float32)


def f32(array):
    return array.astype(np.float32)


# Reading a folder.

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U32": "<u4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}


def read_tensors(path):
    """name -> array; bf16 as f32, f8_e4m3 as its bits."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = data[begin:end]
        if entry["dtype"] == "BF16":
            array = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            array = np.frombuffer(raw, DTYPES.get(entry["dtype"], "u1"))
        found[name] = array.reshape(entry["shape"])
    return found


def read_folder(folder):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    tensors = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".safetensors"):
            tensors |= read_tensors(os.path.join(folder, name))
    return config, tensors


def modules(tensors, suffix):
    return [name[:-len(suffix)] for name in tensors if name.endswith(suffix)]


# Dequantizing: module -> float32 [out, in].

def gptq(config, tensors):
    second = config.get("checkpoint_format", config.get("format", "gptq")) == "gptq_v2"
    for name in modules(tensors, ".qweight"):
        index = tensors[name + ".g_idx"]
        qweight, scales = tensors[name + ".qweight"].view(np.uint32), f32(tensors[name + ".scales"])
        bits = len(qweight) * 32 // len(index)
        codes = unpack_dense(qweight.T, bits, len(index))
        zeros = unpack_dense(tensors[name + ".qzeros"].view(np.uint32), bits, scales.shape[1]) + (0 if second else 1)
        yield name, scales.T[:, index] * f32(codes - zeros.T[:, index])


def awq(config, tensors):
    def channels(words):
        nibbles = (words.view(np.uint32)[:, :, None] >> (np.arange(8, dtype=np.uint32) * 4)) & 15
        result = np.empty_like(nibbles)
        result[:, :, AWQ_ORDER] = nibbles
        return result.reshape(len(words), -1).astype(np.int64)

    for name in modules(tensors, ".qweight"):
        codes, zeros, scales = channels(tensors[name + ".qweight"]), channels(tensors[name + ".qzeros"]), f32(tensors[name + ".scales"])
        group = np.arange(len(codes)) // (config["group_size"] if config["group_size"] > 0 else len(codes))
        yield name, (scales[group] * f32(codes - zeros[group])).T


def mlx(config, tensors):
    for name in modules(tensors, ".scales"):
        own = {**{k: v for k, v in config.items() if not isinstance(v, dict)}, **(config.get(name) or {})}
        bits, size, mode = own["bits"], own["group_size"], own.get("mode", "affine")
        scales = tensors[name + ".scales"]
        columns = scales.shape[1] * size
        codes = unpack_dense(tensors[name + ".weight"], bits, columns)
        if mode == "affine":
            yield name, np.repeat(f32(scales), size, 1) * f32(codes) + np.repeat(f32(tensors[name + ".biases"]), size, 1)
        else:
            scales = e4m3(scales) if mode == "nvfp4" else e8m0(scales)
            yield name, np.repeat(scales, size, 1) * (e4m3(codes) if mode == "mxfp8" else E2M1[codes])


def bitsandbytes(config, tensors):
    for name in modules(tensors, ".SCB"):
        yield name, f32(tensors[name + ".weight"]) * (tensors[name + ".SCB"] / np.float32(127))[:, None]
    for table, levels in (("nf4", NF4), ("fp4", FP4)):
        for name in modules(tensors, ".weight.quant_state.bitsandbytes__" + table):
            weight = name + ".weight"
            state = json.loads(tensors[weight + ".quant_state.bitsandbytes__" + table].tobytes())
            absmax = tensors[weight + ".absmax"]
            if "nested_offset" in state:
                outer = np.repeat(tensors[weight + ".nested_absmax"], state["nested_blocksize"])[:len(absmax)]
                absmax = tensors[weight + ".nested_quant_map"][absmax] * outer + np.float32(state["nested_offset"])
            bytes_ = tensors[weight].reshape(-1)
            codes = np.stack([bytes_ >> 4, bytes_ & 15], 1).reshape(-1)[:np.prod(state["shape"])]
            assert np.array_equal(tensors[weight + ".quant_map"], levels), "another table"
            yield name, (np.repeat(f32(absmax), state["blocksize"])[:len(codes)] * levels[codes]).reshape(state["shape"])


def compressed_tensors(config, tensors):
    groups = list(config["config_groups"].values())
    for name in modules(tensors, ".weight_scale"):
        group = next((g for g in groups if name in g["targets"]), groups[0])
        weights, scale = group["weights"], tensors[name + ".weight_scale"]
        packed = tensors.get(name + ".weight_packed")
        bits = weights["num_bits"]
        if weights.get("type") == "float" and bits == 4:
            codes = np.stack([packed & 15, packed >> 4], 2).reshape(len(packed), -1)
            scale = e4m3(scale) / tensors[name + ".weight_global_scale"] if weights["group_size"] == 16 else e8m0(scale)
            yield name, np.repeat(scale, weights["group_size"], 1) * E2M1[codes]
            continue
        if weights.get("type") == "float":
            yield name, e4m3(tensors[name + ".weight"]) * f32(scale).reshape(-1, 1)
            continue
        if packed is None:
            codes, zero = tensors[name + ".weight"].astype(np.int64), tensors.get(name + ".weight_zero_point", np.zeros(1, np.int64))
        else:
            rows, cols = tensors[name + ".weight_shape"]
            dense = packed.shape[1] == -(-cols * bits // 32)
            unpack = unpack_dense if dense else unpack_padded
            codes = unpack(packed.view(np.uint32), bits, cols) - (1 << (bits - 1))
            zero = tensors.get(name + ".weight_zero_point", np.zeros(1, np.int64))
            if zero.dtype == np.int32:
                zero = unpack(np.ascontiguousarray(zero.view(np.uint32).T), bits, rows).T - (1 << (bits - 1))
        scale = f32(scale).reshape(len(codes) if scale.size > 1 else 1, -1)
        wide = lambda a: np.repeat(a, codes.shape[1] // a.shape[1], 1)  # noqa: E731
        yield name, wide(scale) * f32(codes - wide(zero.reshape(len(scale) if zero.size > 1 else 1, -1)))


READERS = {"gptq": gptq, "awq": awq, "mlx": mlx, "bitsandbytes": bitsandbytes, "compressed-tensors": compressed_tensors}


def dequantize(folder):
    config, tensors = read_folder(folder)
    settings = config.get("quantization") or config["quantization_config"]
    method = "mlx" if "quantization" in config else settings["quant_method"]
    return {name + ".weight": values for name, values in READERS[method](settings, tensors)}, config, tensors


# Checking what kerf wrote.

def transposed(config, name):
    return config.get("model_type") == "gpt2" and any(part in name for part in (".c_attn.", ".c_proj.", ".c_fc."))


def check(folder, reference):
    found, config, _ = dequantize(folder)
    expected = read_tensors(reference)
    wrong = 0
    for name, values in found.items():
        if name not in expected:
            print(f"{name}: not in {reference}")
            wrong += 1
            continue
        values = values.T if transposed(config, name) else values
        same = values.shape == expected[name].shape and np.array_equal(np.ascontiguousarray(values) + np.float32(0), expected[name] + np.float32(0))
        wrong += not same
        if not same:
            print(f"{name}: differs, {values.shape} against {expected[name].shape}")
    print(f"{folder}: {len(found)} quantized tensors, {wrong} wrong")
    return wrong == 0 and len(found) > 0


# Golden files.

def noise(seed, shape, high):
    draw = random.Random(seed)
    return np.array([draw.randrange(high) for _ in range(int(np.prod(shape)))]).reshape(shape)


def halves(seed, shape):
    return ((noise(seed, shape, 2001) - 900) / 20000).astype(np.float16)


def golden_files():
    rows, cols = 32, 96
    codes = lambda seed, bits, shape=(rows, cols): noise(seed, shape, 1 << bits)  # noqa: E731
    order = {"order": np.arange(cols) // 32, "any": (np.arange(cols) * 7 % 3)}
    for bits in (2, 3, 4, 8):
        for version, less in (("gptq", 1), ("gptq_v2", 0)):
            parts = {}
            for name, index in order.items():
                q, z = codes(bits, bits), noise(90 + bits, (3, rows), (1 << bits) - less) + less
                parts |= {f"{name}.qweight": pack_dense(q, bits).T.view(np.int32), f"{name}.qzeros": pack_dense(z - less, bits).view(np.int32),
                          f"{name}.scales": halves(bits, (3, rows)), f"{name}.g_idx": index.astype(np.int32)}
            yield f"{version}-{bits}", {"quantization_config": {"quant_method": "gptq", "bits": bits, "group_size": 32, "sym": False, "desc_act": True,
                                                               "checkpoint_format": version}}, parts
    q, z = codes(5, 4), noise(6, (rows, 3), 16)
    interleave = lambda a: (a.T.reshape(a.shape[1], -1, 8)[:, :, AWQ_ORDER] << (4 * np.arange(8))).sum(2).astype(np.uint32).view(np.int32)  # noqa: E731
    yield "awq", {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True, "version": "gemm"}}, {
        "m.qweight": interleave(q), "m.qzeros": interleave(z), "m.scales": halves(7, (3, rows))}
    for bits in (2, 3, 4, 5, 6, 8):
        yield f"mlx-{bits}", {"quantization": {"group_size": 32, "bits": bits, "mode": "affine"}}, {
            "m.weight": pack_dense(codes(bits, bits), bits).astype(np.uint32), "m.scales": halves(bits, (rows, 3)), "m.biases": halves(bits + 9, (rows, 3))}
    yield "mlx-mxfp4", {"quantization": {"group_size": 32, "bits": 4, "mode": "mxfp4"}}, {
        "m.weight": pack_dense(codes(3, 4), 4).astype(np.uint32), "m.scales": (noise(4, (rows, 3), 12) + 118).astype(np.uint8)}
    yield "mlx-mxfp8", {"quantization": {"group_size": 32, "bits": 8, "mode": "mxfp8"}}, {
        "m.weight": pack_dense(codes(3, 7), 8).astype(np.uint32) & np.uint32(0x77777777), "m.scales": (noise(4, (rows, 3), 12) + 118).astype(np.uint8)}
    for table, levels in (("nf4", NF4), ("fp4", FP4)):
        parts = {}
        for name, shape, block in (("rows", (24, 128), 64), ("across", (24, 80), 64)):
            flat = codes(8, 4, shape).reshape(-1, 2).astype(np.uint8)
            state = {"quant_type": table, "blocksize": block, "dtype": "float16", "shape": list(shape)}
            blocks = -(-shape[0] * shape[1] // block)
            weight = f"{name}.weight"
            parts |= {weight: (flat[:, 0] << 4 | flat[:, 1])[:, None], weight + ".quant_map": levels, weight + ".absmax": (noise(3, (blocks,), 999) / 512).astype(np.float32),
                      f"{weight}.quant_state.bitsandbytes__{table}": np.frombuffer(json.dumps(state).encode(), np.uint8)}
            if table == "nf4":
                state |= {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.0625}
                nested = f"nested_{name}.weight"
                parts |= {nested: parts[weight], nested + ".quant_map": levels, nested + ".absmax": noise(5, (blocks,), 256).astype(np.uint8),
                          nested + ".nested_absmax": np.array([0.7], np.float32), nested + ".nested_quant_map": (np.arange(256) / 256).astype(np.float32),
                          f"{nested}.quant_state.bitsandbytes__{table}": np.frombuffer(json.dumps(state).encode(), np.uint8)}
        yield f"bnb-{table}", {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": table}}, parts
    yield "bnb-int8", {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}, {
        "m.weight": (codes(9, 8) - 128).astype(np.int8), "m.SCB": (noise(4, (rows,), 999) / 128).astype(np.float32), "m.weight_format": np.array(0, np.uint8)}
    for bits in (3, 5, 6, 7):
        group = {"targets": ["Linear"], "weights": {"num_bits": bits, "type": "int", "symmetric": False, "strategy": "group", "group_size": 32}}
        q, z = codes(bits, bits), codes(bits + 1, bits, (rows, 3))
        per = 32 // bits
        pad = lambda a: (np.pad(a, ((0, 0), (0, -a.shape[1] % per))).reshape(len(a), -1, per) << (bits * np.arange(per))).sum(2).astype(np.uint32)  # noqa: E731
        for kind, pack in (("dense", lambda a: pack_dense(a, bits)), ("padded", pad)):  # pylint: disable=cell-var-from-loop
            yield f"ct-{kind}-{bits}", {"quantization_config": {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"group_0": group}}}, {
                "m.weight_packed": pack(q).view(np.int32), "m.weight_scale": halves(bits, (rows, 3)), "m.weight_shape": np.array([rows, cols]),
                "m.weight_zero_point": np.ascontiguousarray(pack(np.ascontiguousarray(z.T)).T).view(np.int32)}


NAMES = {np.dtype("<f4"): "F32", np.dtype("<f2"): "F16", np.dtype("<i8"): "I64", np.dtype("<i4"): "I32", np.dtype("<u4"): "U32", np.dtype("i1"): "I8", np.dtype("u1"): "U8"}


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


def golden():
    for name, config, tensors in golden_files():
        folder = os.path.join(HERE, name)
        os.makedirs(folder, exist_ok=True)
        write_tensors(os.path.join(folder, "model.safetensors"), tensors)
        with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)
            file.write("\n")
        values, _, _ = dequantize(folder)
        write_tensors(os.path.join(folder, "expected.safetensors"), {n: np.ascontiguousarray(f32(v)) for n, v in values.items()})
        if load_file is not None:
            load_file(os.path.join(folder, "model.safetensors"))
    print(f"wrote {HERE} with numpy {np.__version__}")


if __name__ == "__main__":
    if sys.argv[1:] == ["golden"]:
        golden()
    elif len(sys.argv) == 4 and sys.argv[1] == "check":
        sys.exit(not check(sys.argv[2], sys.argv[3]))
    else:
        sys.exit(__doc__)
