#!/usr/bin/env python3
"""Every golden checkpoint, found by folder, quantized at int8 and int4-g32 by rtn and by gptq, and measured: finite, the
same bytes for any number of threads, every weight in its role.

  checkpoints_test.py PROGRAM CHECKPOINTS [unittest arguments]
"""
import concurrent.futures
import fnmatch
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
CHECKPOINTS = os.path.abspath(sys.argv[2])
CONTEXT, MASK = 32, "4"

# What transformers calls the matrices, and what they are. Each name must match exactly one line.
ROLES = [(role, re.compile(rf"(^|\.)({pattern})\.weight$")) for role, pattern in (
    ("embedding", r"embed_tokens|wte|embed_in|shared|word_embeddings"),
    ("position_embedding", r"wpe|position_embeddings|embed_positions|relative_attention_bias"),
    ("type_embedding", r"token_type_embeddings"),
    ("q", r"q_proj|q_lin|query|(Self|EncDec)Attention\.q"),
    ("k", r"k_proj|k_lin|key|(Self|EncDec)Attention\.k"),
    ("v", r"v_proj|v_lin|value|(Self|EncDec)Attention\.v"),
    ("qkv", r"qkv_proj|c_attn|query_key_value"),
    ("attention_output", r"o_proj|out_proj|out_lin|attn\.c_proj|self_attn\.dense|(?<!bottleneck\.)(self_)?attention\.dense|"
                         r"attention\.output\.dense|(Self|EncDec)Attention\.o"),
    ("gate", r"gate_proj|experts\.\d+\.w1|wi_0"),
    ("up", r"up_proj|experts\.\d+\.w3|c_fc|fc1|dense_h_to_4h|lin1|wi|wi_1|intermediate\.dense|albert_layers\.\d+\.ffn|"
           r"output\.bottleneck\.dense"),
    ("gate_up", r"gate_up_proj"),
    ("down", r"down_proj|experts\.\d+\.w2|mlp\.c_proj|fc2|dense_4h_to_h|lin2|wo|ffn_output|layer\.\d+\.output\.dense|"
             r"ffn\.\d+\.output\.dense|bottleneck\.(input|attention)\.dense"),
    ("head", r"lm_head|embed_out|classifier|cls\.predictions\.dense"),
    ("router", r"(mlp|block_sparse_moe)\.gate"),
    ("other", r"cls\.predictions\.transform\.dense|lm_head\.dense|vocab_transform|predictions\.dense|pooler\.dense|"
              r"pre_classifier|embedding_hidden_mapping_in|embedding_transformation"),
)]
# GPT-2 stores its matrices transposed, which compressed-tensors cannot say; GGUF has groups for its int8.
IN_GGUF = {"gpt2"}
# Experts 48 wide do not divide into groups of 32, which compressed-tensors wants; in memory they are quantized too.
KEPT = {("qwen3-moe", "int4-g32"): "*down_proj*"}
LINEAR = {"q", "k", "v", "qkv", "attention_output", "gate", "up", "gate_up", "down"}


def role_of(name):
    # "predictions.dense" is ALBERT's transform; behind "cls." it is MobileBERT's second part of the head.
    found = {role for role, pattern in ROLES if pattern.search(name)}
    return "head" if found == {"head", "other"} and name.startswith("cls.") else found.pop() if len(found) == 1 else found


def ids():
    state, result = 1, []
    for _ in range(480):
        state = (state * 1103515245 + 12345) % 2 ** 31
        result.append(5 + (state >> 16) % 155)
    return [result[at:at + 40] for at in range(0, 480, 40)]


def files_of(path):
    return [os.path.join(path, name) for name in sorted(os.listdir(path))] if os.path.isdir(path) else [path]


