#!/usr/bin/env python3
"""Golden values of operators for which the ONNX project's node tests (as Debian packages them, opset 17) have none.

  make_ops.py     writes ops/<operator>.json beside this file

Each definition is written down here from its specification, in Python's doubles and one element at a time; nothing is
shared with kerf. Inputs are rounded to f32 first, so that both sides start from the same numbers.
"""
import json
import math
import os
import random
import struct
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ops")
rng = random.Random(20240607)


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


class T:
    """A tensor: shape, row-major values, dtype."""

    def __init__(self, shape, values, dtype="f32"):
        self.shape, self.dtype = list(shape), dtype
        self.values = [f32(v) for v in values] if dtype == "f32" else list(values)
        assert len(self.values) == math.prod(shape)

    def at(self, *index):
        offset = 0
        for i, n in zip(index, self.shape):
            assert 0 <= i < n
            offset = offset * n + i
        return self.values[offset]

    def json(self):
        return {"dtype": self.dtype, "shape": self.shape, "values": self.values}


def normal(*shape, scale=1.0):
    return T(shape, [rng.gauss(0, scale) for _ in range(math.prod(shape))])


def result(shape, values):
    return {"dtype": "f32", "shape": list(shape), "values": [float(f"{v:.9g}") for v in values]}


def gelu(x, approximate):
    """https://onnx.ai/onnx/operators/onnx__Gelu.html"""
    if approximate == "tanh":
        return [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in x.values]
    return [0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.values]


def rms_normalization(x, scale, epsilon):
    """https://onnx.ai/onnx/operators/onnx__RMSNormalization.html, axis -1"""
    n, out = x.shape[-1], []
    for first in range(0, len(x.values), n):
        row = x.values[first:first + n]
        rms = math.sqrt(sum(v * v for v in row) / n + epsilon)
        out += [v / rms * s for v, s in zip(row, scale.values)]
    return out


def linear(x, weight, bias):
    """y = x W^T + b"""
    out_features, in_features = weight.shape
    out = []
    for first in range(0, len(x.values), in_features):
        row = x.values[first:first + in_features]
        for o in range(out_features):
            out.append(sum(a * weight.at(o, i) for i, a in enumerate(row)) + (bias.values[o] if bias else 0))
    return out


def rotary(x, cos, sin, positions, heads, rotary_dim, interleaved):
    """https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html; x as [b][t][h][d]"""
    b, t, h, d = x["dims"]
    half = rotary_dim // 2
    out = [[[[x["get"](i, j, k, e) for e in range(d)] for k in range(h)] for j in range(t)] for i in range(b)]
    for i in range(b):
        for j in range(t):
            for k in range(h):
                for p in range(half):
                    c = cos.at(positions.at(i, j), p) if positions else cos.at(i, j, p)
                    s = sin.at(positions.at(i, j), p) if positions else sin.at(i, j, p)
                    first, second = (2 * p, 2 * p + 1) if interleaved else (p, p + half)
                    a, z = x["get"](i, j, k, first), x["get"](i, j, k, second)
                    out[i][j][k][first] = a * c - z * s
                    out[i][j][k][second] = z * c + a * s
    return out


def attention(q, k, v, mask, heads, kv_heads, scale, causal, window, softcap):
    """softmax(scale q k^T) v by heads (Vaswani et al. 2017); forbidden keys get the lowest f32 as in the eager attention
    of transformers, so that a query without any key averages all values."""
    batch, queries, width = q.shape
    keys, dim, value_dim = k.shape[1], q.shape[2] // heads, v.shape[2] // kv_heads
    scale = scale if scale is not None else 1 / math.sqrt(dim)
    lowest = -3.4028234663852886e38
    out = []
    for b in range(batch):
        for i in range(queries):
            place = keys - queries + i
            for h in range(heads):
                g = h // (heads // kv_heads)
                scores = []
                for j in range(keys):
                    s = scale * sum(q.at(b, i, h * dim + e) * k.at(b, j, g * dim + e) for e in range(dim))
                    if softcap:
                        s = softcap * math.tanh(s / softcap)
                    seen = (not causal or j <= place) and (not window or j > place - window) and (not mask or mask.at(b, j))
                    scores.append(s if seen else lowest)
                top = max(scores)
                weights = [math.exp(s - top) for s in scores]
                total = sum(weights)
                for e in range(value_dim):
                    out.append(sum(w / total * v.at(b, j, g * value_dim + e) for j, w in enumerate(weights)))
    return out


