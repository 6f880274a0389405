#!/usr/bin/env python3
"""models.py FOLDER: small ONNX models of operators that ONNX Runtime fuses graphs into and of quantized weights, each from token
ids through the operator to logits; FOLDER/NAME/model.onnx and FOLDER/NAME/inputs.safetensors."""
import os
import random
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
from hostile import onnx  # noqa: E402

# Of fixed shape: some operands below are as long as the text.
WIDTH, VOCABULARY, LENGTH, BATCH = 64, 40, 7, 1
FLOAT, UINT8, INT8, INT32, INT64, FLOAT16, INT4 = 1, 2, 3, 6, 7, 10, 22


def floats(name, dims, seed, dtype=FLOAT, scale=0.5, shift=0.0):
    draw = random.Random(seed)
    count = 1
    for dim in dims:
        count *= dim
    values = [draw.gauss(0, scale) + shift for _ in range(count)]
    return onnx.tensor(name, dims, dtype, struct.pack(f"<{count}{'f' if dtype == FLOAT else 'e'}", *values))


def integers(name, dims, values, dtype=INT64):
    return onnx.tensor(name, dims, dtype, struct.pack(f"<{len(values)}{ {INT64: 'q', INT32: 'i', UINT8: 'B', INT8: 'b'}[dtype]}", *values))


def drawn(name, dims, dtype, low, high, seed):
    draw = random.Random(seed)
    count = 1
    for dim in dims:
        count *= dim
    return integers(name, dims, [draw.randint(low, high) for _ in range(count)], dtype)


def scalar(name, value):
    return onnx.tensor(name, [], FLOAT, struct.pack("<f", value))


def model(nodes, tensors, last="y", opset=21, embed=True, width=WIDTH):
    table = [floats("table", [VOCABULARY, WIDTH], 1)] if embed else []
    first = [onnx.node("Gather", ["table", "input_ids"], ["x"])] if embed else []
    graph = onnx.graph([*first, *nodes, onnx.node("MatMul", [last, "head"], ["logits"])],
                       [*table, floats("head", [width, VOCABULARY], 2), *tensors],
                       [onnx.value_info("input_ids", INT64, [BATCH, LENGTH])],
                       [onnx.value_info("logits", FLOAT, [BATCH, LENGTH, VOCABULARY])])
    return onnx.model(graph, opset=opset, ir=10) + onnx.message(8, onnx.message(1, "com.microsoft") + onnx.number(2, 1))


def fused(op, inputs, tensors, outputs=("y",), **attributes):
    return model([onnx.node(op, inputs, list(outputs), domain="com.microsoft", **attributes)], tensors)


