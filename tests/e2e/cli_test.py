#!/usr/bin/env python3
"""Runs every command of kerf on the example model: what it prints, what it writes, how it fails.

  cli_test.py PROGRAM MODEL [unittest arguments]
"""
import json
import math
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
MODEL = os.path.abspath(sys.argv[2])
GOLDENS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "checkpoints")
ADAPTERS = os.path.join(os.path.dirname(GOLDENS), "lora")
EVALUATION = os.path.join(MODEL, "evaluation.txt")
CALIBRATION = os.path.join(MODEL, "calibration.txt")
VOCABULARY = 2048
# Two short windows: enough for every path, a second of work.
SHORT = ["--text", EVALUATION, "--windows", "2", "--context", "128"]
# What may differ between two runs of the same thing.
VOLATILE = ("seconds", "peak_ram_bytes", "provenance")
DRIFT = ("kl_mean", "kl_median", "kl_p90", "kl_p99", "kl_p999", "kl_max", "top1_agreement", "top5_agreement",
         "delta_p_rms")
FIGURES = ("spec", "perplexity", "perplexity_stderr", "tokens_scored", "bytes", "bits_per_weight", "seconds",
           "peak_ram_bytes")


def stable(value):
    """A JSON value without the keys that may differ between runs."""
    if isinstance(value, dict):
        return {key: stable(item) for key, item in value.items() if key not in VOLATILE}
    return [stable(item) for item in value] if isinstance(value, list) else value


def safetensors(tensors):
    """Bytes of a file of 64-bit integers: name -> (shape, flat values)."""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        raw = struct.pack(f"<{len(values)}q", *values)
        header[name] = {"dtype": "I64", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def read_safetensors(path):
    """name -> (dtype, shape, bytes)"""
    with open(path, "rb") as file:
        content = file.read()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"], content[8 + length + entry["data_offsets"][0]:
                                                           8 + length + entry["data_offsets"][1]])
            for name, entry in header.items()}