def relative_bucket(offset, bidirectional, buckets, max_distance):
    """Raffel et al. 2020, arXiv:1910.10683, section 2.1, as its authors' code has it: the bucket of key - query."""
    first = 0
    if bidirectional:
        buckets //= 2
        first = buckets if offset > 0 else 0
        distance = abs(offset)
    else:
        distance = max(-offset, 0)
    exact = buckets // 2
    if distance < exact:
        return first + distance
    # The whole part of a logarithm, by comparing powers: no rounding decides.
    steps = buckets - exact
    step = max(s for s in range(steps + 1) if distance**steps * exact**s >= exact**steps * max_distance**s)
    return first + min(exact + step, buckets - 1)


def relative_position_bias(table, length, bidirectional, max_distance):
    buckets, heads = table.shape
    return [table.at(relative_bucket(j - i, bidirectional, buckets, max_distance), h)
            for h in range(heads) for i in range(length) for j in range(length)]


def write(name, cases):
    made_by = json.dumps("tests/golden/make_ops.py, Python " + sys.version.split()[0])
    lines = ",\n".join(json.dumps(c) for c in cases)
    with open(os.path.join(FOLDER, name + ".json"), "w") as file:
        file.write(f'{{"made_by": {made_by}, "cases": [\n{lines}\n]}}\n')


def case(note, op, domain, inputs, attributes, output):
    return {"note": note, "op": op, "domain": domain, "attributes": attributes,
            "inputs": [i.json() if i else None for i in inputs], "output": output}


def make_gelu():
    x = T([3, 40], [rng.gauss(0, 3) for _ in range(100)] + [0, -0.0, 1e-3, -1e-3, 1e-20, 5, -5, 10, -10, 30, -30, 0.5, -0.5,
                                                            1, -1, 2, -2, 3.5, -3.5, 0.7])
    write("gelu", [case(a or "default", "Gelu", "", [x], {"approximate": a} if a else {}, result(x.shape, gelu(x, a)))
                   for a in ("", "none", "tanh")])


def make_rms_normalization():
    cases = []
    for note, shape, scale, epsilon in (("a row that 16 does not divide", (2, 3, 37), 1.0, 1e-5), ("large", (4, 64), 1e4, 1e-6),
                                        ("small against epsilon", (2, 16), 1e-4, 1e-5), ("one element, large epsilon", (5, 1), 1.0, 0.5)):
        x, s = normal(*shape, scale=scale), normal(shape[-1])
        attributes = {"epsilon": epsilon, "axis": -1}
        cases.append(case(note, "RMSNormalization", "", [x, s], attributes, result(shape, rms_normalization(x, s, epsilon))))
    write("rms_normalization", cases)


def make_linear():
    cases = []
    for note, lead, out_features, in_features, has_bias in (("plain", (2, 5), 7, 33, False), ("bias", (6,), 17, 16, True),
                                                            ("one row", (1, 1), 3, 100, True), ("one feature", (3,), 1, 1, True)):
        x, w = normal(*lead, in_features), normal(out_features, in_features, scale=in_features**-0.5)
        b = normal(out_features) if has_bias else None
        inputs = [x, w, b] if has_bias else [x, w]
        cases.append(case(note, "Linear", "kerf", inputs, {}, result([*lead, out_features], linear(x, w, b))))
    write("linear", cases)