def rotary_tables(width=16, positions=16):
    return [floats("cosine", [positions, width // 2], 21), floats("sine", [positions, width // 2], 22)]


def empty_past(name, heads, width):
    return onnx.tensor(name, [BATCH, heads, 0, width], FLOAT, b"")


def attention_models():
    qkv = [onnx.node("MatMul", ["x", f"w{name}"], [name]) for name in "qkv"]
    weights = [floats(f"w{name}", [WIDTH, WIDTH], 3 + i) for i, name in enumerate("qkv")]
    vector = floats("bias3", [3 * WIDTH], 9)
    packed = floats("packed", [WIDTH, 3 * WIDTH], 10)
    yield "attention", fused("Attention", ["x", "packed", "bias3"], [packed, vector], num_heads=4)
    yield "attention_causal", fused("Attention", ["x", "packed", "bias3"], [packed, vector], num_heads=4, unidirectional=1)
    mask = drawn("mask", [BATCH, LENGTH], INT32, 0, 1, 11)
    yield "attention_mask", fused("Attention", ["x", "packed", "bias3", "mask"], [packed, vector, mask], num_heads=4)
    lengths = integers("lengths", [BATCH], [5], INT32)
    yield "attention_lengths", fused("Attention", ["x", "packed", "bias3", "lengths"], [packed, vector, lengths], num_heads=4)
    bias = floats("scores", [1, 4, LENGTH, LENGTH], 12)
    yield "attention_bias", fused("Attention", ["x", "packed", "bias3", "", "", "scores"], [packed, vector, bias], num_heads=4)
    multi = lambda inputs, tensors, **more: model([*qkv, onnx.node("MultiHeadAttention", inputs, ["y"], domain="com.microsoft",
                                                                    num_heads=4, **more)], [*weights, *tensors])
    yield "multi_head", multi(["q", "k", "v"], [])
    yield "multi_head_bias", multi(["q", "k", "v", "bias3"], [vector])
    yield "multi_head_causal", multi(["q", "k", "v"], [], unidirectional=1)
    yield "multi_head_scores", multi(["q", "k", "v", "", "", "scores"], [bias])
    wide = floats("scores", [1, 1, LENGTH, LENGTH], 12)
    yield "multi_head_shared_scores", multi(["q", "k", "v", "", "", "scores"], [wide])
    pasts = [empty_past("past_k", 2, 16), empty_past("past_v", 2, 16), integers("seqlens", [BATCH], [LENGTH - 1] * BATCH, INT32),
             integers("total", [1], [LENGTH], INT32)]
    narrow = [floats("wq", [WIDTH, WIDTH], 3), floats("wk", [WIDTH, 32], 4), floats("wv", [WIDTH, 32], 5)]
    inputs = ["q", "k", "v", "past_k", "past_v", "seqlens", "total"]
    grouped = lambda inputs, tensors, **more: model([*qkv, onnx.node("GroupQueryAttention", inputs, ["y", "present_k", "present_v"],
                                                                     domain="com.microsoft", num_heads=4, kv_num_heads=2, **more)],
                                                    [*narrow, *pasts, *tensors])
    yield "grouped", grouped(inputs, [])
    yield "grouped_window", grouped(inputs, [], local_window_size=3)
    yield "grouped_rotary", grouped([*inputs, "cosine", "sine"], rotary_tables(), do_rotary=1)
    yield "grouped_pairs", grouped([*inputs, "cosine", "sine"], rotary_tables(), do_rotary=1, rotary_interleaved=1)
    together = [onnx.node("Concat", ["q", "k", "v"], ["all"], axis=2)]
    yield "grouped_packed", model([*qkv, *together, onnx.node("GroupQueryAttention", ["all", "", "", *inputs[3:], "cosine", "sine"],
                                                              ["y", "present_k", "present_v"], domain="com.microsoft", num_heads=4,
                                                              kv_num_heads=2, do_rotary=1)], [*narrow, *pasts, *rotary_tables()])
    start = integers("start", [1], [2])
    yield "rotary_from", fused("RotaryEmbedding", ["x", "start", "cosine", "sine"], [start, *rotary_tables()])
    places = drawn("places", [BATCH, LENGTH], INT64, 0, 15, 13)
    yield "rotary_places", fused("RotaryEmbedding", ["x", "places", "cosine", "sine"], [places, *rotary_tables()], interleaved=1)
    onnx23 = lambda inputs, tensors, **more: model([*qkv, onnx.node("Attention", inputs, ["y"], q_num_heads=4, kv_num_heads=2, **more)],
                                                   [*narrow, *tensors], opset=23)
    yield "onnx_attention", onnx23(["q", "k", "v"], [])
    yield "onnx_attention_causal", onnx23(["q", "k", "v"], [], is_causal=1)
    yield "onnx_attention_mask", onnx23(["q", "k", "v", "scores"], [floats("scores", [LENGTH, LENGTH], 12)])


def norm_models():
    scale, shift, more = floats("scale", [WIDTH], 31), floats("shift", [WIDTH], 32), floats("more", [WIDTH], 33)
    turned = onnx.node("MatMul", ["x", "mix"], ["z"])
    mix = floats("mix", [WIDTH, WIDTH], 34)
    skip = lambda op, inputs, tensors: model([turned, onnx.node(op, inputs, ["n", "", "", "sum"], domain="com.microsoft"),
                                              onnx.node("Add", ["n", "sum"], ["y"])], [mix, *tensors])
    yield "skip_norm", skip("SkipLayerNormalization", ["x", "z", "scale", "shift", "more"], [scale, shift, more])
    yield "skip_rms", skip("SkipSimplifiedLayerNormalization", ["x", "z", "scale", "more"], [scale, more])
    yield "rms", model([onnx.node("SimplifiedLayerNormalization", ["x", "scale"], ["y"])], [scale])
    yield "bias_gelu", fused("BiasGelu", ["x", "shift"], [shift])
    yield "fast_gelu", fused("FastGelu", ["x", "shift"], [shift])
    yield "quick_gelu", fused("QuickGelu", ["x"], [])
    yield "fused_matmul", fused("FusedMatMul", ["x", "mix"], [mix], transB=1)
    tables = [floats("words", [VOCABULARY, WIDTH], 41), floats("places", [16, WIDTH], 42), floats("types", [2, WIDTH], 43), scale, shift]
    ids = onnx.node("Cast", ["input_ids"], ["ids"], to=INT32)
    kinds = drawn("kinds", [BATCH, LENGTH], INT32, 0, 1, 44)
    yield "embed_norm", model([ids, onnx.node("EmbedLayerNormalization", ["ids", "kinds", "words", "places", "types", "scale", "shift"],
                                              ["y", "count"], domain="com.microsoft")], [*tables, kinds], embed=False)


def quantized_models():
    for bits, block in ((4, 16), (4, 32), (8, 16)):
        for asymmetric in (False, True):
            blocks = -(-WIDTH // block)
            name = f"nbits_{bits}_{block}{'_asym' if asymmetric else ''}"
            parts = [drawn("codes", [24, blocks, block * bits // 8], UINT8, 0, 255, bits + block),
                     floats("scales", [24, blocks], 51, scale=0.05)]
            inputs = ["x", "codes", "scales"]
            if asymmetric:
                parts.append(drawn("points", [24, -(-blocks * bits // 8)], UINT8, 0, 255, 52))
                inputs.append("points")
            yield name, model([onnx.node("MatMulNBits", inputs, ["y"], domain="com.microsoft", K=WIDTH, N=24, bits=bits,
                                         block_size=block, accuracy_level=1)], parts, width=24)
    table = [drawn("codes", [VOCABULARY, WIDTH // 2], UINT8, 0, 255, 61), floats("scales", [VOCABULARY, WIDTH // 16], 62, scale=0.1)]
    gather = lambda inputs, tensors: model([onnx.node("GatherBlockQuantized", inputs, ["y"], domain="com.microsoft", block_size=16,
                                                      quantize_axis=1, gather_axis=0, bits=4)], tensors, embed=False)
    yield "gather_blocks", gather(["codes", "input_ids", "scales"], table)
    yield "gather_blocks_asym", gather(["codes", "input_ids", "scales", "points"],
                                       [*table, drawn("points", [VOCABULARY, WIDTH // 32], UINT8, 0, 255, 63)])
    for name, dims, axis, block in (("rows", [WIDTH // 16, 24], 0, 16), ("columns", [WIDTH, WIDTH // 16], 1, 16)):
        width = 24 if axis == 0 else WIDTH
        codes = onnx.tensor("codes", [WIDTH, width], INT4, random.Random(71).randbytes(WIDTH * width // 2))
        yield f"qdq_int4_{name}", model([onnx.node("DequantizeLinear", ["codes", "scales"], ["w"], axis=axis, block_size=block),
                                         onnx.node("MatMul", ["x", "w"], ["y"])],
                                        [codes, floats("scales", dims, 72, scale=0.1)], width=width)
    codes = drawn("codes", [WIDTH, 24], INT8, -127, 127, 73)
    scales = floats("scales", [24], 74, scale=0.01, shift=0.05)
    yield "qdq_int8_channels", model([onnx.node("DequantizeLinear", ["codes", "scales"], ["w"], axis=1),
                                      onnx.node("MatMul", ["x", "w"], ["y"])], [codes, scales], width=24)
    dynamic = [onnx.node("DynamicQuantizeLinear", ["x"], ["c", "s", "z"]), onnx.node("MatMulInteger", ["c", "codes", "z"], ["i"]),
               onnx.node("Cast", ["i"], ["f"], to=FLOAT), onnx.node("Mul", ["s", "scales"], ["both"]), onnx.node("Mul", ["f", "both"], ["y"])]
    yield "dynamic_int8", model(dynamic, [codes, scales], width=24)
    yield "dynamic_fused", fused("DynamicQuantizeMatMul", ["x", "codes", "scales"], [drawn("codes", [WIDTH, WIDTH], INT8, -127, 127, 75),
                                                                                   floats("scales", [WIDTH], 74, scale=0.01, shift=0.05)])
    static = [onnx.node("QuantizeLinear", ["x", "step", "zero"], ["c"]), onnx.node("DequantizeLinear", ["c", "step", "zero"], ["d"]),
              onnx.node("DequantizeLinear", ["codes", "scales"], ["w"], axis=1), onnx.node("MatMul", ["d", "w"], ["y"])]
    yield "static_int8", model(static, [codes, scales, scalar("step", 0.02), integers("zero", [], [120], UINT8)], width=24)


def inputs_file():
    draw = random.Random(7)
    ids = [draw.randrange(VOCABULARY) for _ in range(BATCH * LENGTH)]
    header = b'{"input_ids":{"dtype":"I64","shape":[%d,%d],"data_offsets":[0,%d]}}' % (BATCH, LENGTH, 8 * len(ids))
    return struct.pack("<Q", len(header)) + header + struct.pack(f"<{len(ids)}q", *ids)


def main(folder):
    inputs = inputs_file()
    for generator in (attention_models, norm_models, quantized_models):
        for name, content in generator():
            os.makedirs(os.path.join(folder, name), exist_ok=True)
            for file, data in (("model.onnx", content), ("inputs.safetensors", inputs)):
                with open(os.path.join(folder, name, file), "wb") as out:
                    out.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