def tree_bytes(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="kerf-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_kerf(self, *words, **options):
        return subprocess.run([PROGRAM, *words], stdin=options.pop("stdin", subprocess.DEVNULL), capture_output=True,
                              text=True, cwd=self.folder, timeout=300, **options)

    def ok(self, *words, **options):
        """Standard output of a run that must succeed in silence on standard error."""
        done = self.run_kerf(*words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"kerf {' '.join(words)}\n{done.stdout}")
        return done.stdout

    def json(self, *words):
        return json.loads(self.ok(*words, "--json"))

    def refused(self, code, part, *words, **options):
        done = self.run_kerf(*words, **options)
        place = f"kerf {' '.join(words)}: {done.stderr!r}"
        self.assertEqual(done.returncode, code, place)
        self.assertTrue(done.stderr.startswith("kerf: ") and done.stderr.endswith("\n"), place)
        self.assertEqual(done.stderr.count("\n"), 1, place)
        self.assertIn(part, done.stderr)
        self.assertEqual(done.stdout, "", place)

    def check_drift(self, figures):
        for key in DRIFT:
            self.assertIn(key, figures)
            self.assertTrue(math.isfinite(figures[key]), key)
        self.assertGreater(figures["kl_mean"], 0)
        self.assertLessEqual(figures["kl_median"], figures["kl_p90"])
        self.assertLessEqual(figures["kl_p90"], figures["kl_p99"])
        self.assertLessEqual(figures["kl_p99"], figures["kl_p999"])
        self.assertLessEqual(figures["kl_p999"], figures["kl_max"])
        for key in ("top1_agreement", "top5_agreement"):
            self.assertTrue(0.5 < figures[key] <= 1, (key, figures[key]))

    # ---- help ----------------------------------------------------------------------------------------------------

    def test_alone_it_shows_three_commands(self):
        text = self.ok()
        self.assertEqual(sum(line.startswith("  kerf ") for line in text.splitlines()), 3, text)

    def test_version_and_help(self):
        self.assertRegex(self.ok("--version"), r"^kerf \d+\.\d+\.\d+\n")
        self.assertIn("int4-g32", self.ok("quantize", "--help"))
        manual = self.ok("help", "--man")
        for command in ("inspect", "quantize", "compare", "eval", "calibrate", "tokenize", "logits"):
            self.assertIn(f".SS kerf {command}\n", manual)

    # ---- reading -------------------------------------------------------------------------------------------------

    def test_inspect(self):
        found = self.json("inspect", MODEL)
        self.assertEqual((found["family"], found["layers"], found["vocabulary"]), ("llama", 4, VOCABULARY))
        self.assertEqual(found["tensor_bytes"], sum(tensor["bytes"] for tensor in found["tensors"]))
        self.assertAlmostEqual(found["bits_per_weight"], 32)
        self.assertTrue(found["memory"])
        # As quantize writes them: embeddings and head in f16.
        weights = {estimate["precision"]: estimate["weights_bytes"] for estimate in found["memory"]}
        self.assertEqual(weights["as stored"], found["tensor_bytes"])
        self.ok("quantize", MODEL, "-o", "int8", "--scheme", "int8")
        self.assertAlmostEqual(self.json("inspect", "int8")["tensor_bytes"] / weights["int8"], 1, delta=0.001)
        text = self.ok("inspect", MODEL)
        self.assertIn("family", text)
        self.assertIn("memory to run at", text)
        self.assertFalse([line for line in text.splitlines() if line != line.rstrip()])

    def test_tokenize(self):
        text = "Fellow citizens,\nit is 1862."
        ids = json.loads(self.ok("tokenize", MODEL, "--file", self.write("t.txt", text)))
        self.assertTrue(ids and all(isinstance(i, int) and 0 <= i < VOCABULARY for i in ids))
        with open(self.path("t.txt"), "rb") as file:
            self.assertEqual(json.loads(self.ok("tokenize", os.path.join(MODEL, "tokenizer.json"), stdin=file)), ids)
        bare = json.loads(self.ok("tokenize", MODEL, "--no-special", "--file", self.path("t.txt")))
        self.assertEqual(ids[-len(bare):], bare)
        lines = self.write("t.jsonl", json.dumps(text) + "\n" + json.dumps("") + "\n" + json.dumps(text) + "\n")
        rows = [json.loads(line) for line in self.ok("tokenize", MODEL, "--jsonl", "--file", lines).splitlines()]
        self.assertEqual((rows[0], rows[2]), (ids, ids))
        self.refused(3, "line 2", "tokenize", MODEL, "--jsonl", "--file", self.write("bad.jsonl", '"a"\n{}\n'))

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def test_logits(self):
        ids = [5, 17, 300, 2, 99]
        with open(self.path("in.safetensors"), "wb") as file:
            file.write(safetensors({"input_ids": ([1, len(ids)], ids)}))
        self.ok("logits", MODEL, "--inputs", self.path("in.safetensors"), "--output", self.path("out.safetensors"))
        dtype, shape, raw = read_safetensors(self.path("out.safetensors"))["logits"]
        self.assertEqual((dtype, shape), ("F32", [1, len(ids), VOCABULARY]))
        values = struct.unpack(f"<{len(raw) // 4}f", raw)
        self.assertTrue(all(map(math.isfinite, values)))
        tokens = self.json("logits", MODEL, "--prompt", "Fellow citizens", "--top", "5")
        self.assertEqual(len(tokens), 5)
        chances = [token["probability"] for token in tokens]
        self.assertEqual(chances, sorted(chances, reverse=True))
        self.assertTrue(0 < sum(chances) <= 1)
        self.assertEqual(len(self.ok("logits", MODEL, "--prompt", "Fellow citizens").splitlines()), 11)

    # ---- measuring -----------------------------------------------------------------------------------------------

    def test_eval(self):
        found = self.json("eval", MODEL, *SHORT)
        for key in FIGURES:
            self.assertIn(key, found)
        self.assertNotIn("kl_mean", found)
        # A model that has learnt anything is far below a uniform guess.
        self.assertTrue(1 < found["perplexity"] < VOCABULARY / 4, found)
        self.assertGreater(found["perplexity_stderr"], 0)
        self.assertEqual((found["text"]["windows"], found["text"]["context"]), (2, 128))
        text = self.ok("eval", MODEL, *SHORT)
        self.assertIn(f"{found['perplexity']:.4f} \u00b1 {found['perplexity_stderr']:.4f}", text)

    def test_threads_change_nothing(self):
        one, three = (stable(self.json("eval", MODEL, *SHORT, "--threads", n)) for n in ("1", "3"))
        self.assertEqual(one, three)

    def test_a_model_does_not_drift_from_itself(self):
        found = self.json("eval", MODEL, "--reference", MODEL, *SHORT)
        self.assertEqual((found["top1_agreement"], found["top5_agreement"]), (1, 1))
        self.assertLess(abs(found["kl_mean"]), 1e-9)
        self.assertEqual(found["perplexity"], found["reference"]["perplexity"])

    def test_compare(self):
        report = self.path("compare.json")
        text = self.ok("compare", MODEL, *SHORT, "--candidate", "int4-g32/rtn", "int8/rtn", "--candidate", "f16",
                       "--json=" + report)
        with open(report, encoding="utf-8") as file:
            found = json.load(file)
        rows = [line.split()[0] for line in text.splitlines()[:5]]
        self.assertEqual(rows, ["candidate", "reference", "int4-g32/rtn", "int8/rtn", "f16"])
        self.assertEqual([c["spec"] for c in found["candidates"]], ["int4-g32/rtn", "int8/rtn", "f16"])
        for candidate in found["candidates"]:
            for key in FIGURES:
                self.assertIn(key, candidate)
            self.check_drift(candidate)
        int4, int8, f16 = found["candidates"]
        self.assertTrue(int4["kl_mean"] > int8["kl_mean"] > f16["kl_mean"])
        self.assertTrue(int4["bytes"] < int8["bytes"] < f16["bytes"] < found["reference"]["bytes"])
        self.assertTrue(int4["bits_per_weight"] < int8["bits_per_weight"] < f16["bits_per_weight"])

    def test_attribution(self):
        candidates = ["--candidate", "f16", "int4-g32/rtn", "int4-g32/rtn+awq", "--calibration", CALIBRATION, "--samples", "2"]
        found = self.json("compare", MODEL, *SHORT, *candidates, "--attribute", "--attribute-windows", "1")
        self.assertEqual([one["spec"] for one in found["attributions"]], ["int4-g32/rtn"])
        sites = found["attributions"][0]["sites"]
        self.assertEqual(len(sites), len({site["name"] for site in sites}))
        self.assertTrue(all(site["kl_alone"] > 0 for site in sites))
        # What cannot be looked at weight by weight says so; what was measured of it stands.
        for candidate in (found["candidates"][0], found["candidates"][2]):
            self.assertTrue(any(note.startswith("attribution: ") for note in candidate["notes"]), candidate["notes"])
            self.assertGreater(candidate["kl_mean"], 0)

    def test_candidates_do_not_depend_on_each_other(self):
        alone = self.json("compare", MODEL, *SHORT, "--candidate", "int8/rtn")
        beside = self.json("compare", MODEL, *SHORT, "--candidate", "int4-g32/rtn", "int8/rtn")
        self.assertEqual(stable(alone["candidates"][0]), stable(beside["candidates"][1]))

    # ---- writing -------------------------------------------------------------------------------------------------

    def test_dry_run_foretells_the_bytes_and_writes_nothing(self):
        words = ["quantize", MODEL, "-o", "out.gguf", "-o", "out-int4", "--scheme", "int4-g32", "--method", "rtn"]
        plan = self.json(*words, "--dry-run")
        self.assertEqual(os.listdir(self.folder), [])
        self.assertTrue(all(tensor["rule"] for tensor in plan["tensors"]))
        text = self.ok(*words, "--dry-run")
        self.assertIn("nothing was written", text)
        for tensor in plan["tensors"]:
            self.assertIn(tensor["name"], text)
        result = self.json(*words)
        self.assertEqual([o["bytes"] for o in plan["outputs"]], [o["bytes"] for o in result["outputs"]])
        self.assertEqual([o["format"] for o in result["outputs"]], ["gguf", "compressed-tensors"])
        # The same codes and scales everywhere.
        self.assertEqual(len({o["weights_xxh3"] for o in result["outputs"]}), 1)
        self.assertEqual(result["outputs"][0]["bytes"], os.path.getsize(self.path("out.gguf")))
        self.assertLessEqual(result["outputs"][1]["bytes"], tree_bytes(self.path("out-int4")))
        self.assertEqual(sorted(os.listdir(self.folder)), ["out-int4", "out.gguf", "out.gguf.kerf.json"])
        for name in ("out.gguf", "out-int4"):
            dtypes = {tensor["dtype"] for tensor in self.json("inspect", name)["tensors"]}
            self.assertTrue(dtypes & {"int4-g32", "q4_0"}, dtypes)

    def test_verify(self):
        few = ["--calibration", CALIBRATION, "--samples", "4", "--context", "128"]
        self.ok("quantize", MODEL, "-o", "out.gguf", "-o", "out", "--scheme", "int4-g32", "--transform", "awq", *few)
        for name in ("out.gguf", "out"):
            result = self.json("verify", MODEL, name)
            self.assertTrue(result["passed"], result["findings"])
            self.assertGreaterEqual(result["files_checked"], 1)
            self.assertTrue(any(tensor.get("scaled") for tensor in result["tensors"]))
        self.assertIn("the same bytes", self.ok("verify", "--manifest", MODEL, "out.gguf"))
        self.assertIn("the same bytes", self.ok("verify", "--manifest", "out.gguf.kerf.json"))
        with open(self.path("out.gguf"), "r+b") as file:
            file.seek(-1000, os.SEEK_END)
            file.write(b"\xff")
        text = self.run_kerf("verify", MODEL, "out.gguf")
        self.assertEqual(text.returncode, 1)
        self.assertIn("NOT verified", text.stdout)
        os.remove(self.path("out/model.kerf.json"))
        self.assertIn("no manifest", self.ok("verify", MODEL, "out"))
        self.refused(2, "needs the original and the candidate", "verify", MODEL)
        self.refused(3, "no such file", "verify", MODEL, "nowhere")

    def test_verify_rotated_moved_and_split_files(self):
        self.ok("quantize", MODEL, "-o", "rot.gguf", "--scheme", "int4-g32", "--transform", "rotate")
        text = self.ok("verify", "--manifest", MODEL, "rot.gguf")
        self.assertIn("1 file checked by SHA-256", text)
        self.assertIn("what vouches for them is the manifest", text)
        self.assertIn("the same bytes", text)
        os.mkdir(self.path("away"))
        os.rename(self.path("rot.gguf.kerf.json"), self.path("away/m.json"))
        os.rename(self.path("rot.gguf"), self.path("other.gguf"))
        self.ok("verify", MODEL, "other.gguf", "away/m.json")
        with open(self.path("other.gguf"), "r+b") as file:
            file.seek(-1000, os.SEEK_END)
            file.write(b"\xff\xff\xff")
        text = self.run_kerf("verify", MODEL, "other.gguf", "away/m.json")
        self.assertEqual(text.returncode, 1)
        self.assertIn("'other.gguf' is not the file 'rot.gguf' of the manifest", text.stdout)
        text = self.ok("quantize", MODEL, "-o", "parts.gguf", "--scheme", "int8", "--split-max-size", "1M")
        first = next(name for name in sorted(os.listdir(self.folder)) if name.startswith("parts-00001"))
        self.assertIn(first + " (gguf): ", text)
        self.assertIn("parts.gguf was cut into ", text)
        self.ok("verify", MODEL, first)
        self.refused(3, first, "verify", MODEL, "parts.gguf")

    def test_files_of_the_source_are_never_written_over(self):
        self.ok("quantize", MODEL, "-o", "x.gguf", "--scheme", "f16", "--split-max-size", "4MB")
        parts = sorted(name for name in os.listdir(self.folder) if name.endswith(".gguf"))
        self.assertEqual(len(parts), 2)
        again = ["quantize", parts[0], "--scheme", "int8-g32", "--force"]
        self.refused(2, "is a part of the model that is read", *again, "-o", "x.gguf", "--split-max-size", "2.5MB")
        self.refused(2, "is a part of the model that is read", *again, "-o", parts[1])
        self.refused(2, "is the model that is read", *again, "-o", parts[0])
        self.ok("quantize", MODEL, "-o", "m.onnx", "--scheme", "f16", "--external-data", "always")
        os.rename(self.path("m.onnx"), self.path("graph.onnx"))
        self.refused(2, "m.onnx.data: would be written", "quantize", "graph.onnx", "-o", "m.onnx", "--scheme", "int8", "--external-data", "always")
        self.ok("eval", parts[0], *SHORT)

    def test_what_was_compared_is_what_is_written(self):
        compared = self.json("compare", MODEL, *SHORT, "--candidate", "q4_0/rtn")["candidates"][0]
        text = self.ok("quantize", MODEL, "-o", "out.gguf", "--scheme", "q4_0", "--method", "rtn")
        self.assertRegex(text.splitlines()[0], "q4_0.*rtn")
        self.assertRegex(text, "read back, bit-identical, weights xxh3 [0-9a-f]{32}")
        read = self.json("eval", "out.gguf", "--reference", MODEL, *SHORT)
        self.check_drift(read)
        # The same weights through the same kernels; only the sums' order may differ with the source's layout.
        self.assertAlmostEqual(read["kl_mean"], compared["kl_mean"], delta=1e-6)
        self.assertAlmostEqual(read["perplexity"], compared["perplexity"], delta=1e-4)

    def test_rounded_activations_are_written_and_read(self):
        few = ["--calibration", CALIBRATION, "--samples", "4"]
        for transform, activations in (("smoothquant", "int8-dynamic"), ("", "int8-static-asym/percentile-99.9")):
            spec = f"int8/rtn{'+' + transform if transform else ''}@{activations}"
            compared = self.json("compare", MODEL, *SHORT, *few, "--candidate", spec)["candidates"][0]
            self.ok("quantize", MODEL, "-o", "out", "--scheme", "int8", "--method", "rtn", "--activations", activations, "--context", "128", "--force", *few,
                    *(["--transform", transform] if transform else []))
            read = self.json("eval", "out", "--reference", MODEL, *SHORT)
            self.check_drift(read)
            self.assertTrue(any(activations.split("/")[0] in note for note in read["notes"]), read["notes"])
            self.assertAlmostEqual(read["kl_mean"], compared["kl_mean"], delta=1e-6)
            self.assertAlmostEqual(read["perplexity"], compared["perplexity"], delta=1e-4)
        self.refused(2, "gguf cannot say that activations are rounded", "quantize", MODEL, "-o", "out.gguf", "--scheme", "q8_0",
                     "--activations", "int8-dynamic")

    def test_rounded_caches(self):
        drifts = [self.json("eval", MODEL, "--reference", MODEL, *SHORT, "--kv-cache", scheme)["kl_mean"]
                  for scheme in ("f16", "q8_0", "q4_0")]
        self.assertIn("keys and values are read rounded to int8-g32",
                      self.json("eval", MODEL, *SHORT, "--kv-cache", "q8_0")["notes"])
        self.assertGreater(drifts[0], 0)
        self.assertLess(5 * drifts[0], drifts[1])
        self.assertLess(5 * drifts[1], drifts[2])
        self.refused(2, "--kv-cache: q4_k needs more", "eval", MODEL, *SHORT, "--kv-cache", "q4_k")
        self.refused(2, "--kv-cache: no scheme 'foo'; known: ", "eval", MODEL, *SHORT, "--kv-cache", "foo")

    def test_codes_of_an_onnx_operator_stay_as_they_are(self):
        self.ok("quantize", MODEL, "-o", "codes.onnx", "--scheme", "int4-g32", "--method", "rtn", "--scale-dtype", "f32")
        self.refused(2, "multiplies by codes itself, which stay as they are (int4-g32 with scales of f32)", "quantize", "codes.onnx",
                     "-o", "again.onnx", "--scheme", "int8", "--allow-requantize")
        self.ok("quantize", "codes.onnx", "-o", "again.onnx", "--scheme", "int4-g32", "--scale-dtype", "f32")

    def test_rounded_activations_are_refused_before_any_work(self):
        for scheme in ("nvfp4", "mxfp4"):
            words = ["quantize", MODEL, "-o", "out", "--scheme", scheme, "--activations", "int8-dynamic"]
            reason = f"int8-dynamic activations beside {scheme} weights are held by none of its formats"
            self.refused(2, reason, *words, "--dry-run")
            self.refused(2, reason, *words)
        self.refused(2, "--onnx-kind static rounds activations", "quantize", MODEL, "-o", "out.onnx", "--onnx-kind", "static",
                     "--scheme", "int8")

    def test_the_same_input_gives_the_same_bytes(self):
        for name, threads in (("a.gguf", "1"), ("b.gguf", "2")):
            self.ok("quantize", MODEL, "-o", name, "--scheme", "int8", "--method", "rtn", "--threads", threads)
        with open(self.path("a.gguf"), "rb") as a, open(self.path("b.gguf"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_calibrated(self):
        few = ["--samples", "4", "--context", "128"]
        self.ok("calibrate", MODEL, "--calibration", CALIBRATION, "-o", "s.safetensors", "--hessian", *few)
        by_text = self.json("quantize", MODEL, "-o", "a.gguf", "--scheme", "q4_0", "--method", "gptq",
                            "--no-sequential", "--calibration", CALIBRATION, *few)
        by_file = self.json("quantize", MODEL, "-o", "b.gguf", "--scheme", "q4_0", "--method", "gptq",
                            "--no-sequential", "--calibration", self.path("s.safetensors"))
        self.assertEqual(by_text["outputs"][0]["weights_xxh3"], by_file["outputs"][0]["weights_xxh3"])
        self.assertTrue(all(site["objective"] <= site["rtn_objective"] * (1 + 1e-6) for site in by_text["sites"]
                            if site["rtn_objective"] > 0), by_text["sites"])
        self.refused(2, "the method yaqa needs calibration text, not saved statistics", "quantize", MODEL, "-o", "d.gguf",
                     "--scheme", "q4_0", "--method", "yaqa", "--no-sequential", "--calibration", "s.safetensors")
        self.refused(2, "kerf calibrate --merge", "quantize", MODEL, "-o", "d.gguf", "--calibration", "s.safetensors",
                     "--calibration", "s.safetensors")
        self.ok("calibrate", "--merge", "s.safetensors", "s.safetensors", "-o", "twice.safetensors")
        self.assertIn("output error", self.ok("quantize", MODEL, "-o", "c.gguf", "--scheme", "q4_0", "--verbose",
                                              "--calibration", CALIBRATION, *few))

    def test_tokens_instead_of_text(self):
        with open(EVALUATION, encoding="utf-8") as file:
            ids = json.loads(self.ok("tokenize", MODEL, "--file", self.write("t.txt", file.read(4000))))
        tokens = self.write("ids.jsonl", json.dumps(ids) + "\n")
        few = ["--windows", "2", "--context", "128"]
        by_text = self.json("eval", MODEL, "--text", "t.txt", *few)
        by_ids = self.json("eval", MODEL, "--tokens", tokens, *few)
        self.assertEqual(by_text["perplexity"], by_ids["perplexity"])

    def test_models_that_are_no_decoders(self):
        """Encoders, classifiers, shared layers, an encoder with a decoder: read, converted, read again."""
        for name, shape in (("bert-mlm", [2, 24, 160]), ("bert-cls", [2, 5]), ("tinybert-base", [2, 24, 64]),
                            ("albert-mlm", [2, 24, 160]), ("mobilebert-mlm", [2, 24, 160]), ("t5", [2, 12, 160])):
            with self.subTest(name):
                model = os.path.join(GOLDENS, name)
                inputs = os.path.join(model, "expected.safetensors")
                ids = ["--tokens", inputs, "--context", "24"]
                self.assertEqual(self.json("inspect", model)["family"], name.split("-")[0].replace("tinybert", "bert"))
                for method, scheme, text in (("rtn", "int8", []), ("gptq", "int4-g32", ids)):
                    out = f"{name}-{method}"
                    self.ok("quantize", model, "-o", out, "--scheme", scheme, "--method", method, *text)
                    self.ok("logits", out, "--inputs", inputs, "--output", out + ".safetensors")
                    self.assertEqual(read_safetensors(self.path(out + ".safetensors"))["logits"][1], shape)
                self.refused(3, "has no tokenizer", "logits", model, "--prompt", "a")
                if name == "tinybert-base":
                    self.refused(3, "is a base model without a trained head", "eval", model, *ids)
                    continue
                found = self.json("eval", f"{name}-gptq", "--reference", model, *ids, "--mask-token", "4")
                self.assertTrue(math.isfinite(found["kl_mean"]) and found["kl_mean"] > 0, found)

    def test_statistics_of_shared_weights_are_of_all_their_uses(self):
        model = os.path.join(GOLDENS, "albert-mlm")
        ids = ["--tokens", os.path.join(model, "expected.safetensors"), "--context", "24", "--mask-token", "4"]
        self.ok("calibrate", model, *ids, "--hessian", "-o", "s.safetensors")
        with open(self.path("s.safetensors"), "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            metadata = json.loads(file.read(length))["__metadata__"]
        tokens = json.loads(metadata["group_tokens"])
        self.assertEqual(metadata["tokens"], "48")
        self.assertEqual({name: count for name, count in tokens.items() if "albert_layers" not in name},
                         {"albert.embeddings.word_embeddings.weight": 48, "predictions.dense.weight": 48,
                          "albert.encoder.embedding_hidden_mapping_in.weight": 48})
        self.assertEqual({count for name, count in tokens.items() if "albert_layers" in name}, {96})
        made = [self.json("quantize", model, "-o", f"{i}", "--scheme", "int4-g32", "--method", "gptq", *data)
                for i, data in enumerate((ids, [*ids, "--no-sequential"],
                                          ["--calibration", "s.safetensors", "--no-sequential"]))]
        self.assertEqual(len({result["outputs"][0]["weights_xxh3"] for result in made}), 1)
        solved = [tensor["rule"] for tensor in made[0]["tensors"] if tensor["method"] == "gptq"]
        self.assertEqual(len(solved), 6)
        self.assertTrue(all(rule.endswith("(one for 2 places)") for rule in solved), solved)

    def test_adapters(self):
        """What is written of a model and its adapter gives the logits of the two."""
        for name, base in (("llama-patterns", "llama"), ("gpt2-conv1d-rslora", "gpt2"), ("llama-tied-embedding", "llama-tied-mha")):
            with self.subTest(name):
                model, lora = os.path.join(GOLDENS, base), ["--lora", os.path.join(ADAPTERS, name)]
                inputs = os.path.join(model, "expected.safetensors")
                logits = {}
                for key, words in {"base": [model], "adapted": [model, *lora]}.items():
                    self.ok("logits", *words, "--inputs", inputs, "--output", key)
                    logits[key] = read_safetensors(self.path(key))["logits"]
                self.assertNotEqual(logits["base"], logits["adapted"])
                self.ok("quantize", model, *lora, "-o", f"{name}-merged", "--scheme", "f32")
                self.ok("logits", f"{name}-merged", "--inputs", inputs, "--output", "merged")
                self.assertEqual(read_safetensors(self.path("merged"))["logits"], logits["adapted"])
                self.ok("logits", model, lora[0], lora[1] + "=0.5", lora[0], lora[1] + "=-0.5", "--inputs", inputs, "--output", "none")
                text = self.ok("quantize", model, *lora, "-o", f"{name}.gguf", "--scheme", "q8_0", "--dry-run") if base == "llama" else ""
                if base == "llama":
                    self.assertIn("merged into 10 weights, rank 2 to 5", text)
                tokens = ["--tokens", inputs, "--context", "24"]
                self.ok("quantize", model, *lora, "-o", f"{name}-int8", "--scheme", "int8", "--keep", "*c_*")
                drift = self.json("eval", f"{name}-int8", "--reference", model, "--reference-lora", lora[1], *tokens)
                self.assertLess(drift["kl_mean"], 0.1)
                self.assertGreater(self.json("eval", f"{name}-int8", "--reference", model, *tokens)["kl_mean"], 3 * drift["kl_mean"])

    def test_adapters_that_do_not_fit(self):
        model = os.path.join(GOLDENS, "llama")
        self.refused(3, "adapter_model.safetensors: tensor 'base_model.model.classifier.bias': fits no tensor of the model", "inspect", model, "--lora", os.path.join(ADAPTERS, "bert-cls"))
        self.refused(3, "is not an adapter", "inspect", model, "--lora", MODEL)
        self.refused(2, "--lora: found 'x'", "inspect", model, "--lora", "nowhere=x")
        self.refused(2, "--reference-lora needs --reference", "eval", model, "--reference-lora", "x", "--text", EVALUATION)

    # ---- failing -------------------------------------------------------------------------------------------------

    def test_too_little_memory_is_refused(self):
        self.ok("quantize", MODEL, "-o", "x.gguf", "--scheme", "q4_0", "--method", "rtn")
        calibration = ["--calibration", CALIBRATION, "--samples", "2"]
        self.write("policy.yaml", "limits: {bytes: {max: 1GB}}\n")
        for words in (["eval", MODEL, *SHORT], ["gate", MODEL, "x.gguf", "--text", EVALUATION, "--windows", "8", "--policy", "policy.yaml"],
                      ["verify", MODEL, "x.gguf"],
                      ["compare", MODEL, *SHORT, "--candidate", "int8"], ["logits", MODEL, "--prompt", "Once"],
                      ["calibrate", MODEL, *calibration, "-o", "s.safetensors"],
                      ["quantize", MODEL, *calibration, "-o", "y.gguf", "--scheme", "q4_0"]):
            self.refused(2, "--max-ram 1.0 MiB: this run needs about", *words, "--max-ram", "1M")
            self.ok(*words, "--max-ram", "1G")

    def test_wrong_usage(self):
        self.refused(2, "did you mean quantize?", "quantise", MODEL)
        self.refused(2, "did you mean --text?", "eval", MODEL, "--tetx", EVALUATION)
        self.refused(2, "needs MODEL", "inspect")
        self.refused(2, "needs -o OUT", "quantize", MODEL)
        self.refused(2, "--max-ram", "eval", MODEL, *SHORT, "--max-ram", "4Q")
        self.refused(2, "--format 'gguf' stands before any -o", "quantize", MODEL, "--format", "gguf", "-o", "a")
        for words in (["--scheme", "int4-g33x"], ["--method", "gpqt"], ["--transform", "awk"],
                      ["--format", "gguff"]):
            self.refused(2, "'", "quantize", MODEL, "-o", "out.gguf", *words)
        self.refused(2, "it is a transform: --transform awq", "quantize", MODEL, "-o", "out.gguf", "--method", "awq")
        self.refused(2, "is a folder: gate needs a report", "gate", MODEL, "--policy", "policy.yaml")
        self.refused(2, "lama.cpp", "eval", MODEL, *SHORT, "--protocol", "lama.cpp")
        self.refused(2, "calibration", "quantize", MODEL, "-o", "out.gguf", "--method", "gptq")
        self.assertEqual(os.listdir(self.folder), [])

    def test_refused_inputs(self):
        self.refused(3, "nowhere", "inspect", "nowhere")
        self.refused(3, "no-text.txt", "eval", MODEL, "--text", "no-text.txt")
        self.refused(3, "broken", "inspect", self.write("broken.gguf", "not a model"))
        self.refused(3, "empty.txt", "eval", MODEL, "--text", self.write("empty.txt", ""))
        self.refused(3, "", "inspect", "line\nbreak\x1b[31m")
        self.assertEqual(sorted(os.listdir(self.folder)), ["broken.gguf", "empty.txt"])

    def test_outputs_that_cannot_be(self):
        self.refused(2, "the folder 'no-folder' does not exist", "quantize", MODEL, "-o", "no-folder/out.gguf", "--scheme", "q8_0")
        self.refused(2, "no-folder", "eval", MODEL, *SHORT, "--json=no-folder/out.json")
        self.refused(2, "did you mean .gguf?", "quantize", MODEL, "-o", "out.gguff")
        os.mkdir(self.path("full"))
        self.refused(2, "is a directory", "quantize", MODEL, "-o", "full", "--format", "gguf", "--scheme", "q8_0")
        self.write("full/mine.txt", "mine")
        done = self.run_kerf("quantize", MODEL, "-o", "full", "--scheme", "int8")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--force", done.stderr)
        self.assertEqual(os.listdir(self.path("full")), ["mine.txt"])
        self.ok("quantize", MODEL, "-o", "full", "--scheme", "int8", "--force")
        self.assertIn("config.json", os.listdir(self.path("full")))
        self.assertEqual(os.listdir(self.folder), ["full"])

    def test_standard_output_that_fails(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, "inspect", MODEL], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 4)
        self.assertIn("standard output", done.stderr)
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([PROGRAM, "inspect", MODEL], stdout=write, stderr=subprocess.PIPE, text=True)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (128 + signal.SIGPIPE, ""))

    def test_a_signal_leaves_nothing(self):
        process = subprocess.Popen([PROGRAM, "eval", MODEL, "--text", EVALUATION, "--threads", "1", "--json=out.json"],
                                   cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not os.listdir(self.folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertEqual(os.listdir(self.folder), [])

    def test_progress_only_on_a_terminal(self):
        for quiet, expected in ((False, True), (True, False)):
            master, slave = pty.openpty()
            words = ["eval", MODEL, *SHORT] + (["--quiet"] if quiet else [])
            process = subprocess.Popen([PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=slave, cwd=self.folder)
            os.close(slave)
            shown = b""
            while True:
                try:
                    piece = os.read(master, 65536)
                except OSError:  # Linux's end of file on a terminal whose other side is closed
                    break
                if not piece:
                    break
                shown += piece
            os.close(master)
            self.assertEqual(process.wait(), 0)
            self.assertEqual(b"%" in shown, expected, shown)
            # The bar is wiped: the last thing on its line is blanks and the cursor at the start.
            self.assertTrue(shown.endswith(b"\r") if expected else shown == b"", shown)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
