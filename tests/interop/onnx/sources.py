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


def model(nodes, tensors, last="y", opset=17, table=True, head=True, functions=(), dtype=FLOAT):
    first = [EMBED] if table else []
    ends = [onnx.node("MatMul", [last, "head"], ["logits"], name="/lm_head/MatMul")] if head else []
    values = ([floats("table", [VOCABULARY, WIDTH], 1, dtype)] if table else []) + ([floats("head", [WIDTH, VOCABULARY], 2, dtype)] if head else [])
    graph = onnx.graph([*first, *nodes, *ends], [*values, *tensors], [IDS], [LOGITS])
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


def main(folder):
    for generator in (gemms, views, calls, branches, halves):
        for name, content in generator():
            os.makedirs(os.path.join(folder, name), exist_ok=True)
            for file, data in (("model.onnx", content), ("inputs.safetensors", inputs_file())):
                with open(os.path.join(folder, name, file), "wb") as out:
                    out.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
