#!/usr/bin/env python3
"""sources.py FOLDER: small ONNX models whose weights lie in every place that a patch has to find: FOLDER/NAME/model.onnx,
FOLDER/NAME/inputs.safetensors."""
import os
import random
import struct
import sys

from models import BATCH, FLOAT, FLOAT16, INT64, LENGTH, VOCABULARY, WIDTH, floats, inputs_file, integers, onnx, scalar

IDS = onnx.value_info("input_ids", INT64, ["batch", "length"])
LOGITS = onnx.value_info("logits", FLOAT, ["batch", "length", VOCABULARY])
EMBED = onnx.node("Gather", ["table", "input_ids"], ["x"], name="/model/embed_tokens/Gather")


def at(module, op, inputs, outputs, **attributes):
    """A node of a module as TorchScript names it."""
    return onnx.node(op, inputs, outputs, name=f"/model/layers.0/{module}/{op}", **attributes)


def model(nodes, tensors, last="y", opset=17, table=True, head=True, functions=(), dtype=FLOAT, ids=IDS):
    first = [EMBED] if table else []
    ends = [onnx.node("MatMul", [last, "head"], ["logits"], name="/lm_head/MatMul")] if head else []
    values = ([floats("table", [VOCABULARY, WIDTH], 1, dtype)] if table else []) + ([floats("head", [WIDTH, VOCABULARY], 2, dtype)] if head else [])
    graph = onnx.graph([*first, *nodes, *ends], [*values, *tensors], [ids], [LOGITS])
    return onnx.model(graph, opset=opset, ir=8, functions=functions)


def flat(x, y, nodes, width=WIDTH):
    """Nodes of matrices between x [batch, length, width] and y."""
    return ([onnx.node("Reshape", [x, "rows"], ["flat"]), *nodes, onnx.node("Reshape", ["flat_out", "cubes"], [y])],
            [integers("rows", [2], [-1, width]), integers("cubes", [3], [BATCH, -1, WIDTH])])


def gemms():
    square, vector = floats("w", [WIDTH, WIDTH], 3), floats("b", [WIDTH], 4)
    for name, attributes, inputs in (("gemm", {}, ["flat", "w", "b"]), ("gemm_turned", {"transB": 1}, ["flat", "w", "b"]),
                                     ("gemm_plain", {"transB": 1}, ["flat", "w"])):
        nodes, shapes = flat("x", "y", [at("mlp/up_proj", "Gemm", inputs, ["flat_out"], **attributes)])
        yield name, model(nodes, [square, vector, *shapes])
    scaled = onnx.node("Gemm", ["flat", "w", "b"], ["flat_out"], name="/model/layers.0/mlp/up_proj/Gemm", transB=1)
    scaled += b"".join(onnx.message(5, onnx.message(1, key) + onnx.varint(2 << 3 | 5) + struct.pack("<f", value) + onnx.number(20, 1))
                       for key, value in (("alpha", 0.5), ("beta", 2.0)))
    nodes, shapes = flat("x", "y", [scaled])
    yield "gemm_scaled", model(nodes, [square, vector, *shapes])


def views():
    product = lambda weight: at("mlp/up_proj", "MatMul", ["x", weight], ["y"])
    yield "cast", model([onnx.node("Cast", ["w"], ["c"], to=FLOAT), product("c")], [floats("w", [WIDTH, WIDTH], 3, FLOAT16)])
    yield "transpose", model([onnx.node("Transpose", ["w"], ["t"], perm=[1, 0]), product("t")], [floats("w", [WIDTH, WIDTH], 3)])
    yield "identity", model([onnx.node("Identity", ["w"], ["i"]), product("i")], [floats("w", [WIDTH, WIDTH], 3)])
    yield "reshape", model([onnx.node("Reshape", ["w", "shape"], ["r"]), product("r")],
                           [floats("w", [WIDTH * WIDTH], 3), integers("shape", [2], [WIDTH, WIDTH])])
    yield "shared", model([at("mlp/up_proj", "MatMul", ["x", "w"], ["z"]), onnx.node("Relu", ["z"], ["r"]),
                           at("mlp/down_proj", "MatMul", ["r", "w"], ["y"])], [floats("w", [WIDTH, WIDTH], 3)])
    yield "tied", model([product("w"), onnx.node("Transpose", ["table"], ["turned"], perm=[1, 0]),
                         onnx.node("MatMul", ["y", "turned"], ["logits"], name="/lm_head/MatMul")], [floats("w", [WIDTH, WIDTH], 3)],
                        head=False)
    yield "odd", model([at("mlp/up_proj", "MatMul", ["x", "w"], ["z"]), onnx.node("Tanh", ["z"], ["r"]),
                        at("mlp/down_proj", "MatMul", ["r", "v"], ["y"])],
                       [floats("w", [WIDTH, 50], 3), floats("v", [50, WIDTH], 4)])


