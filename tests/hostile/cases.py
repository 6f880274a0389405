"""Hostile inputs. A case replaces files of the valid model, or stands beside it, and says which commands meet it.

`refuse` is true where accepting would be wrong; random mutants may be harmless and then only have to behave.
"""
import base64
import copy
import json
import os
import random
import struct

from hostile import model

FIFO, DIRECTORY, MISSING = object(), object(), object()


class Link(str):
    """A symbolic link to this path."""


class Case:
    def __init__(self, name, files, commands, refuse=False, about=None):
        self.name = name            # also the folder's
        self.files = files          # of the model directory or beside it ("../x"): bytes, FIFO, DIRECTORY, MISSING, Link
        self.commands = commands    # names of COMMANDS
        self.refuse = refuse
        self.about = about or sorted({os.path.basename(name) for name in files})


# {model}, {dir}: the mutated model directory and the folder around it; {out}: where output would go.
COMMANDS = {
    "inspect": ["inspect", "{model}"],
    "eval": ["eval", "{model}", "--text", "{dir}/text.txt", "--context", "32"],
    "tokenize": ["tokenize", "{model}", "--file", "{dir}/text.txt"],
    "quantize": ["quantize", "{model}", "-o", "{out}/out.gguf", "--scheme", "q4_0"],
    "calibrated": ["quantize", "{model}", "-o", "{out}/out", "--scheme", "int4-g32", "--method", "gptq", "--calibration",
                   "{dir}/text.txt", "--context", "32", "--samples", "4"],
    "recipe": ["quantize", "{model}", "-o", "{out}/out", "--recipe", "{dir}/recipe.yaml"],
    "lora": ["quantize", "{model}", "-o", "{out}/out", "--scheme", "int8", "--lora", "{dir}/adapter"],
    "tokenize-spm": ["tokenize", "{dir}/spm", "--file", "{dir}/text.txt"],
    "tokenize-gpt2": ["tokenize", "{dir}/gpt2", "--file", "{dir}/text.txt"],
    "tokenize-bert": ["tokenize", "{dir}/bert", "--file", "{dir}/text.txt"],
    "inspect-gguf": ["inspect", "{dir}/model.gguf"],
    "eval-gguf": ["eval", "{dir}/model.gguf", "--text", "{dir}/text.txt", "--context", "32"],
    "requantize": ["quantize", "{dir}/model.gguf", "-o", "{out}/out.gguf", "--scheme", "q8_0", "--allow-requantize"],
}


def mutant(data, draw):
    """One to three changes of some bytes."""
    data = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        if not data:
            break
        at = draw.randrange(len(data))
        kind = draw.randrange(6)
        if kind == 0:
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            data[at] = draw.randrange(256)
        elif kind == 2:
            del data[at:at + draw.randint(1, 24)]
        elif kind == 3:
            data[at:at] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 8)))
        elif kind == 4:
            data[at:at] = data[at:at + draw.randint(1, 64)]
        else:
            value = draw.choice([0, 1, 0x7fffffff, 0xffffffff, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 8])
            data[at:at + 8] = struct.pack("<Q", value)
    return bytes(data)


