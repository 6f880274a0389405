"""ONNX files, byte by byte: as much of the schema as tests need. A message is bytes; fields are put one after another."""
import random
import struct

FLOAT, INT64, BOOL, STRING = 1, 7, 9, 8


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name, dims, dtype, values, extra=b""):
    """`values`: bytes of raw_data; None for none."""
    out = b"".join(number(1, dim) for dim in dims) + number(2, dtype) + message(8, name)
    return out + (message(9, values) if values is not None else b"") + extra


def external(name, dims, dtype, location, **more):
    entries = {"location": location, **more}
    return tensor(name, dims, dtype, None,
                  b"".join(message(13, message(1, key) + message(2, str(value))) for key, value in entries.items()) + number(14, 1))


def floats(count, seed=1):
    draw = random.Random(seed)
    return struct.pack(f"<{count}f", *(draw.gauss(0, 0.5) for _ in range(count)))


def attribute(name, value):
    if isinstance(value, int):
        return message(1, name) + number(3, value) + number(20, 2)
    if isinstance(value, list):
        return message(1, name) + b"".join(number(8, one) for one in value) + number(20, 7)
    if isinstance(value, tuple):  # ("tensor" or "graph", bytes)
        return message(1, name) + message({"tensor": 5, "graph": 6}[value[0]], value[1]) + number(20, {"tensor": 4, "graph": 5}[value[0]])
    return message(1, name) + message(4, value) + number(20, 3)


def node(op, inputs, outputs, domain="", name=None, **attributes):
    out = b"".join(message(1, one) for one in inputs) + b"".join(message(2, one) for one in outputs)
    out += message(3, name or f"make_{outputs[0] if outputs else op}") + message(4, op)
    out += b"".join(message(5, attribute(key, value)) for key, value in attributes.items())
    return out + (message(7, domain) if domain else b"")


def value_info(name, dtype, dims):
    shape = b"".join(message(1, number(1, dim) if isinstance(dim, int) else message(2, dim)) for dim in dims)
    return message(1, name) + message(2, message(1, number(1, dtype) + message(2, shape)))


def graph(nodes, tensors=(), inputs=(), outputs=()):
    return (b"".join(message(1, one) for one in nodes) + message(2, "graph") + b"".join(message(5, one) for one in tensors)
            + b"".join(message(11, one) for one in inputs) + b"".join(message(12, one) for one in outputs))


def function(name, inputs, outputs, nodes, domain="local"):
    return (message(1, name) + b"".join(message(4, one) for one in inputs) + b"".join(message(5, one) for one in outputs)
            + b"".join(message(7, one) for one in nodes) + message(9, number(2, 17)) + message(10, domain))


def model(content, opset=17, ir=8, functions=()):
    return (number(1, ir) + message(2, "test") + message(7, content) + message(8, message(1, "") + number(2, opset))
            + b"".join(message(25, one) for one in functions))


IDS = value_info("input_ids", INT64, ["batch", "length"])
LOGITS = value_info("logits", FLOAT, ["batch", "length", 11])
TABLE = tensor("table", [11, 8], FLOAT, floats(88))
HEAD = tensor("head", [8, 11], FLOAT, floats(88, 2))
EMBED = node("Gather", ["table", "input_ids"], ["x"])


def small(nodes=(), last="x", tensors=(), head=HEAD, **more):
    """Embedding, `nodes` from "x" to `last`, head."""
    return model(graph([EMBED, *nodes, node("MatMul", [last, "head"], ["logits"])], [TABLE, head, *tensors], [IDS], [LOGITS]),
                 **more)


def inputs():
    """A safetensors file with token ids."""
    header = b'{"input_ids":{"dtype":"I64","shape":[1,4],"data_offsets":[0,32]}}'
    return struct.pack("<Q", len(header)) + header + struct.pack("<4q", 1, 4, 7, 10)