def make_rotary():
    cases = []
    for note, rank, dims, rotary_dim, interleaved, by_position in (
            ("3-D, tables per position", 3, (2, 5, 3, 8), 0, 0, False), ("part of a head", 3, (1, 4, 2, 12), 6, 0, False),
            ("4-D", 4, (2, 3, 2, 8), 0, 0, False), ("4-D, part, position ids", 4, (2, 5, 2, 10), 4, 0, True),
            ("interleaved", 3, (1, 6, 2, 8), 0, 1, False), ("interleaved, part, position ids", 3, (2, 3, 2, 8), 4, 1, True)):
        b, t, h, d = dims
        x = normal(b, t, h * d) if rank == 3 else normal(b, h, t, d)
        get = (lambda i, j, k, e: x.at(i, j, k * d + e)) if rank == 3 else (lambda i, j, k, e: x.at(i, k, j, e))
        used = rotary_dim or d
        angles = [rng.uniform(-math.pi, math.pi) for _ in range((11 if by_position else b * t) * used // 2)]
        table = [11, used // 2] if by_position else [b, t, used // 2]
        cos, sin = T(table, map(math.cos, angles)), T(table, map(math.sin, angles))
        positions = T([b, t], [rng.randrange(11) for _ in range(b * t)], "i64") if by_position else None
        out = rotary({"dims": dims, "get": get}, cos, sin, positions, h, used, interleaved)
        if rank == 3:
            values = [e for i in out for j in i for k in j for e in k]
        else:
            values = [e for i in range(b) for k in range(h) for j in range(t) for e in out[i][j][k]]
        attributes = {"num_heads": h, "rotary_embedding_dim": rotary_dim, "interleaved": interleaved}
        inputs = [x, cos, sin, positions] if by_position else [x, cos, sin]
        cases.append(case(note, "RotaryEmbedding", "", inputs, attributes, result(x.shape, values)))
    write("rotary_embedding", cases)


def make_attention():
    cases = []
    for note, batch, queries, keys, heads, kv_heads, dim, value_dim, scale, causal, window, softcap, masked in (
            ("plain", 2, 4, 6, 2, 2, 5, 5, None, 0, 0, 0, None),
            ("causal", 1, 7, 7, 2, 2, 8, 8, None, 1, 0, 0, None),
            ("causal, more keys than queries", 2, 3, 8, 2, 1, 4, 4, None, 1, 0, 0, None),
            ("grouped keys, other value size", 1, 5, 5, 6, 2, 4, 3, None, 1, 0, 0, None),
            ("scale", 1, 4, 4, 1, 1, 4, 4, 0.2, 1, 0, 0, None),
            ("window", 1, 9, 9, 2, 2, 4, 4, None, 1, 3, 0, None),
            ("soft cap", 1, 6, 6, 2, 2, 4, 4, 1.0, 1, 0, 2.5, None),
            ("padding at the right", 2, 5, 5, 2, 2, 4, 4, None, 1, 0, 0, [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]),
            ("padding at the left: queries without keys", 2, 5, 5, 2, 2, 4, 4, None, 1, 0, 0, [[0, 0, 1, 1, 1], [0, 1, 1, 1, 1]]),
            ("all masked, not causal", 1, 2, 4, 2, 2, 4, 4, None, 0, 0, 0, [[0, 0, 0, 0]]),
            ("window, soft cap and mask", 2, 8, 8, 4, 2, 4, 4, None, 1, 4, 3.0, [[0, 1, 1, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0]])):
        q, k, v = normal(batch, queries, heads * dim), normal(batch, keys, kv_heads * dim), normal(batch, keys, kv_heads * value_dim)
        mask = T([batch, keys], [m for row in masked for m in row], "i64") if masked else None
        attributes = {"num_heads": heads, "kv_num_heads": kv_heads, "causal": causal, "window": window, "softcap": float(softcap)}
        if scale is not None:
            attributes["scale"] = scale
        values = attention(q, k, v, mask, heads, kv_heads, scale, causal, window, softcap)
        inputs = [q, k, v, mask] if mask else [q, k, v]
        cases.append(case(note, "Attention", "kerf", inputs, attributes, result([batch, queries, heads * value_dim], values)))
    write("attention", cases)


def make_relative_position_bias():
    cases = []
    for note, buckets, heads, length, bidirectional, max_distance in (
            ("an encoder", 32, 1, 24, 1, 128), ("a decoder", 32, 1, 24, 0, 128), ("beyond the reach, both directions", 16, 2, 20, 1, 12),
            ("beyond the reach, back only", 8, 3, 20, 0, 12), ("an odd half", 6, 2, 12, 0, 7), ("one position", 32, 4, 1, 1, 128)):
        table, ids = normal(buckets, heads), T([2, length], [0] * (2 * length), "i64")
        attributes = {"bidirectional": bidirectional, "max_distance": max_distance}
        values = relative_position_bias(table, length, bidirectional, max_distance)
        cases.append(case(note, "RelativePositionBias", "kerf", [table, ids], attributes, result([1, heads, length, length], values)))
    write("relative_position_bias", cases)


for make in (make_gelu, make_rms_normalization, make_linear, make_rotary, make_attention, make_relative_position_bias):
    make()
