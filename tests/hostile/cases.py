"""Hostile inputs. A case replaces files of the valid model, or stands beside it, and says which commands meet it.

`refuse` is true where accepting would be wrong; random mutants may be harmless and then only have to behave.
"""
import base64
import copy
import io
import json
import math
import os
import random
import struct
import zipfile

from hostile import model, onnx, pytorch

FIFO, DIRECTORY, MISSING = object(), object(), object()
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"


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
    "inspect-bin": ["inspect", "{model}", "--allow-bin"],
    "inspect-family": ["inspect", "{model}", "--family", "llama"],
    "inspect-file": ["inspect", "{model}/model.safetensors"],
    "eval": ["eval", "{model}", "--text", "{dir}/text.txt", "--context", "32"],
    "eval-chat": ["eval", "{model}", "--text", "{dir}/chat.jsonl", "--chat", "--context", "32"],
    "tokenize": ["tokenize", "{model}", "--file", "{dir}/text.txt"],
    "quantize-bin": ["quantize", "{model}", "--allow-bin", "-o", "{out}/out.gguf", "--scheme", "q4_0"],
    "quantize": ["quantize", "{model}", "-o", "{out}/out.gguf", "--scheme", "q4_0"],
    "calibrated": ["quantize", "{model}", "-o", "{out}/out", "--scheme", "int4-g32", "--method", "gptq", "--calibration",
                   "{dir}/text.txt", "--context", "32", "--samples", "4"],
    "importance": ["quantize", "{model}", "-o", "{out}/out.gguf", "--scheme", "q4_0", "--calibration", "{dir}/imatrix"],
    "importance-in": ["calibrate", "{model}", "--imatrix-in", "{dir}/imatrix", "-o", "{out}/statistics"],
    "recipe": ["quantize", "{model}", "-o", "{out}/out", "--recipe", "{dir}/recipe.yaml"],
    "policy": ["gate", "{dir}/report.json", "--policy", "{dir}/policy.yaml"],
    "lora": ["quantize", "{model}", "-o", "{out}/out", "--scheme", "int8", "--lora", "{dir}/adapter"],
    "tokenize-spm": ["tokenize", "{dir}/spm", "--file", "{dir}/text.txt"],
    "tokenize-gpt2": ["tokenize", "{dir}/gpt2", "--file", "{dir}/text.txt"],
    "tokenize-bert": ["tokenize", "{dir}/bert", "--file", "{dir}/text.txt"],
    "inspect-gguf": ["inspect", "{dir}/model.gguf"],
    "eval-gguf": ["eval", "{dir}/model.gguf", "--text", "{dir}/text.txt", "--context", "32"],
    "inspect-onnx": ["inspect", "{dir}/onnx/model.onnx"],
    "logits-onnx": ["logits", "{dir}/onnx/model.onnx", "--inputs", "{dir}/inputs.safetensors", "--output", "{out}/logits.safetensors"],
    "quantize-onnx": ["quantize", "{dir}/onnx/model.onnx", "-o", "{out}/out.onnx", "--scheme", "int8"],
    "quantize-onnx-qdq": ["quantize", "{dir}/onnx/model.onnx", "-o", "{out}/out.onnx", "--scheme", "int8", "--onnx-kind", "qdq",
                          "--shape", "batch=1", "--external-data", "always"],
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