def calls():
    """One function for two layers, as the dynamo exporter can leave modules."""
    body = [onnx.node("Transpose", ["weight"], ["turned"], perm=[1, 0]), onnx.node("MatMul", ["input", "turned"], ["product"]),
            onnx.node("Add", ["product", "bias"], ["output"])]
    linear = onnx.function("Linear", ["input", "weight", "bias"], ["output"], body)
    other = onnx.function("Twice", ["value"], ["result"], [onnx.node("Add", ["value", "value"], ["result"])])
    nodes = [at("mlp/up_proj", "Linear", ["x", "w", "a"], ["z"], domain="local"), onnx.node("Twice", ["z"], ["r"], domain="local"),
             at("mlp/down_proj", "Linear", ["r", "v", "b"], ["y"], domain="local")]
    tensors = [floats("w", [WIDTH, WIDTH], 3), floats("v", [WIDTH, WIDTH], 4), floats("a", [WIDTH], 5), floats("b", [WIDTH], 6)]
    content = model(nodes, tensors, functions=(linear, other))
    yield "functions", content + onnx.message(8, onnx.message(1, "local") + onnx.number(2, 1))


def branches():
    """Optimum's merged decoders: both branches read the weights of the graph around them."""
    branch = lambda name: ("graph", onnx.graph([at("mlp/up_proj", "MatMul", ["x", "w"], [f"{name}_y"])], [], [],
                                               [onnx.value_info(f"{name}_y", FLOAT, ["batch", "length", WIDTH])]))
    nodes = [onnx.node("If", ["use_cache"], ["y"], then_branch=branch("past"), else_branch=branch("plain"))]
    yield "branches", model(nodes, [floats("w", [WIDTH, WIDTH], 3), onnx.tensor("use_cache", [], 9, b"\0")])


def halves():
    nodes = [at("mlp/up_proj", "MatMul", ["x", "w"], ["z"]), onnx.node("Tanh", ["z"], ["r"]),
             at("mlp/down_proj", "MatMul", ["r", "v"], ["y"]), onnx.node("MatMul", ["y", "head"], ["h"], name="/lm_head/MatMul"),
             onnx.node("Cast", ["h"], ["logits"], to=FLOAT)]
    tensors = [floats("w", [WIDTH, 96], 3, FLOAT16), floats("v", [96, WIDTH], 4, FLOAT16), floats("head", [WIDTH, VOCABULARY], 2, FLOAT16),
               floats("table", [VOCABULARY, WIDTH], 1, FLOAT16)]
    yield "half", model([EMBED, *nodes], tensors, table=False, head=False)


def narrow():
    """Sizes that neither blocks nor pairs of codes divide, and a vocabulary that is no multiple of 8."""
    for name, width, inner, words in (("hidden40", 40, 72, 37), ("hidden41", 41, 55, 43), ("wide272", 272, 24, 40)):
        tensors = [floats("table", [words, width], 1), floats("w", [width, inner], 3), floats("v", [width, inner], 4),
                   floats("d", [inner, width], 5, scale=0.2), floats("head", [width, words], 2)]
        nodes = [EMBED, at("mlp/gate_proj", "MatMul", ["x", "w"], ["g"]), at("mlp/up_proj", "MatMul", ["x", "v"], ["u"]),
                 onnx.node("Sigmoid", ["g"], ["s"]), onnx.node("Mul", ["s", "u"], ["h"]), at("mlp/down_proj", "MatMul", ["h", "d"], ["o"]),
                 onnx.node("Add", ["o", "x"], ["y"]), onnx.node("MatMul", ["y", "head"], ["logits"], name="/lm_head/MatMul")]
        logits = onnx.value_info("logits", FLOAT, ["batch", "length", words])
        yield name, onnx.model(onnx.graph(nodes, tensors, [IDS], [logits]), opset=17, ir=8)