def config_cases(count):
    wrong = [MISSING, None, "x", [], {}, True, -1, 0, 3, 2**31, 2**63, 10**30, 1e308, 0.5]
    for key, value in model.CONFIG.items():
        for number, replacement in enumerate(wrong):
            if type(replacement) is type(value) and replacement == value:
                continue
            changed = {k: v for k, v in model.CONFIG.items() if k != key}
            if replacement is not MISSING:
                changed[key] = replacement
            command = "eval" if number % 4 == 0 else "inspect"
            yield Case(f"config-{key}-{number}", {"config.json": json.dumps(changed).encode()}, [command],
                       about=["config.json", "model.safetensors"])
    text = json.dumps(model.CONFIG)
    for name, data in {
        "empty": b"", "null": b"null", "array": b"[]", "truncated": text[:-20].encode(), "twice": (text + text).encode(),
        "duplicate": text.replace('"hidden_act"', '"hidden_size": 64, "hidden_act"').encode(),
        "escaped-duplicate": text.replace('"hidden_act"', '"hidden_\\u0073ize": 64, "hidden_act"').encode(),
        "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000, "open": b"[" * 100000, "latin1": text.encode() + b"\xe9",
        "nul": text.encode() + b"\0", "nan": text.replace("1e-05", "NaN").encode(),
        "escapes": text.replace("llama", "\\u001b[31mred\\u0007").encode(),
        "long-type": text.replace('"llama"', '"' + "A" * 200000 + '"').encode(),
        "surrogate": text.replace('"silu"', '"\\ud800"').encode(), "rope": text.replace('"rope_scaling": null',
                                                                                        '"rope_scaling": {"rope_type": "warp"}').encode(),
    }.items():
        yield Case(f"config-{name}", {"config.json": data}, ["inspect", "quantize"], refuse=True)
    for name, kind in {"missing": MISSING, "fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero"),
                       "dangling": Link("nowhere"), "loop": Link("config.json")}.items():
        yield Case(f"config-{name}", {"config.json": kind}, ["inspect"], refuse=True)
    for number in range(count):
        draw = random.Random(f"config {number}")
        yield Case(f"config-random-{number}", {"config.json": mutant(text.encode(), draw)}, ["inspect"],
                   about=["config.json", "model.safetensors"])