def pytorch_cases(count):
    tensors = pytorch.from_floats(model.weights())
    storages = pytorch.storages_of(tensors)
    victim = "model.layers.1.mlp.down_proj.weight"
    whole, legacy = pytorch.saved(tensors, storages), pytorch.saved_legacy(tensors, storages)
    entries = pytorch.entries_of(tensors, storages)

    def case(name, content, refuse=True, commands=("inspect-bin", "quantize-bin"), **files):
        return Case(f"pytorch-{name}", {"model.safetensors": MISSING, "pytorch_model.bin": content, **files}, list(commands), refuse,
                    about=["pytorch_model.bin", "config.json", "model"])

    def changed(**fields):
        """The checkpoint with one tensor described otherwise."""
        copied = pytorch.from_floats(model.weights())
        for field, value in fields.items():
            setattr(copied[victim], field, value)
        return pytorch.saved(copied, storages)

    def with_pickle(program):
        return pytorch.archive([("archive/data.pkl", program), *entries[1:]])

    def calling(module, name):
        return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"X\x08\0\0\0touch /x\x85R."

    yield case("valid", whole, refuse=False)
    yield case("valid-legacy", legacy, refuse=False)
    yield case("valid-wrapped", pytorch.saved({"state_dict": tensors, "epoch": 3}, storages), refuse=False)
    yield case("not-allowed", whole, commands=["inspect", "quantize", "eval"])
    yield case("not-allowed-legacy", legacy, commands=["inspect", "quantize"])
    structured = {
        "empty": b"", "short": whole[:3], "half": whole[:len(whole) // 2], "no-end": whole[:-22], "end-cut": whole[:-1],
        "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 14\n", "html": b"<!DOCTYPE html><html></html>",
        "shape-huge": changed(shape=(2**40, 2**40)), "shape-larger": changed(shape=(64, 97)), "shape-other": changed(shape=(96, 64)),
        "shape-negative": changed(shape=(-64, 96)), "shape-expanded": changed(shape=(2**20, 2**20), strides=(0, 0)),
        "stride-huge": changed(strides=(2**60, 2**60)), "stride-negative": changed(strides=(-96, 1)),
        "offset-huge": changed(offset=2**62), "offset-negative": changed(offset=-1), "offset-one": changed(offset=1),
        "storage-missing": pytorch.archive([entry for entry in entries if not entry[0].endswith("/3")]),
        "storage-short": pytorch.archive([(name, data[:-4] if name.endswith("/3") else data) for name, data in entries]),
        "entry-twice": pytorch.archive([*entries, entries[-2]]), "no-pickle": pytorch.archive(entries[1:]),
        "big-endian": pytorch.archive(pytorch.entries_of(tensors, storages, byteorder=b"big")),
        "torchscript": pytorch.archive([*entries, ("archive/constants.pkl", b"\x80\x02).")]),
        "tensor-missing": pytorch.saved({k: v for k, v in tensors.items() if k != victim}, storages),
        "not-a-dict": pytorch.saved([1, 2], storages), "integer": pytorch.saved({**tensors, "step": 3}, storages),
        "under-model": pytorch.saved({"model": tensors, "epoch": 3}, storages), "module": calling("torch.nn.modules.linear", "Linear"),
        "system": with_pickle(calling("os", "system")), "eval": with_pickle(calling("builtins", "eval")),
        "getattr": with_pickle(calling("builtins", "getattr")), "runpy": with_pickle(calling("runpy", "_run_code")),
        "terminal-escape": with_pickle(calling("o\x1b[31ms", "sys\x07tem")),
        "opcode": with_pickle(b"\x80\x02(i."), "deep": with_pickle(b"\x80\x02)" + b"\x85" * 1000000 + b"."),
        "many-values": with_pickle(b"\x80\x02" + b"N" * 20000000 + b"."), "marks": with_pickle(b"\x80\x02" + b"(" * 8000000 + b"."),
        "many-memos": with_pickle(b"\x80\x04N" + b"\x94" * 8000000 + b"."), "memo-huge": with_pickle(b"\x80\x02Nr\xff\xff\xff\xff."),
        "string-huge": with_pickle(b"\x80\x02X\xff\xff\xff\xff."), "frame-huge": with_pickle(b"\x80\x04\x95" + b"\xff" * 8 + b"."),
        "pickle-huge": with_pickle(b"\x80\x02" + b"N" * 2**25 + b"."), "itself": with_pickle(b"\x80\x02}q\x01X\1\0\0\0ah\x01s."),
        "legacy-half": legacy[:len(legacy) // 2], "legacy-pickles": legacy[:300], "legacy-trailing": legacy + b"\0",
        "legacy-system": calling("posix", "system"), "gzip": b"\x1f\x8b\x08" + whole[:100],
    }
    for name, content in structured.items():
        yield case(name, content)
    yield case("compressed", compressed(entries))
    yield case("unfinished", whole, commands=["inspect-bin"], **{"pytorch_model.bin.aria2": b""})
    nan = bytearray(whole)
    at = whole.index(storages["3"].data)
    nan[at:at + 4] = struct.pack("<I", 0x7fc00000)
    yield case("nan", bytes(nan), commands=["quantize-bin"])
    for name, kind in {"fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero"), "dangling": Link("nowhere")}.items():
        yield case(name, kind, commands=["inspect-bin", "inspect"])
    end = whole.index(b"PK\x01\x02")
    for number in range(count):
        draw = random.Random(f"pytorch {number}")
        broken = [mutant(whole[:9000], draw) + whole[9000:], whole[:end] + mutant(whole[end:], draw),
                  mutant(legacy[:6000], draw) + legacy[6000:]][number % 3]
        yield case(f"random-{number}", broken, refuse=False, commands=["inspect-bin", "quantize-bin"][:1 + (number % 4 == 0)])
    parts = {"pytorch_model-00001-of-00002.bin": list(tensors)[:9], "pytorch_model-00002-of-00002.bin": list(tensors)[9:]}
    shards = {file: pytorch.saved({name: tensors[name] for name in names}, pytorch.storages_of({name: tensors[name] for name in names}))
              for file, names in parts.items()}
    index = {"weight_map": {name: file for file, names in parts.items() for name in names}}

    def sharded(name, refuse=True, **files):
        return Case(f"pytorch-shards-{name}", {"model.safetensors": MISSING, "pytorch_model.bin.index.json": json.dumps(index).encode(),
                                               **shards, **files}, ["inspect-bin"], refuse, about=["pytorch_model"])

    last = "pytorch_model-00002-of-00002.bin"
    yield sharded("valid", refuse=False)
    yield sharded("missing", **{last: MISSING})
    yield sharded("truncated", **{last: shards[last][:-500]})
    yield sharded("swapped", **{last: shards["pytorch_model-00001-of-00002.bin"]})
    yield sharded("pointer", **{last: b"version https://git-lfs.github.com/spec/v1\n"})


def compressed(entries):
    """A ZIP that any other writer makes: entries that grow a thousandfold."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
        archive.writestr("archive/data/bomb", b"\0" * 10000000)
    return out.getvalue()


def hub_cases():
    """What people have in place of a model."""
    pointer = LFS_POINTER
    tensors = model.weights()
    header = model.safetensors_header(tensors)
    whole = model.safetensors(header, b"".join(data for _, data in tensors.values()))
    config = json.dumps(model.CONFIG).encode()
    tar = bytearray(1024)
    tar[257:262] = b"ustar"
    impostors = {"pointer": pointer, "html": b"<!DOCTYPE html><html><body>Sign in</body></html>", "xml": b"<?xml version='1.0'?><Error/>",
                 "json": b'{"error":"Repository not found"}', "text": b"Access to model org/model is restricted.\n",
                 "gzip": b"\x1f\x8b\x08" + bytes(50), "zip": b"PK\x03\x04" + bytes(50), "tar": bytes(tar), "xz": b"\xfd7zXZ\0" + bytes(50),
                 "empty": b"", "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(50), "pickle": b"\x80\x02}q\0.", "zeros": bytes(5000)}
    for name, content in impostors.items():
        yield Case(f"hub-model-{name}", {"model.safetensors": content}, ["inspect", "inspect-file", "quantize"], refuse=True)
    for name in ("pointer", "html", "text", "empty", "gzip"):
        yield Case(f"hub-config-{name}", {"config.json": impostors[name]}, ["inspect"], refuse=True)
        yield Case(f"hub-tokenizer-{name}", {"tokenizer.json": impostors[name]}, ["eval", "tokenize"], refuse=True)
        yield Case(f"hub-index-{name}", {"model.safetensors": MISSING, "model.safetensors.index.json": impostors[name]}, ["inspect"], refuse=True)
    for ending in ("part", "crdownload", "aria2", "incomplete"):
        yield Case(f"hub-unfinished-{ending}", {"model.safetensors": MISSING, f"model.safetensors.{ending}": whole[:500]}, ["inspect"],
                   refuse=True, about=["model.safetensors." + ending])
    yield Case("hub-aria2-beside", {"model.safetensors.aria2": b""}, ["inspect", "quantize"], refuse=True, about=["model.safetensors"])

    def folder(name, files, refuse=True, commands=("inspect",), about=("model",)):
        everything = {"config.json": MISSING, "model.safetensors": MISSING, "tokenizer.json": MISSING, "tokenizer_config.json": MISSING}
        return Case(f"hub-{name}", {**everything, **files}, list(commands), refuse, about=list(about))

    yield folder("nothing", {})
    yield folder("tokenizer-only", {"tokenizer.json": b"{}"})
    yield folder("adapter", {"adapter_config.json": b'{"base_model_name_or_path": "org/base\\u001b[31m"}', "adapter_model.safetensors": whole})
    yield folder("adapter-config-broken", {"adapter_config.json": b"{"}, about=["adapter_config.json"])
    yield folder("diffusers", {"model_index.json": b"{}"})
    yield folder("diffusers-part", {"config.json": b'{"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.2"}', "model.safetensors": whole},
                 about=["config.json"])
    yield folder("several", {f"{name}/config.json": config for name in "abcdefg"})
    yield folder("one-below", {"0_Transformer/config.json": config})
    yield folder("params", {"params.json": b"{}", "consolidated.00.pth": b"PK\x03\x04"})
    yield folder("no-weights", {"config.json": config})
    for name in ("tf_model.h5", "flax_model.msgpack", "model.onnx", "model.fp16.safetensors", "consolidated.safetensors", "pytorch_model.pt"):
        yield folder(f"only-{name}", {"config.json": config, name: whole})
    snapshot = {"refs/main": b"abc\n", "snapshots/abc/config.json": Link("../../blobs/c"), "blobs/c": config,
                "snapshots/abc/model.safetensors": Link("../../blobs/m"), "blobs/m": whole}
    yield folder("cache", snapshot, refuse=False)
    yield folder("cache-no-reference", {**snapshot, "refs/main": MISSING}, refuse=False)
    yield folder("cache-wrong-reference", {**snapshot, "refs/main": b"def"}, about=["refs/main"])
    yield folder("cache-leaving-reference", {**snapshot, "refs/main": b"../../../../etc"}, about=["refs/main"])
    yield folder("cache-long-reference", {**snapshot, "refs/main": b"a" * 100000}, about=["refs/main"])
    yield folder("cache-no-blob", {**snapshot, "blobs/m": MISSING}, about=["model.safetensors"])
    yield folder("cache-unfinished", {**snapshot, "blobs/m": MISSING, "blobs/m.incomplete": whole[:100], "snapshots/abc/model.safetensors": MISSING},
                 about=["m.incomplete"])
    yield folder("cache-blob-truncated", {**snapshot, "blobs/m": whole[:-5]}, about=["model.safetensors"])
    yield folder("cache-blob-directory", {**snapshot, "blobs/m": DIRECTORY}, about=["model.safetensors"])

    def with_config(name, change, refuse=True, commands=("inspect",), **files):
        return Case(f"hub-config-{name}", {"config.json": json.dumps(change({**model.CONFIG})).encode(), **files}, list(commands), refuse,
                    about=["config.json", "model.safetensors"])

    def without_type(config):
        return {key: value for key, value in config.items() if key != "model_type"}

    yield with_config("no-type", without_type)
    yield with_config("no-type-family", without_type, refuse=False, commands=["inspect-family"])
    yield with_config("architectures-odd", lambda c: {**without_type(c), "architectures": [3, {}]})
    for family in ("llama", "mistral", "mixtral", "gemma2", "gemma3_text", "qwen2", "qwen3", "qwen3_moe", "smollm3", "starcoder2", "phi3", "gpt_neo",
                   "bert", "t5", "albert", "olmo2", "gpt_neox"):
        many = {"model_type": family, "num_hidden_layers": 10**7, "num_layers": 10**7, "num_heads": 4, "d_model": 64, "d_ff": 96,
                "sliding_window": 16, "window_size": 16, "attention_types": [[["global", "local"], 5 * 10**6]]}
        yield with_config(f"layers-{family}", lambda c, many=many: {**c, **many})
    yield with_config("sees-nothing", lambda c: {"model_type": "gemma3", "text_config": {}})
    yield with_config("sees-list", lambda c: {"model_type": "gemma3", "text_config": [1]})
    yield with_config("sees-itself", lambda c: {"model_type": "gemma3", "text_config": {"model_type": "gemma3", "text_config": {}}})
    extra = {f"extra.{number}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for number in range(50000)}
    yield Case("hub-left-over", {"model.safetensors": model.safetensors({**extra, **header}, whole[8 + len(json.dumps(header)):])}, ["inspect"],
               refuse=True)


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


CHAT_TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}"
CHAT_CONFIG = json.dumps({"chat_template": CHAT_TEMPLATE}).encode()
CHAT = json.dumps({"messages": [{"role": "user", "content": model.TEXT}, {"role": "assistant", "content": "yes"}]}).encode()


def chat_cases(count):
    """Templates are programs; messages are what they are given."""
    def case(name, template, chat=CHAT, refuse=True, about=None):
        config = template if isinstance(template, bytes) else json.dumps({"chat_template": template}).encode()
        return Case(f"chat-{name}", {"tokenizer_config.json": config, "../chat.jsonl": chat}, ["eval-chat"], refuse=refuse, about=about)

    grow = "{%% set ns = namespace(x=%s) %%}{%% for i in range(99) %%}{%% set ns.x = %s %%}{%% endfor %%}{{ ns.x }}"
    templates = {
        "endless": "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
        "recursive": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "doubling": grow % ("'ab'", "ns.x + ns.x"),
        "nested": grow.replace("99", "99999") % ("[]", "[ns.x]"), "shared": grow % ("[1]", "[ns.x, ns.x]"),
        "product": "{{ 'x' * 99999999999 }}", "deep": "{{ " + "(" * 20000 + "1" + ")" * 20000 + " }}",
        "chain": "{{ 1" + "+1" * 20000 + " }}", "blocks": "{% if 1 %}" * 20000, "open": "{% for m in messages %}",
        "include": "{% include '/etc/passwd' %}", "import": "{% import 'os' as os %}", "filter": "{{ 'x' | shell }}",
        "undefined": "{{ messages[0].nothing.more }}", "raises": "{{ raise_exception('no') }}", "number": 3, "object": {"a": 1},
        "names": [{"name": "default"}], "unnamed": [{"template": "x"}], "empty-list": []}
    for name, template in templates.items():
        yield case(name, template, about=["tokenizer_config.json", "chat.jsonl"])
    yield case("class", "{{ ''.__class__.__mro__ }}", about=["tokenizer_config.json", "chat.jsonl"])
    for name, chat in {"no-messages": b"[]", "text": b'{"messages": "hi"}', "empty": b'{"messages": []}', "no-role": b'{"messages": [{}]}',
                       "role": b'{"messages": [{"role": 1}]}', "kwargs": CHAT[:-1] + b', "chat_template_kwargs": [1]}',
                       "cut": CHAT[:-3], "numbers": b'{"messages": [1, 2]}'}.items():
        yield case(f"messages-{name}", CHAT_TEMPLATE, chat, about=["chat.jsonl"])
    draw = random.Random(77)
    for number in range(count):
        yield case(f"mutant-{number}", mutant(CHAT_CONFIG, draw), refuse=False)


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
        "no-role": base.replace("down", "[]"), "role-map": base.replace("down", "{a: b}"),
        "layers-fraction": base.replace("0-1", "first 3/2"), "layers-division": base.replace("0-1", "from 1/0"),
        "layers-step": base.replace("0-1", "every 0 from 1"), "model-scalar": base.replace("method: rtn", "model: 7"),
        "model-unknown": base.replace("method: rtn", "model: {size: 7}"), "fallback-number": base + "fallback: 7\n",
        "calibrated-text": base.replace("method: rtn", "calibrated: x"),
        "unknown-activations": base.replace("method: rtn", "activations: int8-dinamic"),
        "unknown-pruning": base.replace("method: rtn", "prune: wonda:50%"), "pruning-all": base.replace("method: rtn", "prune: wanda:100%"),
        "pruning-group": base.replace("method: rtn", "prune: wanda:4:99999999999999999999"),
        "pruning-structure": base.replace("method: rtn", "prune: neurons:25%"),
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


REPORT = json.dumps({"spec": "int8", "tokens_scored": 2000, "kl_mean": 0.001, "text": {"sha256": "a"}, "noise_floor": {"kl_mean": 1e-9},
                     "by_window": {"window": [0, 1], "tokens": [1000, 1000], "nll": [3, 3.1], "kl": [0.001, 0.001]}})
POLICY = "limits: {kl_mean: {max: 0.01}}\nmargin: 0.5%\n"


def gate_cases(count):
    """Policies and reports: none of these may open the gate."""
    policies = {
        "empty": "", "list": "[1]", "nothing": "about: x\n", "no-limits": "limits: {}\n", "unknown-key": POLICY.replace("limits", "limit"),
        "unknown-metric": POLICY.replace("kl_mean", "kl_mena"), "unknown-bound": POLICY.replace("0.01", "0.01, bound: up"),
        "no-number": POLICY.replace("0.01", "much"), "nan": POLICY.replace("0.01", ".nan"), "infinite": POLICY.replace("0.01", ".inf"),
        "huge": POLICY.replace("0.01", "1e999"), "null": POLICY.replace("0.01", "~"), "duplicate": POLICY + "margin: 1%\n",
        "duplicate-metric": POLICY.replace("}}", "}, kl_mean: {max: 9}}"), "anchor": POLICY.replace("{kl", "&a {kl"),
        "two-documents": POLICY + "---\n" + POLICY, "open": POLICY.replace("}}", ""), "deep": "[" * 20000,
        "baseline-missing": POLICY + "baseline: nowhere.json\n", "baseline-is-policy": POLICY + "baseline: policy.yaml\n",
        "nobody": POLICY + "candidates: [int7]\n", "control": POLICY.replace("kl_mean", '"\x1b[2J"'),
    }
    for name, text in policies.items():
        absent = {"../nowhere.json": MISSING} if name == "baseline-missing" else {}
        yield Case(f"policy-{name}", {"../policy.yaml": text.encode(), "../report.json": REPORT.encode(), **absent}, ["policy"], refuse=True)
    for name, kind in {"missing": MISSING, "fifo": FIFO, "directory": DIRECTORY, "nul": POLICY.encode() + b"\0"}.items():
        yield Case(f"policy-{name}", {"../policy.yaml": kind, "../report.json": REPORT.encode()}, ["policy"], refuse=True)
    reports = {"empty": "", "list": "[]", "object": "{}", "truncated": REPORT[:-9], "no-spec": REPORT.replace('"spec"', '"x"'),
               "text-number": REPORT.replace('{"sha256": "a"}', "7"), "deep": "[" * 100000, "scored-text": REPORT.replace("2000", '"many"')}
    for name, text in reports.items():
        yield Case(f"report-{name}", {"../policy.yaml": POLICY.encode(), "../report.json": text.encode()}, ["policy"], refuse=True)


def importance_entries(config):
    """(name, columns) of a Llama's matrices, as importance files name them."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    columns = {"attn_q": hidden, "attn_k": hidden, "attn_v": hidden, "attn_output": hidden, "ffn_gate": hidden,
               "ffn_up": hidden, "ffn_down": inner}
    return [(f"blk.{layer}.{name}.weight", width) for layer in range(config["num_hidden_layers"])
            for name, width in columns.items()]