def old():
    """Opset 13 with what means something else in 21: axes of reductions and equal splits are attributes."""
    nodes = [onnx.node("ReduceMean", ["x"], ["mean"], axes=[-1], keepdims=1), onnx.node("Sub", ["x", "mean"], ["centred"]),
             onnx.node("Mul", ["centred", "centred"], ["squares"]), onnx.node("ReduceMean", ["squares"], ["variance"], axes=[-1], keepdims=1),
             onnx.node("Add", ["variance", "epsilon"], ["positive"]), onnx.node("Sqrt", ["positive"], ["deviation"]),
             onnx.node("Div", ["centred", "deviation"], ["whitened"]), onnx.node("Mul", ["whitened", "scale"], ["n"]),
             at("attention/qkv", "MatMul", ["n", "w"], ["qkv"]), onnx.node("Split", ["qkv"], ["q", "k", "v"], axis=-1),
             onnx.node("Mul", ["q", "k"], ["qk"]), onnx.node("Tanh", ["qk"], ["t"]), onnx.node("Mul", ["t", "v"], ["tv"]),
             onnx.node("ReduceMax", ["tv"], ["most"], axes=[-1], keepdims=1), onnx.node("Add", ["tv", "most"], ["y"])]
    tensors = [floats("w", [WIDTH, 3 * WIDTH], 3), floats("scale", [WIDTH], 4, shift=1.0), scalar("epsilon", 1e-5)]
    yield "opset13", model(nodes, tensors, opset=13)


def positions():
    """A matrix that multiplies what the model computes and what it has learned, as DeBERTa's of distances; and rows of a
    table that constants choose."""
    nodes = [at("attention/key", "MatMul", ["x", "w"], ["k"]), at("attention/relative", "MatMul", ["distances", "w"], ["r"]),
             onnx.node("Transpose", ["r"], ["turned"], perm=[1, 0]), onnx.node("MatMul", ["k", "turned"], ["scores"]),
             onnx.node("Softmax", ["scores"], ["p"], axis=-1), onnx.node("MatMul", ["p", "r"], ["mixed"]),
             onnx.node("Gather", ["places", "chosen"], ["place"], name="/position/Gather"), onnx.node("Add", ["mixed", "place"], ["y"])]
    tensors = [floats("w", [WIDTH, WIDTH], 3), floats("distances", [16, WIDTH], 4), floats("places", [12, WIDTH], 5),
               integers("chosen", [1, LENGTH], list(range(LENGTH)))]
    yield "learned_positions", model(nodes, tensors, ids=onnx.value_info("input_ids", INT64, ["batch", LENGTH]))


def placed():
    """Weights that are no plain initializers: nodes that are constants, typed fields, values that are inputs too."""
    product = lambda weight: at("mlp/up_proj", "MatMul", ["x", weight], ["y"])
    drawn = random.Random(3)
    values = [drawn.gauss(0, 0.5) for _ in range(WIDTH * WIDTH)]
    yield "constant_node", model([onnx.node("Constant", [], ["w"], value=("tensor", floats("", [WIDTH, WIDTH], 3))), product("w")], [])
    typed = b"".join([onnx.number(1, WIDTH), onnx.number(1, WIDTH), onnx.number(2, FLOAT),
                      onnx.message(4, struct.pack(f"<{len(values)}f", *values)), onnx.message(8, "w")])
    yield "typed", model([product("w")], [typed])
    graph = onnx.graph([EMBED, product("w"), onnx.node("MatMul", ["y", "head"], ["logits"], name="/lm_head/MatMul")],
                       [floats("table", [VOCABULARY, WIDTH], 1), floats("head", [WIDTH, VOCABULARY], 2), floats("w", [WIDTH, WIDTH], 3)],
                       [IDS, onnx.value_info("table", FLOAT, [VOCABULARY, WIDTH]), onnx.value_info("w", FLOAT, [WIDTH, WIDTH]),
                        onnx.value_info("head", FLOAT, [WIDTH, VOCABULARY])], [LOGITS])
    yield "inputs_too", onnx.model(graph, opset=13, ir=4)
    yield "elsewhere_too", model([product("w"), onnx.node("ReduceSum", ["w", "axes"], ["sums"], keepdims=0), onnx.node("Add", ["y", "sums"], ["z"])],
                                 [floats("w", [WIDTH, WIDTH], 3), integers("axes", [1], [0])], last="z")
    yield "stored_bf16", model([onnx.node("Cast", ["w"], ["c"], to=FLOAT), product("c")], [brief("w", [WIDTH, WIDTH], 3)])
    yield "left", model([onnx.node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), onnx.node("MatMul", ["w", "t"], ["u"]),
                         onnx.node("Transpose", ["u"], ["y"], perm=[0, 2, 1])], [floats("w", [WIDTH, WIDTH], 3)])
    yield "einsum", model([onnx.node("Einsum", ["x", "w"], ["y"], equation="bld,de->ble")], [floats("w", [WIDTH, WIDTH], 3)])