def tokenizer_cases(count):
    base = model.tokenizer()

    def changed(change):
        copied = copy.deepcopy(base)
        change(copied)
        return json.dumps(copied).encode()

    vocab = base["model"]["vocab"]
    structured = {
        "no-model": lambda t: t.pop("model"), "no-vocab": lambda t: t["model"].pop("vocab"),
        "unknown-model": lambda t: t["model"].update(type="Magic"),
        "unknown-normalizer": lambda t: t.update(normalizer={"type": "Magic"}),
        "unknown-pre-tokenizer": lambda t: t.update(pre_tokenizer={"type": "Magic"}),
        "vocab-list": lambda t: t["model"].update(vocab=[1, 2, 3]),
        "vocab-text-id": lambda t: t["model"]["vocab"].update(th="5"),
        "vocab-negative-id": lambda t: t["model"]["vocab"].update(th=-5),
        "vocab-same-id": lambda t: t["model"]["vocab"].update(th=vocab["the"]),
        "vocab-huge-id": lambda t: t["model"]["vocab"].update(th=2**40),
        "id-beyond-embedding": lambda t: t["model"]["vocab"].update(th=5000),
        "merge-of-unknown": lambda t: t["model"]["merges"].append(["qq", "zz"]),
        "merge-of-three": lambda t: t["model"]["merges"].append(["a", "b", "c"]),
        "merge-number": lambda t: t["model"]["merges"].append(7),
        "added-huge-id": lambda t: t["added_tokens"][0].update(id=2**31),
        "added-negative-id": lambda t: t["added_tokens"][0].update(id=-1),
        "added-empty": lambda t: t["added_tokens"][0].update(content=""),
        "bad-regex": lambda t: t.update(pre_tokenizer={"type": "Split", "pattern": {"Regex": "(((("}, "behavior": "Isolated",
                                                       "invert": False}),
    }
    def unigram(pieces, **options):
        return lambda t: t.update(model={"type": "Unigram", "vocab": pieces, **options}, added_tokens=[])

    def charsmap(data):
        return lambda t: t.update(normalizer={"type": "Precompiled", "precompiled_charsmap": base64.b64encode(data).decode()})

    table = struct.pack("<I", 1024)
    structured |= {
        "unigram-unk-beyond": unigram([["<unk>", 0]], unk_id=1), "unigram-no-unk": unigram([["<unk>", 0]]),
        "unigram-empty": unigram([]), "unigram-triple": unigram([["a", 0, 1]], unk_id=0),
        "unigram-text-score": unigram([["a", "0"]], unk_id=0),
        "unigram-mapping": unigram({"a": 0}, unk_id=0),
        "charsmap-empty": charsmap(b""), "charsmap-huge-table": charsmap(b"\xff" * 1028),
        "charsmap-no-texts": charsmap(table + struct.pack("<I", 1 << 10) + b"\0" * 380 + struct.pack("<I", 1 << 10 | 1 << 8 | 97) + b"\0" * 636),
        "charsmap-leads-outside": charsmap(table + b"\xff\xff\xff\x7f" * 256),
        "charsmap-not-utf8": charsmap(table + b"\0" * 1024 + b"\xff\0"),
        "charsmap-not-base64": lambda t: t.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "$$$"}),
        "wordpiece-no-prefix": lambda t: t["model"].update(type="WordPiece"),
        "wordlevel-no-unk": lambda t: t.update(model={"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "<unk>"}, added_tokens=[]),
        "metaspace-two-characters": lambda t: t.update(pre_tokenizer={"type": "Metaspace", "replacement": "ab"}),
        "fixed-length-zero": lambda t: t.update(pre_tokenizer={"type": "FixedLength", "length": 0}),
        "post-processor-id-of-no-token": lambda t: t.update(
            post_processor={"type": "BertProcessing", "cls": ["a", 4000000], "sep": ["b", 1]}),
    }
    for name, change in structured.items():
        # Only a model's embedding makes an id too large: a tokenizer alone may have it.
        commands = ["eval"] if name == "id-beyond-embedding" else ["tokenize", "eval"]
        yield Case(f"tokenizer-{name}", {"tokenizer.json": changed(change)}, commands, refuse=name != "added-empty",
                   about=["tokenizer.json", "config.json", "model: tokenizer"])
    slow = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}
    yield Case("tokenizer-slow-regex", {"tokenizer.json": changed(lambda t: t.update(pre_tokenizer=slow)),
                                        "../text.txt": b"a" * 5000 + b"!"}, ["tokenize"])
    deep = {"type": "Lowercase"}
    for _ in range(60):
        deep = {"type": "Sequence", "normalizers": [deep]}
    yield Case("tokenizer-deep-sequence", {"tokenizer.json": changed(lambda t: t.update(normalizer=deep))}, ["tokenize"])
    for name, kind in {"fifo": FIFO, "directory": DIRECTORY, "empty": b"", "device": Link("/dev/zero")}.items():
        yield Case(f"tokenizer-{name}", {"tokenizer.json": kind}, ["tokenize"], refuse=True)
    text = json.dumps(base).encode()
    for number in range(count):
        draw = random.Random(f"tokenizer {number}")
        yield Case(f"tokenizer-random-{number}", {"tokenizer.json": mutant(text, draw)}, ["tokenize"])