def older_importance(entries, values=None, chunks=2):
    """The form before GGUF's."""
    data = struct.pack("<i", len(entries))
    for name, width in entries:
        numbers = values or [1.0 + i for i in range(width)]
        data += struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", chunks, len(numbers))
        data += struct.pack(f"<{len(numbers)}f", *numbers)
    return data + struct.pack("<ii", chunks, 4) + b"text"


def gguf_text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def importance(entries, kind="imatrix", value=1.0, count=64.0, types=(0, 0)):
    """GGUF's form."""
    infos, data = b"", b""
    for name, width in entries:
        for suffix, numbers, type_id in (("in_sum2", [value] * width, types[0]), ("counts", [count], types[1])):
            data += b"\0" * (-len(data) % 32)
            infos += gguf_text(f"{name}.{suffix}") + struct.pack("<IQQIQ", 2, len(numbers), 1, type_id, len(data))
            data += struct.pack(f"<{len(numbers)}f", *numbers)
    keys = gguf_text("general.type") + struct.pack("<I", 8) + gguf_text(kind)
    head = b"GGUF" + struct.pack("<IQQ", 3, 2 * len(entries), 1) + keys + infos
    return head + b"\0" * (-len(head) % 32) + data


def importance_cases(count):
    entries = importance_entries(model.CONFIG)
    older, newer = older_importance(entries), importance(entries)
    nan, infinite = float("nan"), float("inf")
    structured = {
        "older-truncated": older[:len(older) // 2], "older-longer": older + b"x", "older-count": struct.pack("<i", 99) + older[4:],
        "older-name-length": older[:4] + struct.pack("<i", 400) + older[8:], "older-name-negative": older[:4] + struct.pack("<i", -1) + older[8:],
        "older-twice": older_importance(entries + entries[:1]), "older-nan": older_importance(entries, [nan] * 64),
        "older-negative": older_importance(entries, [-1.0] * 64), "older-chunks": older_importance(entries, chunks=0),
        "older-width": older_importance(entries, [1.0] * 63), "older-other-model": older_importance([("blk.77.attn_q.weight", 64)]),
        "older-control": older_importance([("\x1b[2J", 64)]),
        "truncated": newer[:len(newer) - 8], "header": newer[:64], "type": importance(entries, kind="model"),
        "nan": importance(entries, value=nan), "infinite": importance(entries, value=infinite),
        "negative": importance(entries, value=-1.0), "count-negative": importance(entries, count=-1.0),
        "count-nan": importance(entries, count=nan), "f16": importance(entries, types=(1, 0)),
        "width": importance([(name, width - 1) for name, width in entries]), "nothing": importance([]),
        "other-model": importance([("blk.77.attn_q.weight", 64)]),
        "tensors-huge": newer[:8] + struct.pack("<Q", 2**62) + newer[16:],
        "half-a-pair": newer.replace(b"blk.0.attn_q.weight.counts", b"blk.9.attn_q.weight.counts"),
        "stray-tensor": newer.replace(b"blk.0.attn_q.weight.counts", b"blk.0.attn_q.weight.cOunts"),
    }
    for name, content in structured.items():
        yield Case(f"importance-{name}", {"../imatrix": content}, ["importance", "importance-in"], refuse=True)
    for name, kind in {"fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero"), "missing": MISSING}.items():
        yield Case(f"importance-{name}", {"../imatrix": kind}, ["importance-in"], refuse=True)
    for number in range(count):
        draw = random.Random(f"importance {number}")
        yield Case(f"importance-random-{number}", {"../imatrix": mutant([older, newer][number % 2], draw)}, ["importance-in"])


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