def masked():
    """What exporters write around it: shape chains, a mask, a norm, attention in plain operators."""
    integers = lambda name, values: tensor(name, [len(values)], INT64, struct.pack(f"<{len(values)}q", *values))
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "one"], ["length"]),
        node("Range", ["zero_scalar", "length_scalar", "one_scalar"], ["positions"]),
        node("Squeeze", ["length", "zero"], ["length_scalar"]),
        node("Unsqueeze", ["positions", "one"], ["column"]),
        node("LessOrEqual", ["positions", "column"], ["seen"]),
        node("LayerNormalization", ["x", "scale", "bias"], ["normal"], axis=-1),
        node("Transpose", ["normal"], ["turned"], perm=[0, 2, 1]),
        node("MatMul", ["normal", "turned"], ["scores"]),
        node("Where", ["seen", "scores", "low"], ["masked"]),
        node("Softmax", ["masked"], ["weights"], axis=-1),
        node("MatMul", ["weights", "normal"], ["mixed"]),
        node("Add", ["x", "mixed"], ["y"]),
    ]
    nodes[2], nodes[3] = nodes[3], nodes[2]
    scalars = [tensor(name, [], INT64, struct.pack("<q", value)) for name, value in (("zero_scalar", 0), ("one_scalar", 1))]
    vectors = [tensor("scale", [8], FLOAT, floats(8, 3)), tensor("bias", [8], FLOAT, floats(8, 4)),
               tensor("low", [], FLOAT, struct.pack("<f", -1e9))]
    return small(nodes, "y", [integers("one", [1]), integers("zero", [0]), *scalars, *vectors])


def branches():
    """An If on a constant, and a function."""
    branch = lambda op: graph([node(op, ["x"], ["r"])], outputs=[value_info("r", FLOAT, [])])
    nodes = [node("Constant", [], ["truth"], value=("tensor", tensor("", [], BOOL, b"\x01"))),
             node("If", ["truth"], ["y"], then_branch=("graph", branch("Neg")), else_branch=("graph", branch("Abs"))),
             node("Twice", ["y"], ["z"], domain="local")]
    return small(nodes, "z", functions=[function("Twice", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])])])


def windows(pads=(1, 1), kernel=(3,), strides=(1,), length=(), last=None, **conv):
    """A convolution over the tokens, a pool and a transform: "x" turned, [batch, 8, length]."""
    nodes = [node("Transpose", ["x"], ["turned"], perm=[0, 2, 1]),
             node("Conv", ["turned", "windows"], ["seen"], pads=list(pads), strides=list(strides), group=8, **conv),
             node("MaxPool", ["seen"], ["most"], kernel_shape=list(kernel), pads=[kernel[0] // 2] * 2),
             node("Unsqueeze", ["most", "behind"], ["parts"]),
             node("DFT", ["parts", *length], ["turns"], axis=2),
             node("ReduceSum", ["turns", "behind"], ["sums"], keepdims=0),
             node("Transpose", ["sums"], ["y"], perm=[0, 2, 1])]
    tensors = [tensor("windows", [8, 1, 3], FLOAT, floats(24, 5)), tensor("behind", [1], INT64, struct.pack("<q", 3))]
    return small(nodes[:last], "y", tensors + [tensor(name, [], INT64, struct.pack("<q", value)) for name, value in
                                               (("long", 2**40), ("none", 0), ("prime", 16777213)) if name in length])


def qlinear():
    """Operators on codes."""
    byte = 2
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["a"]), node("QLinearAdd", ["a", "s", "z", "a", "s", "z", "s", "z"], ["b"], domain="com.microsoft"),
             node("QLinearConcat", ["s", "z", "b", "s", "z"], ["c"], domain="com.microsoft", axis=1),
             node("QLinearSoftmax", ["c", "s", "z", "s", "z"], ["d"], domain="com.microsoft", axis=-1, opset=13),
             node("DequantizeLinear", ["d", "s", "z"], ["y"])]
    return small(nodes, "y", [tensor("s", [], FLOAT, struct.pack("<f", 0.1)), tensor("z", [], byte, b"\x80")])