def brief(name, dims, seed):
    """bf16: the upper halves of f32."""
    drawn = random.Random(seed)
    raw = b"".join(struct.pack("<f", drawn.gauss(0, 0.5))[2:] for _ in range(dims[0] * dims[1]))
    return onnx.tensor(name, dims, 16, raw)


def outside(folder):
    """Values in two files beside the model, at offsets."""
    content, offset = b"", 0
    places = []
    for name, dims, seed in (("w", [WIDTH, 80], 3), ("v", [80, WIDTH], 4)):
        raw = floats_raw(dims, seed)
        places.append((name, dims, f"part{len(places)}.bin", 128 * len(places), raw))
    for _, _, file, at_byte, raw in places:
        with open(os.path.join(folder, file), "wb") as out:
            out.write(b"\x55" * at_byte + raw + b"\xaa" * 16)
    entry = lambda key, value: onnx.message(13, onnx.message(1, key) + onnx.message(2, str(value)))
    tensors = [b"".join([onnx.number(1, dims[0]), onnx.number(1, dims[1]), onnx.number(2, FLOAT), onnx.message(8, name), entry("location", file),
                         entry("offset", at_byte), entry("length", len(raw)), onnx.number(14, 1)]) for name, dims, file, at_byte, raw in places]
    return model([at("mlp/up_proj", "MatMul", ["x", "w"], ["z"]), onnx.node("Tanh", ["z"], ["r"]), at("mlp/down_proj", "MatMul", ["r", "v"], ["y"])],
                 tensors)


def floats_raw(dims, seed):
    draw = random.Random(seed)
    return struct.pack(f"<{dims[0] * dims[1]}f", *[draw.gauss(0, 0.5) for _ in range(dims[0] * dims[1])])


def nested():
    """Functions in functions, and two calls of one weight."""
    linear = onnx.function("Linear", ["input", "weight"], ["output"], [onnx.node("MatMul", ["input", "weight"], ["output"])])
    block = onnx.function("Block", ["input", "up", "down"], ["output"], [
        onnx.node("Linear", ["input", "up"], ["wide"], domain="local"), onnx.node("Tanh", ["wide"], ["bent"]),
        onnx.node("Linear", ["bent", "down"], ["narrow"], domain="local"), onnx.node("Add", ["narrow", "input"], ["output"])])
    block += onnx.message(9, onnx.message(1, "local") + onnx.number(2, 1))
    nodes = [at("layers.0/mlp", "Block", ["x", "w", "v"], ["z"], domain="local"), at("layers.1/mlp", "Block", ["z", "w", "v"], ["y"], domain="local")]
    content = model(nodes, [floats("w", [WIDTH, 80], 3), floats("v", [80, WIDTH], 4, scale=0.2)], functions=(linear, block))
    yield "functions_nested", content + onnx.message(8, onnx.message(1, "local") + onnx.number(2, 1))


def main(folder):
    place = os.path.join(folder, "outside")
    os.makedirs(place, exist_ok=True)
    external = [("outside", outside(place))]
    for generator in (gemms, views, calls, branches, halves, narrow, old, positions, placed, nested, lambda: external):
        for name, content in generator():
            os.makedirs(os.path.join(folder, name), exist_ok=True)
            for file, data in (("model.onnx", content), ("inputs.safetensors", inputs_file())):
                with open(os.path.join(folder, name, file), "wb") as out:
                    out.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