def activation_cases():
    """A layer of compressed-tensors whose input is rounded to integers, with what may be wrong about that."""
    tensors = model.weights()
    victim = "model.layers.1.mlp.down_proj"
    rows, cols = tensors[victim + ".weight"][0]
    good = {"num_bits": 8, "type": "int", "symmetric": False, "strategy": "tensor", "dynamic": False}

    def case(name, changes=None, scale=struct.pack("<f", 0.05), scale_shape=(1,), zero=b"\xfd", refuse=True, without=None):
        entries, blob = {}, b""
        parts = {n: ("F32", s, d) for n, (s, d) in tensors.items()}
        parts[victim + ".weight"] = ("I8", [rows, cols], bytes(i % 251 for i in range(rows * cols)))
        parts[victim + ".weight_scale"] = ("F32", [rows, 1], struct.pack(f"<{rows}f", *[0.001] * rows))
        parts[victim + ".input_scale"] = ("F32", list(scale_shape), scale)
        parts[victim + ".input_zero_point"] = ("I8", [len(zero)], zero)
        parts.pop(without, None)
        for n, (dtype, shape, data) in parts.items():
            entries[n] = {"dtype": dtype, "shape": shape, "data_offsets": [len(blob), len(blob) + len(data)]}
            blob += data
        group = {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "int", "strategy": "channel"},
                 "input_activations": {**good, **(changes or {})}}
        config = {**model.CONFIG, "quantization_config": {"quant_method": "compressed-tensors", "format": "int-quantized",
                                                          "config_groups": {"group_0": group}}}
        return Case(f"activations-{name}", {"config.json": json.dumps(config).encode(), "model.safetensors": model.safetensors(entries, blob)},
                    ["eval"], refuse, ["config.json", "model.safetensors"])

    yield case("valid", refuse=False)
    yield case("dynamic", {"strategy": "token", "dynamic": True}, refuse=False)
    for name, changes in {"bits-huge": {"num_bits": 2**40}, "bits-real": {"num_bits": 8.5}, "strategy": {"strategy": "channel"},
                          "dynamic-tensor": {"dynamic": True}, "dynamic-text": {"dynamic": "local"}, "type": {"type": ["int"]},
                          "group-zero": {"strategy": "group", "dynamic": True, "group_size": 0},
                          "group-huge": {"strategy": "group", "dynamic": True, "group_size": 2**62}}.items():
        yield case(name, changes)
    for name, value in {"zero": 0.0, "negative": -1.0, "nan": float("nan"), "infinite": float("inf")}.items():
        yield case(f"scale-{name}", scale=struct.pack("<f", value))
    yield case("scale-shape", scale=struct.pack("<2f", 1, 1), scale_shape=(2,))
    yield case("scale-gone", without=victim + ".input_scale")
    yield case("zero-point-shape", zero=b"\x00\x00")
    yield case("zero-point-gone", without=victim + ".input_zero_point")
    yield case("zero-point-of-symmetric", {"symmetric": True})
    yield case("orphan", without=victim + ".weight")