def safetensors_cases(count):
    tensors = model.weights()
    header = model.safetensors_header(tensors)
    data = b"".join(data for _, data in tensors.values())
    whole = model.safetensors(header, data)
    victim = "model.layers.1.mlp.down_proj.weight"

    def with_entry(**changes):
        copied = copy.deepcopy(header)
        copied[victim].update(changes)
        return model.safetensors(copied, data)

    start, end = header[victim]["data_offsets"]
    text = json.dumps(header)
    structured = {
        "empty": b"", "short": whole[:5], "length-only": whole[:8], "length-zero": struct.pack("<Q", 0),
        "length-huge": struct.pack("<Q", 2**63) + whole[8:], "length-max": b"\xff" * 8 + whole[8:],
        "length-past-end": struct.pack("<Q", len(whole)) + whole[8:], "header-truncated": whole[:200],
        "data-truncated": whole[:-1], "data-gone": whole[:8 + len(text)], "trailing": whole + b"\0",
        "header-array": model.safetensors(b"[]", data), "header-empty": model.safetensors(b"{}", data),
        "header-deep": model.safetensors(b"[" * 100000, data),
        "dtype-unknown": with_entry(dtype="F33"), "dtype-number": with_entry(dtype=3), "dtype-wider": with_entry(dtype="F64"),
        "shape-negative": with_entry(shape=[-64, -96]), "shape-overflow": with_entry(shape=[2**32, 2**32]),
        "shape-overflow-zero": with_entry(shape=[2**62, 8, 0]), "shape-huge": with_entry(shape=[2**63 - 1]),
        "shape-other": with_entry(shape=[96, 64]), "shape-flat": with_entry(shape=[96 * 64]), "shape-scalar": with_entry(shape=[]),
        "shape-real": with_entry(shape=[64.0, 96]), "shape-many": with_entry(shape=[1] * 5000 + [64, 96]),
        "offset-backwards": with_entry(data_offsets=[end, start]), "offset-negative": with_entry(data_offsets=[-8, end]),
        "offset-past-end": with_entry(data_offsets=[start + 2**40, end + 2**40]), "offset-overflow": with_entry(data_offsets=[2**64 - 8, 2**64 - 4]),
        "offset-overlap": with_entry(data_offsets=[start - 64, end - 64]), "offset-short": with_entry(data_offsets=[start, end - 4]),
        "offset-one": with_entry(data_offsets=[start]),
        "duplicate": model.safetensors((text[:-1] + f', "{victim}": ' + json.dumps(header[victim]) + "}").encode(), data),
        "tensor-missing": model.safetensors({k: v for k, v in header.items() if k != victim}, data),
        "latin1": model.safetensors(text.replace("down_proj", "d\u00f6wn").encode("latin1", "replace"), data),
        "metadata-number": model.safetensors({"__metadata__": {"format": 1}, **header}, data),
    }
    for name, content in structured.items():
        yield Case(f"safetensors-{name}", {"model.safetensors": content}, ["inspect", "quantize"], refuse=True)
    for name, bits in {"nan": 0x7fc00000, "infinite": 0x7f800000}.items():
        at = 8 + len(text) + start + 4 * 17
        yield Case(f"safetensors-{name}", {"model.safetensors": whole[:at] + struct.pack("<I", bits) + whole[at + 4:]},
                   ["quantize", "calibrated", "eval"], refuse=True)
    strange = {victim.replace("down", "d\x1b[31m\x07\u202ewn"): header[victim], **{k: v for k, v in header.items() if k != victim}}
    yield Case("safetensors-terminal-escape", {"model.safetensors": model.safetensors(strange, data)}, ["inspect", "quantize"],
               about=["model.safetensors", "config.json"])
    many = {f"t{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(100000)}
    yield Case("safetensors-many-tensors", {"model.safetensors": model.safetensors(many, b"")}, ["inspect"], refuse=True,
               about=["model.safetensors", "config.json"])
    for name, kind in {"missing": MISSING, "fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero")}.items():
        yield Case(f"safetensors-{name}", {"model.safetensors": kind}, ["inspect", "quantize"], refuse=True,
                   about=["model.safetensors", "model"])
    for number in range(count):
        draw = random.Random(f"safetensors {number}")
        at = 8 + len(text)
        broken = mutant(whole[:at], draw) + whole[at:]
        yield Case(f"safetensors-random-{number}", {"model.safetensors": broken}, ["inspect", "quantize"] if number % 4 == 0 else ["inspect"],
                   about=["model.safetensors", "config.json"])