def content_hash(path):
    digest = hashlib.sha256()
    for name in files_of(path):
        if name.endswith(".kerf.json"):  # says where it was written
            continue
        with open(name, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def schemes_of(name):
    return ("int8-g32", "int4-g32") if name in IN_GGUF else ("int8", "int4-g32")


class Checkpoints(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="kerf-checkpoints-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.tokens = os.path.join(self.folder, "ids.jsonl")
        with open(self.tokens, "w", encoding="utf-8") as file:
            file.write("\n".join(map(json.dumps, ids())) + "\n")

    def kerf(self, *words):
        done = subprocess.run([PROGRAM, *words, "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              cwd=self.folder, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"kerf {' '.join(words)}")
        return json.loads(done.stdout, parse_constant=lambda name: self.fail(f"{words}: {name}"))

    def quantize(self, name, scheme, method, threads):
        out = f"{name}-{scheme}-{method}-{threads}" + (".gguf" if name in IN_GGUF else "")
        keep = ["--keep", KEPT[name, scheme]] if (name, scheme) in KEPT else []
        data = ["--tokens", self.tokens, "--mask-token", MASK, "--context", str(CONTEXT)] if method == "gptq" else []
        result = self.kerf("quantize", os.path.join(CHECKPOINTS, name), "-o", out, "--scheme", scheme, "--method", method,
                           "--threads", threads, *keep, *data)
        return os.path.join(self.folder, out), result

    def check_roles(self, name, result, scheme, method):
        for tensor in result["tensors"]:
            if len(tensor["shape"]) != 2:
                continue
            place = f"{name}: {tensor['name']}"
            self.assertEqual(tensor["role"], role_of(tensor["name"]), place)
            kept = fnmatch.fnmatch(tensor["name"], KEPT.get((name, scheme), ""))
            cut = tensor["role"] in LINEAR and not kept
            self.assertEqual(tensor["scheme"] == scheme, cut, place)
            self.assertEqual(tensor["method"], method if cut else "", place)
        linear = [tensor for tensor in result["tensors"] if tensor["role"] in LINEAR]
        self.assertGreaterEqual(len(linear), 6, name)
        if method == "gptq":
            for site in result["sites"]:
                # An expert that no token reached is treated by a rule of its own and says so.
                self.assertTrue(math.isfinite(site["objective"]), site)
                self.assertTrue(site["tokens"] > 0 or site["note"], site)

    def check(self, name):
        made = []
        for scheme in schemes_of(name):
            for method in ("rtn", "gptq"):
                one, result = self.quantize(name, scheme, method, "1")
                self.check_roles(name, result, scheme, method)
                two, _ = self.quantize(name, scheme, method, "2")
                self.assertEqual(content_hash(one), content_hash(two), f"{name}: {scheme}/{method} by one and two threads")
                for file in files_of(two):
                    os.remove(file)
                made.append(one)
        if name != "tinybert-base":
            self.check_figures(name, made)

    def check_figures(self, name, made):
        """Of what was written, and of the same made in memory."""
        specs = [scheme + method for scheme in schemes_of(name) for method in ("", "/gptq")]
        found = self.kerf("compare", os.path.join(CHECKPOINTS, name), "--tokens", self.tokens, "--calibration-tokens",
                          self.tokens, "--mask-token", MASK, "--context", str(CONTEXT), "--candidate", *specs, *made)
        by_spec = dict(zip(specs, found["candidates"]))
        for part in (found["reference"], *found["candidates"]):
            for key, value in part.items():
                if isinstance(value, float):
                    self.assertTrue(math.isfinite(value), f"{name}: {part['spec']}: {key}")
            self.assertEqual("perplexity" in part, not name.endswith("-cls"), name)
            self.assertGreater(part["tokens_scored"], 10)
        self.assertTrue(0 < by_spec[specs[0]]["kl_mean"] < by_spec[specs[2]]["kl_mean"], name)
        for spec, written in zip(specs, found["candidates"][len(specs):]):
            same = by_spec[spec]["kl_mean"]
            if (name, spec.split("/")[0]) not in KEPT:
                self.assertLess(abs(written["kl_mean"] - same), 1e-3 * same + 1e-6, f"{name}: {spec}")

    def test_all(self):
        names = sorted(name for name in os.listdir(CHECKPOINTS) if os.path.isdir(os.path.join(CHECKPOINTS, name)))
        self.assertGreaterEqual(len(names), 38)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = {name: pool.submit(self.check, name) for name in names}
        for name, run in runs.items():
            with self.subTest(name):
                run.result()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