def layout_cases():
    """A matrix in each of the layouts that others write, with what may be wrong about it."""
    tensors = model.weights()
    victim = "model.layers.1.mlp.down_proj"
    rows, cols = tensors[victim + ".weight"][0]
    groups = cols // 32
    noise = bytes((i * 37 + 11) % 251 for i in range(rows * cols))
    scales = struct.pack(f"<{rows * groups}e", *[0.01 + 0.001 * (i % 7) for i in range(rows * groups)])
    nf4 = struct.pack("<16f", -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                      -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                      0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1)

    def state(**changes):
        text = json.dumps({"quant_type": "nf4", "blocksize": 64, "dtype": "float16", "shape": [rows, cols], **changes}).encode()
        return ("U8", [len(text)], text)

    gptq = ("quantization_config", {"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": True, "desc_act": False}, {
        ".qweight": ("I32", [cols // 8, rows], noise[:rows * cols // 2]), ".qzeros": ("I32", [groups, rows // 8], b"\x77" * (groups * rows // 2)),
        ".scales": ("F16", [groups, rows], scales), ".g_idx": ("I32", [cols], struct.pack(f"<{cols}i", *[i // 32 for i in range(cols)]))})
    awq = ("quantization_config", {"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemm", "zero_point": True}, {
        ".qweight": ("I32", [cols, rows // 8], noise[:rows * cols // 2]), ".qzeros": ("I32", [groups, rows // 8], b"\x88" * (groups * rows // 2)),
        ".scales": ("F16", [groups, rows], scales)})
    mlx = ("quantization", {"group_size": 32, "bits": 4}, {
        ".weight": ("U32", [rows, cols // 8], noise[:rows * cols // 2]), ".scales": ("F16", [rows, groups], scales),
        ".biases": ("F16", [rows, groups], scales)})
    blocks = rows * cols // 64
    bnb = ("quantization_config", {"quant_method": "bitsandbytes", "load_in_4bit": True}, {
        ".weight": ("U8", [rows * cols // 2, 1], noise[:rows * cols // 2]), ".weight.absmax": ("F32", [blocks], struct.pack("<f", 0.1) * blocks),
        ".weight.quant_map": ("F32", [16], nf4), ".weight.quant_state.bitsandbytes__nf4": state()})
    int8 = ("quantization_config", {"quant_method": "bitsandbytes", "load_in_8bit": True}, {
        ".weight": ("I8", [rows, cols], noise), ".SCB": ("F32", [rows], struct.pack("<f", 3) * rows), ".weight_format": ("U8", [], b"\0")})

    def case(name, layout, changes=None, settings=None, refuse=True):
        key, config, parts = layout
        entries, blob = {}, b""
        everything = {n: ("F32", s, d) for n, (s, d) in tensors.items() if n != victim + ".weight"}
        everything |= {victim + suffix: part for suffix, part in {**parts, **(changes or {})}.items() if part is not None}
        for n, (dtype, shape, data) in everything.items():
            entries[n] = {"dtype": dtype, "shape": shape, "data_offsets": [len(blob), len(blob) + len(data)]}
            blob += data
        return Case(f"layouts-{name}", {"config.json": json.dumps({**model.CONFIG, key: {**config, **(settings or {})}}).encode(),
                                        "model.safetensors": model.safetensors(entries, blob)},
                    ["eval"], refuse, ["config.json", "model.safetensors"])

    everyone = {"gptq": gptq, "awq": awq, "mlx": mlx, "bnb": bnb, "int8": int8}
    for name, layout in everyone.items():
        yield case(f"{name}-valid", layout, refuse=False)
        for suffix, (dtype, shape, data) in layout[2].items():
            if suffix in (".g_idx", ".weight_format"):
                continue
            yield case(f"{name}-without{suffix}", layout, {suffix: None})
            yield case(f"{name}-dtype{suffix}", layout, {suffix: ("F64", [len(data) // 8], data[:len(data) // 8 * 8])})
            yield case(f"{name}-empty{suffix}", layout, {suffix: (dtype, [0] * len(shape), b"")})
        for suffix in (".scales", ".weight.absmax", ".SCB"):
            if suffix in layout[2]:
                dtype, shape, data = layout[2][suffix]
                bad = struct.pack("<e", float("nan")) if dtype == "F16" else struct.pack("<f", float("inf"))
                yield case(f"{name}-not-finite{suffix}", layout, {suffix: (dtype, shape, bad + data[len(bad):])})
    for bad in (0, -2, 2**40, 7.5, "32", None, []):
        yield case(f"gptq-group-{bad}", gptq, settings={"group_size": bad})
        yield case(f"awq-group-{bad}", awq, settings={"group_size": bad})
        yield case(f"mlx-group-{bad}", mlx, settings={"group_size": bad})
    for bad in (0, 1, 5, 9, 2**33, -4, "4", 4.5):
        yield case(f"gptq-bits-{bad}", gptq, settings={"bits": bad})
        yield case(f"awq-bits-{bad}", awq, settings={"bits": bad})
        yield case(f"mlx-bits-{bad}", mlx, settings={"bits": bad})
    for name, index in {"high": [groups] + [0] * (cols - 1), "negative": [-1] * cols, "huge": [2**31 - 1] * cols}.items():
        yield case(f"gptq-index-{name}", gptq, {".g_idx": ("I32", [cols], struct.pack(f"<{cols}i", *index))})
    yield case("gptq-index-any", gptq, {".g_idx": ("I32", [cols], struct.pack(f"<{cols}i", *[i * 7 % groups for i in range(cols)]))}, refuse=False)
    yield case("gptq-index-short", gptq, {".g_idx": ("I32", [cols - 8], bytes(4 * cols - 32))})
    yield case("gptq-zero-wraps", gptq, {".qzeros": ("I32", [groups, rows // 8], b"\xff" * (groups * rows // 2))})
    yield case("gptq-marlin", gptq, settings={"checkpoint_format": "marlin"})
    yield case("gptq-dynamic", gptq, settings={"dynamic": {"+:x": {"bits": 2**70}}})
    yield case("awq-gemv", awq, settings={"version": "gemv"})
    yield case("mlx-mode", mlx, settings={"mode": "o\x1b[31m"})
    yield case("mlx-own-settings", mlx, settings={victim: {"bits": 3}})
    yield case("bnb-map", bnb, {".weight.quant_map": ("F32", [16], bytes(64))})
    for name, changes in {"shape-huge": {"shape": [2**31, 2**31]}, "shape-zero": {"shape": [0, cols]}, "shape-text": {"shape": "all"}, "block-zero": {"blocksize": 0},
                          "block-huge": {"blocksize": 2**62}, "type": {"quant_type": "fp4"}, "deep": {"x": None}}.items():
        yield case(f"bnb-state-{name}", bnb, {".weight.quant_state.bitsandbytes__nf4": state(**changes)}, refuse=name != "deep")
    yield case("bnb-state-garbage", bnb, {".weight.quant_state.bitsandbytes__nf4": ("U8", [4], b"\xff[[{")})
    yield case("bnb-state-long", bnb, {".weight.quant_state.bitsandbytes__nf4": ("U8", [100000], b"[" * 100000)})
    yield case("int8-format", int8, {".weight_format": ("U8", [], b"\2")})


def older_tokenizer_cases(count):
    valid = model.older_tokenizers()

    def case(name, kind, files, refuse=True):
        return Case(f"tokenizer-{kind}-{name}", files, [f"tokenize-{kind}"], refuse, [kind])

    spm = valid["../spm/tokenizer.model"]
    for name, content in {"empty": b"", "html": b"<!DOCTYPE html>", "truncated": spm[:-3], "half": spm[:len(spm) // 2], "doubled": spm + spm,
                          "pieces-alone": spm[:40], "length-huge": b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + spm, "zeros": b"\0" * 1000,
                          "lfs": LFS_POINTER, "charsmap-short": spm.replace(b"\x1a\x12\n\x08identity\x12\x00", b"\x1a\x15\n\x08identity\x12\x03abc"), "no-fallback": spm.replace(b"\x98\x02\x01", b"\x98\x02\x00")}.items():
        yield case(name, "spm", {"../spm/tokenizer.model": content})
    yield case("class", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "MagicTokenizer"}'})
    yield case("bos", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "LlamaTokenizer", "bos_token": 7}'})
    yield case("ids", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "T5Tokenizer", "extra_ids": 1000000000}'})
    yield case("decoder", "spm", {"../spm/tokenizer_config.json": b'{"tokenizer_class": "LlamaTokenizer", "added_tokens_decoder": {"99999999": {"content": "<x>"}}}'})
    for name, files in {"merges-gone": {"../gpt2/merges.txt": MISSING}, "merges-three": {"../gpt2/merges.txt": b"a b c\n"}, "merges-latin1": {"../gpt2/merges.txt": b"\xe9 b\n"},
                        "merges-unknown": {"../gpt2/merges.txt": b"qq zz\n"}, "vocab-list": {"../gpt2/vocab.json": b"[]"}, "vocab-text": {"../gpt2/vocab.json": b'{"a": "b"}'},
                        "vocab-huge-id": {"../gpt2/vocab.json": b'{"<|endoftext|>": 9223372036854775807}'}, "vocab-empty": {"../gpt2/vocab.json": b"{}"}}.items():
        yield case(name, "gpt2", files)
    for name, content in {"empty": b"", "latin1": b"[UNK]\n\xe9\n", "no-unknown": b"a\nb\n", "lfs": LFS_POINTER}.items():
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
    # Another family's name over these tensors: its keys or its tensors are missing.
    for family in (b"bloom", b"qwen2", b"qwen3", b"olmo2"):
        structured[f"family-{family.decode()}"] = valid.replace(b"llama", family)
    for key in (b"context_length", b"block_count", b"embedding_length", b"feed_forward_length", b"attention.head_count",
                b"attention.layer_norm_rms_epsilon"):
        structured[f"key-gone-{key.decode()}"] = valid.replace(b"llama." + key, b"other." + key, 1)
    # A part of a split file by its keys, without the others.
    for name, key, value in (("split-alone", b"split.count", struct.pack("<IH", 2, 3)), ("split-many", b"split.count", struct.pack("<IH", 2, 65535)),
                             ("split-text", b"split.count", struct.pack("<IQ", 8, 1) + b"3")):
        count = struct.unpack("<Q", valid[16:24])[0]
        structured[name] = valid[:16] + struct.pack("<Q", count + 1) + struct.pack("<Q", len(key)) + key + value + valid[24:]
    for name, content in structured.items():
        yield Case(f"gguf-{name}", {"../model.gguf": content}, ["inspect-gguf", "requantize"], refuse=True)
    for name, kind in {"fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero"), "missing": MISSING}.items():
        yield Case(f"gguf-{name}", {"../model.gguf": kind}, ["inspect-gguf"], refuse=True)
    for number in range(count):
        draw = random.Random(f"gguf {number}")
        broken = mutant(valid[:infos], draw) + valid[infos:]
        commands = [["inspect-gguf"], ["inspect-gguf", "eval-gguf"], ["requantize"]][number % 3]
        yield Case(f"gguf-random-{number}", {"../model.gguf": broken}, commands)


def onnx_models():
    """Broken models by name, and what stands beside them."""
    yield "cut", onnx.masked()[:-40], {}
    yield "text", b"this is not a model, whatever its name says", {}
    yield "lfs", LFS_POINTER, {}
    yield "empty", b"", {}
    yield "cycle", onnx.small([onnx.node("Add", ["x", "b"], ["a"]), onnx.node("Neg", ["a"], ["b"])], "b"), {}
    yield "self-loop", onnx.small([onnx.node("Neg", ["a"], ["a"])], "a"), {}
    yield "missing-input", onnx.small([onnx.node("Add", ["x", "nowhere"], ["y"])], "y"), {}
    yield "duplicate-output", onnx.small([onnx.node("Neg", ["x"], ["y"]), onnx.node("Abs", ["x"], ["y"])], "y"), {}
    yield "duplicate-initializer", onnx.small(tensors=[onnx.HEAD]), {}
    yield "unknown-operator", onnx.small([onnx.node("Unheard\x1b[31mOf", ["x"], ["y"], domain="evil")], "y"), {}
    yield "loop", onnx.small([onnx.node("Loop", ["x"], ["y"], body=("graph", onnx.graph([])))], "y"), {}
    yield "no-opset", onnx.number(1, 8) + onnx.message(7, onnx.graph([])), {}
    yield "opset-9", onnx.small(opset=9), {}
    yield "opset-huge", onnx.small(opset=2**62), {}
    yield "ir-huge", onnx.small(ir=2**63), {}
    for name, dims in {"wrong": [8, 12], "negative": [-8, 11], "huge": [2**40, 2**40], "overflow": [2**62, 8],
                       "many": [1] * 1000}.items():
        yield f"dims-{name}", onnx.small(head=onnx.tensor("head", dims, onnx.FLOAT, onnx.floats(88))), {}
    yield "dtype-string", onnx.small(head=onnx.tensor("head", [8, 11], onnx.STRING, onnx.floats(88))), {}
    yield "dtype-unknown", onnx.small(head=onnx.tensor("head", [8, 11], 99, onnx.floats(88))), {}
    yield "nan", onnx.small(head=onnx.tensor("head", [8, 11], onnx.FLOAT, onnx.floats(87) + struct.pack("<f", math.nan))), {}
    yield "place", onnx.small(head=onnx.tensor("head", [8, 11], onnx.FLOAT, None, onnx.message(20000, onnx.number(1, 0) + onnx.number(2, 352)))), {}
    secret = {"../secret": onnx.floats(88), "../onnx/link": Link("../secret")}
    for name, location in {"parent": "../secret", "absolute": "/etc/hostname", "link": "link", "null": "a\0b", "missing": "nothing",
                           "folder": ".", "empty": ""}.items():
        yield f"external-{name}", onnx.small(head=onnx.external("head", [8, 11], onnx.FLOAT, location)), secret
    beside = {"../onnx/data": onnx.floats(88)}
    for name, more in {"short": {"offset": 4}, "long": {"length": 2**40}, "far": {"offset": 2**64 - 8}, "negative": {"offset": -8},
                       "words": {"length": "many"}}.items():
        yield f"external-{name}", onnx.small(head=onnx.external("head", [8, 11], onnx.FLOAT, "data", **more)), beside
    nested = onnx.graph([])
    for _ in range(2000):
        nested = onnx.graph([onnx.node("If", ["x"], ["y"], then_branch=("graph", nested))])
    yield "depth-subgraphs", onnx.model(nested), {}
    calls = [onnx.function("f0", ["a"], ["b"], [onnx.node("Neg", ["a"], ["b"])])]
    for i in range(1, 40):
        once = f"f{i - 1}"
        calls.append(onnx.function(f"f{i}", ["a"], ["c"], [onnx.node(once, ["a"], ["b"], domain="local"),
                                                          onnx.node(once, ["b"], ["c"], domain="local")]))
    yield "depth-functions", onnx.small([onnx.node("f39", ["x"], ["y"], domain="local")], "y", functions=calls), {}
    yield "breadth-functions", onnx.small([onnx.node("f25", ["x"], ["y"], domain="local")], "y", functions=calls), {}
    yield "recursion", onnx.small([onnx.node("f", ["x"], ["y"], domain="local")], "y", functions=[
        onnx.function("f", ["a"], ["b"], [onnx.node("f", ["a"], ["b"], domain="local")])]), {}
    yield "million-nodes", onnx.model(b"\x0a\x00" * 1_100_000), {}
    wanted = onnx.tensor("wanted", [2], onnx.INT64, struct.pack("<2q", 2**31, 2**31))
    yield "bomb-shape", onnx.small([onnx.node("ConstantOfShape", ["wanted"], ["z"]), onnx.node("Add", ["x", "z"], ["y"])], "y", [wanted]), {}
    vectors = onnx.tensor("v", [1000], onnx.FLOAT, onnx.floats(1000))
    yield "bomb-einsum", onnx.small([onnx.node("Einsum", ["v"] * 4, ["e"], equation="a,b,c,d->"), onnx.node("Add", ["x", "e"], ["y"])],
                                    "y", [vectors]), {}
    yield "bomb-varint", onnx.number(1, 8) + b"\x3a" + b"\xff" * 20, {}
    yield "no-outputs", onnx.model(onnx.graph([onnx.EMBED], [onnx.TABLE], [onnx.IDS])), {}
    yield "no-inputs", onnx.model(onnx.graph([onnx.node("Identity", ["table"], ["logits"])], [onnx.TABLE], [], [onnx.LOGITS])), {}
    yield "image-input", onnx.model(onnx.graph([onnx.node("Neg", ["pixels"], ["logits"])], [], [onnx.value_info("pixels", onnx.FLOAT, [1, 3])],
                                               [onnx.LOGITS])), {}
    for name, more in {"pads": {"pads": (2**40, 2**40)}, "negative-pads": {"pads": (-1, 1)}, "strides": {"strides": (0,)},
                       "dilations": {"dilations": [2**62]}, "kernel": {"kernel": (2**33,)}, "auto-pad": {"auto_pad": "SAME"},
                       "no-windows": {"pads": (0,)}, "dft-length": {"length": ("long",)}, "no-dft": {"length": ("none",)}, "dft-prime": {"length": ("prime",)}}.items():
        yield f"windows-{name}", onnx.windows(**more), {}
    yield "shape-mismatch", onnx.small([onnx.node("Concat", ["x", "table"], ["y"], axis=1)], "y"), {}
    yield "gemm-mismatch", onnx.small(head=onnx.tensor("head", [4, 22], onnx.FLOAT, onnx.floats(88))), {}


def onnx_exports():
    """Real ones: branches with a past, buckets of distances, an operator of attention."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "onnx_exports")
    for name in ("gpt2-inner-merged17", "deberta-v2-ts17", "ctrl-dynamo23"):
        with open(os.path.join(folder, name, "model.onnx"), "rb") as file:
            yield file.read()


def onnx_cases(count):
    for name, content, beside in onnx_models():
        command = "logits-onnx" if name == "nan" else "inspect-onnx"
        yield Case(f"onnx-{name}", {"../onnx/model.onnx": content, **beside}, [command], refuse=True, about=["model.onnx"])
    for name, kind in {"fifo": FIFO, "directory": DIRECTORY, "device": Link("/dev/zero"), "missing": MISSING}.items():
        yield Case(f"onnx-{name}", {"../onnx/model.onnx": kind}, ["inspect-onnx"], refuse=True)
    halves = onnx.small() + onnx.message(7, onnx.graph([]))
    yield Case("onnx-graph-in-parts", {"../onnx/model.onnx": halves}, ["quantize-onnx"], refuse=True, about=["model.onnx"])
    valid = [onnx.masked(), onnx.branches(), onnx.small(), onnx.windows(), onnx.qlinear(), *onnx_exports()]
    for number in range(2 * count):
        draw = random.Random(f"onnx {number}")
        commands = [["inspect-onnx"], ["inspect-onnx", "logits-onnx"], ["quantize-onnx-qdq"], ["logits-onnx"], ["quantize-onnx"]][number % 5]
        yield Case(f"onnx-random-{number}", {"../onnx/model.onnx": mutant(draw.choice(valid), draw)}, commands,
                   about=["model.onnx", "inputs.safetensors"])


def all_cases(gguf, count):
    yield from config_cases(count)
    yield from tokenizer_cases(count)
    yield from safetensors_cases(count)
    yield from index_cases()
    yield from pytorch_cases(count)
    yield from hub_cases()
    yield from text_cases()
    yield from chat_cases(count)
    yield from recipe_cases(count)
    yield from gate_cases(count)
    yield from importance_cases(count)
    yield from lora_cases(count)
    yield from scaled_float_cases()
    yield from activation_cases()
    yield from layout_cases()
    yield from older_tokenizer_cases(count)
    yield from gguf_cases(gguf, count)
    yield from onnx_cases(count)