def index_cases():
    tensors = model.weights()
    names = list(tensors)
    parts = {"model-00001-of-00002.safetensors": names[:9], "model-00002-of-00002.safetensors": names[9:]}
    shards = {}
    for file, held in parts.items():
        chosen = {name: tensors[name] for name in held}
        shards[file] = model.safetensors(model.safetensors_header(chosen), b"".join(data for _, data in chosen.values()))
    weight_map = {name: file for file, held in parts.items() for name in held}

    def case(name, index, refuse=True, **files):
        content = index if isinstance(index, bytes) else json.dumps(index).encode()
        changed = {"model.safetensors": MISSING, "model.safetensors.index.json": content, **shards, **files}
        return Case(f"index-{name}", changed, ["inspect", "quantize"], refuse,
                    about=["model.safetensors.index.json", *shards, "config.json"])

    good = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    yield case("valid", good, refuse=False)
    victim = names[3]
    for name, target in {"parent": "../../../../etc/passwd", "absolute": "/etc/passwd", "empty": "", "dot": ".",
                         "nul": "a\0b", "backslash": "..\\x", "missing": "model-00003-of-00002.safetensors",
                         "other-shard": "model-00002-of-00002.safetensors", "itself": "model.safetensors.index.json"}.items():
        yield case(name, {**good, "weight_map": {**weight_map, victim: target}})
    yield case("number", {**good, "weight_map": {**weight_map, victim: 3}})
    yield case("list", {**good, "weight_map": list(weight_map)})
    yield case("no-map", {"metadata": {}})
    yield case("empty-map", {**good, "weight_map": {}})
    yield case("tensor-unlisted", {**good, "weight_map": {k: v for k, v in weight_map.items() if k != victim}}, refuse=False)
    yield case("ghost-tensor", {**good, "weight_map": {**weight_map, "ghost.weight": "model-00001-of-00002.safetensors"}})
    yield case("truncated", json.dumps(good).encode()[:-30])
    yield case("shard-fifo", good, **{"model-00002-of-00002.safetensors": FIFO})
    yield case("shard-truncated", good, **{"model-00002-of-00002.safetensors": shards["model-00002-of-00002.safetensors"][:-3]})
    yield case("shard-swapped", good, **{"model-00002-of-00002.safetensors": shards["model-00001-of-00002.safetensors"]})


def text_cases():
    contents = {"empty": b"", "spaces": b" \n\t " * 3, "latin1": b"caf\xe9 " * 300, "surrogate": b"\xed\xa0\x80" * 300,
                "truncated-utf8": model.TEXT.encode() + b"\xe2\x82", "short": b"Hi."}
    for name, content in contents.items():
        yield Case(f"text-{name}", {"../text.txt": content}, ["eval", "calibrated"], refuse=True)
    for name, content in {"nul": b"a\0b " * 600, "one-line": b"x" * 100000, "one-letter": b"a" * 3000,
                          "controls": bytes(range(1, 32)) * 60, "newlines": b"\n" * 5000}.items():
        yield Case(f"text-{name}", {"../text.txt": content}, ["tokenize", "eval"])
    for name, kind in {"missing": MISSING, "fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero")}.items():
        yield Case(f"text-{name}", {"../text.txt": kind}, ["eval", "tokenize", "calibrated"], refuse=True)


def recipe_cases(count):
    base = model.RECIPE
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefghi", "bcdefghij")) + "rules: *j\n"
    structured = {
        "empty": "", "list": "[1, 2]", "scalar": "7", "no-rules": "rulez: []\n", "unknown-key": base.replace("scheme", "sheme"),
        "unknown-role": base.replace("down", "dwon"), "unknown-scheme": base.replace("int8", "int77"),
        "unknown-method": base.replace("rtn", "rnt"), "keep-number": base.replace("true", "7"), "rule-scalar": "rules: [3]\n",
        "rules-map": "rules: {a: b}\n", "layers-backwards": base.replace("0-1", "1-0"), "layers-text": base.replace("0-1", "x-y"),
        "layers-huge": base.replace("0-1", "0-99999999999999999999"), "duplicate-key": base.replace("scheme:", "role: up, scheme:"),
        "open": base.replace("}", ""), "tab": base.replace("  -", "\t-"), "laughs": laughs, "deep": "[" * 20000,
        "control": base.replace("down", '"\x1b[2J"'), "two-documents": base + "---\n" + base, "unknown-anchor": "rules: *x\n",
        "stray-comma": "," + base, "stray-brace": base + "}\n",
    }
    for name, text in structured.items():
        yield Case(f"recipe-{name}", {"../recipe.yaml": text.encode()}, ["recipe"], refuse=True)
    for name, kind in {"latin1": base.replace("down", "d\u00f6wn").encode("latin1"), "missing": MISSING, "fifo": FIFO,
                       "directory": DIRECTORY, "nul": base.encode() + b"\0"}.items():
        yield Case(f"recipe-{name}", {"../recipe.yaml": kind}, ["recipe"], refuse=True)
    for number in range(count):
        draw = random.Random(f"recipe {number}")
        yield Case(f"recipe-random-{number}", {"../recipe.yaml": mutant(base.encode(), draw)}, ["recipe"])


def lora_cases(count):
    config, tensors = "../adapter/adapter_config.json", "../adapter/adapter_model.safetensors"
    valid, base = model.adapter(), model.ADAPTER_CONFIG
    about = ["adapter_config.json", "adapter_model.safetensors", "adapter"]

    def case(name, files, refuse=True):
        return Case(f"lora-{name}", files, ["lora"], refuse, about)

    def configured(**changes):
        return {config: json.dumps({**base, **changes}).encode()}

    for name, changes in {
        "other-type": {"peft_type": "IA3"}, "no-type": {"peft_type": None}, "rank-zero": {"r": 0}, "rank-other": {"r": 5}, "rank-huge": {"r": 2**62},
        "rank-text": {"r": "4"}, "alpha-huge": {"lora_alpha": 1e308}, "alpha-text": {"lora_alpha": "8"}, "patterns-list": {"rank_pattern": [1]},
        "pattern-open": {"alpha_pattern": {"((": 1}}, "pattern-slow": {"alpha_pattern": {"(a*)*(.*.*.*.*.*.*)*x": 1}},
        "patterns-many": {"rank_pattern": {f"m{n}": 4 for n in range(20000)}}, "dora-without": {"use_dora": True}, "dora-text": {"use_dora": "yes"},
        "saved-text": {"modules_to_save": "lm_head"}, "parameters": {"target_parameters": ["x"]}, "replication": {"layer_replication": [[0, 2], [0, 2]]},
        "pissa": {"init_lora_weights": "pissa"}, "bias-own": {"lora_bias": True},
    }.items():
        yield case(name, configured(**changes), refuse=name != "pattern-slow")
    for name, content in {"empty": b"", "array": b"[]", "null": b"null", "truncated": json.dumps(base).encode()[:-9], "deep": b'{"a":' * 5000}.items():
        yield case(f"config-{name}", {config: content})
    parts = model.adapter_tensors()
    first = next(iter(parts))

    def stored(changed):
        return {tensors: model.safetensors(model.safetensors_header(changed), b"".join(data for _, data in changed.values()))}

    shape, data = parts[first]
    for name, changed in {
        "half": {k: v for k, v in parts.items() if k != first}, "misfit": {k.replace("q_proj", "x_proj"): v for k, v in parts.items()},
        "foreign": {**parts, "x": ([1], b"abcd")}, "shape": {**parts, first: ([2, len(data) // 8], data)}, "flat": {**parts, first: ([len(data) // 4], data)},
        "twice": {**parts, first.replace("lora_A", "lora_A.other"): (shape, data)}, "none": {},
        "nan": {**parts, first: (shape, struct.pack("<I", 0x7fc00000) + data[4:])}, "escape": {**parts, "base_model.model.\x1b[31m.lora_A.weight": (shape, data)},
        "scalar": {**parts, "base_model.model.model.norm.weight": ([], b"abcd")}, "empty-dimension": {**parts, first: ([0, 64], b"")},
    }.items():
        yield case(f"tensors-{name}", stored(changed))
    yield case("pickle", {tensors: MISSING, "../adapter/adapter_model.bin": b"\x80\x02"})
    for name, kind in {"missing": MISSING, "fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero")}.items():
        yield case(f"config-{name}", {config: kind})
        yield case(f"tensors-{name}", {tensors: kind})
    text = json.dumps(base).encode()
    whole = valid[tensors]
    head = 8 + struct.unpack("<Q", whole[:8])[0]
    for number in range(count):
        draw = random.Random(f"lora {number}")
        yield case(f"config-random-{number}", {config: mutant(text, draw)}, refuse=False)
        yield case(f"tensors-random-{number}", {tensors: mutant(whole[:head], draw) + whole[head:]}, refuse=False)


def scaled_float_cases():
    tensors = model.weights()
    victim = "model.layers.1.mlp.down_proj.weight"
    rows, cols = tensors[victim][0]
    scale = victim.replace(".weight", ".weight_scale_inv")

    def case(name, quantization, scale_shape=(1, 1), codes=b"8" * (rows * cols), scales=None, refuse=True, without_scale=False):
        entries, blob = {}, b""
        parts = {n: ("F32", s, d) for n, (s, d) in tensors.items()}
        parts[victim] = ("F8_E4M3", [rows, cols], codes)
        if not without_scale:
            count = scale_shape[0] * scale_shape[1] if len(scale_shape) == 2 else 1
            parts[scale] = ("F32", list(scale_shape), scales or struct.pack(f"<{count}f", *[0.01] * count))
        for n, (dtype, shape, data) in parts.items():
            entries[n] = {"dtype": dtype, "shape": shape, "data_offsets": [len(blob), len(blob) + len(data)]}
            blob += data
        config = {**model.CONFIG, "quantization_config": quantization} if quantization is not None else model.CONFIG
        return Case(f"fp8-{name}", {"config.json": json.dumps(config).encode(), "model.safetensors": model.safetensors(entries, blob)},
                    ["quantize"], refuse, ["config.json", "model.safetensors"])

    good = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    yield case("valid", good, refuse=False)
    yield case("blocks-of-7", {**good, "weight_block_size": [7, 7]}, (-(-rows // 7), -(-cols // 7)), refuse=False)
    for name, changes in {"block-zero": [0, 128], "block-negative": [-1, 128], "block-huge": [2**62, 2**62], "block-one": [128], "block-text": "128", "block-real": [1.5, 1]}.items():
        yield case(name, {**good, "weight_block_size": changes})
    yield case("scale-shape", good, (3, 3))
    yield case("scale-gone", good, without_scale=True)
    yield case("nothing-said", None)
    yield case("scale-nan", good, scales=struct.pack("<I", 0x7fc00000))
    yield case("scale-huge", good, scales=struct.pack("<f", 3e38))
    yield case("code-nan", good, codes=b"8" * 100 + b"\x7f" + b"8" * (rows * cols - 101))


def older_tokenizer_cases(count):
    valid = model.older_tokenizers()

    def case(name, kind, files, refuse=True):
        return Case(f"tokenizer-{kind}-{name}", files, [f"tokenize-{kind}"], refuse, [kind])

    spm = valid["../spm/tokenizer.model"]
    for name, content in {"empty": b"", "html": b"<!DOCTYPE html>", "truncated": spm[:-3], "half": spm[:len(spm) // 2], "doubled": spm + spm,
                          "pieces-alone": spm[:40], "length-huge": b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + spm, "zeros": b"\0" * 1000}.items():
        yield case(name, "spm", {"../spm/tokenizer.model": content})
    yield case("class", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "MagicTokenizer"}'})
    yield case("bos", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "LlamaTokenizer", "bos_token": 7}'})
    yield case("ids", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "T5Tokenizer", "extra_ids": 1000000000}'})
    yield case("decoder", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "LlamaTokenizer", "added_tokens_decoder": {"99999999": {"content": "<x>"}}}'})
    for name, files in {"merges-gone": {"../gpt2/merges.txt": MISSING}, "merges-three": {"../gpt2/merges.txt": b"a b c\n"}, "merges-latin1": {"../gpt2/merges.txt": b"\xe9 b\n"},
                        "merges-unknown": {"../gpt2/merges.txt": b"qq zz\n"}, "vocab-list": {"../gpt2/vocab.json": b"[]"}, "vocab-text": {"../gpt2/vocab.json": b'{"a": "b"}'},
                        "vocab-huge-id": {"../gpt2/vocab.json": b'{"<|endoftext|>": 9223372036854775807}'}, "vocab-empty": {"../gpt2/vocab.json": b"{}"}}.items():
        yield case(name, "gpt2", files)
    for name, content in {"empty": b"", "latin1": b"[UNK]\n\xe9\n", "no-unknown": b"a\nb\n"}.items():
        yield case(name, "bert", {"../bert/vocab.txt": content})
    yield case("basic", "bert", {"../bert/tokenizer_config.json": b'{"do_basic_tokenize": false}'})
    for kind, file in {"spm": "tokenizer.model", "gpt2": "vocab.json", "bert": "vocab.txt"}.items():
        for name, content in {"fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero")}.items():
            yield case(name, kind, {f"../{kind}/{file}": content})
    for number in range(count):
        for kind, file in {"spm": "tokenizer.model", "gpt2": "vocab.json", "bert": "vocab.txt"}.items():
            draw = random.Random(f"{kind} {number}")
            yield case(f"random-{number}", kind, {f"../{kind}/{file}": mutant(valid[f"../{kind}/{file}"], draw)}, refuse=False)


def gguf_cases(valid, count):
    """`valid`: a file that kerf itself wrote."""
    header = valid.index(b"blk.0.")  # everything before: counts, keys and values
    infos = valid.rindex(b"blk.1.") + 80
    structured = {
        "empty": b"", "magic": b"GGUX" + valid[4:], "magic-only": valid[:4], "version-0": valid[:4] + struct.pack("<I", 0) + valid[8:],
        "version-99": valid[:4] + struct.pack("<I", 99) + valid[8:], "big-endian": valid[:4] + struct.pack(">I", 3) + valid[8:],
        "tensors-huge": valid[:8] + struct.pack("<Q", 2**62) + valid[16:], "tensors-zero": valid[:8] + struct.pack("<Q", 0) + valid[16:],
        "keys-huge": valid[:16] + struct.pack("<Q", 2**62) + valid[24:], "keys-zero": valid[:16] + struct.pack("<Q", 0) + valid[24:],
        "key-length-huge": valid[:24] + struct.pack("<Q", 2**63) + valid[32:],
        "header-only": valid[:24], "truncated-keys": valid[:header // 2], "truncated-infos": valid[:infos],
        "truncated-data": valid[:-1], "half": valid[:len(valid) // 2],
        "array-nested": valid[:16] + struct.pack("<Q", 1) + struct.pack("<Q", 1) + b"a" + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 4000,
        "array-huge": valid[:16] + struct.pack("<Q", 1) + struct.pack("<Q", 1) + b"a" + struct.pack("<IIQ", 9, 4, 2**61),
        "key-twice": valid[:8] + struct.pack("<QQ", 0, 2) + (struct.pack("<Q", 1) + b"a" + struct.pack("<II", 4, 1)) * 2,
    }
    for name, content in structured.items():
        yield Case(f"gguf-{name}", {"../model.gguf": content}, ["inspect-gguf", "requantize"], refuse=True)
    for name, kind in {"fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero"), "missing": MISSING}.items():
        yield Case(f"gguf-{name}", {"../model.gguf": kind}, ["inspect-gguf"], refuse=True)
    for number in range(count):
        draw = random.Random(f"gguf {number}")
        broken = mutant(valid[:infos], draw) + valid[infos:]
        commands = [["inspect-gguf"], ["inspect-gguf", "eval-gguf"], ["requantize"]][number % 3]
        yield Case(f"gguf-random-{number}", {"../model.gguf": broken}, commands)


def all_cases(gguf, count):
    yield from config_cases(count)
    yield from tokenizer_cases(count)
    yield from safetensors_cases(count)
    yield from index_cases()
    yield from text_cases()
    yield from recipe_cases(count)
    yield from lora_cases(count)
    yield from scaled_float_cases()
    yield from older_tokenizer_cases(count)
    yield from gguf_cases(gguf, count)
