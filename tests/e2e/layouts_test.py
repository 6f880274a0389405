#!/usr/bin/env python3
"""Every golden checkpoint in every layout of quantized folders: written, read back and inspected, or refused with a sentence
before any work. One scheme has one hash in all layouts that hold it."""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, CHECKPOINTS = sys.argv.pop(1), sys.argv.pop(1)
TRIED = [("gptq", "int4-g32"), ("gptq", "int3-g64"), ("awq", "int4-g32"), ("mlx", "int4-g32"), ("mlx", "int6-g64-min"), ("bnb", "nf4-g64"),
         ("bnb", "int8")]
CONV1D = {"gpt2"}
# Matrices of 48 columns.
NARROW = {"qwen3-moe"}


def refusal(name, form, scheme):
    """Part of the sentence that must refuse this; None if it is held."""
    if name in CONV1D and form in ("awq", "mlx"):
        return "transposed (Conv1D)"
    if name in NARROW and scheme != "int8":
        return "48"
    if name == "mobilebert-mlm" and form in ("mlx", "bnb") and "g64" in scheme:
        return "do not divide"
    return None


class Layouts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="kerf-layouts-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def kerf(self, *words):
        return subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder, timeout=300)

    def check(self, name):
        hashes = {}
        for form, scheme in TRIED:
            out = f"{name}-{form}-{scheme}"
            done = self.kerf("quantize", os.path.join(CHECKPOINTS, name), "-o", out, "--format", form, "--scheme", scheme, "--threads", "1", "--json")
            why = refusal(name, form, scheme)
            if why is not None:
                self.assertEqual(done.returncode, 2, out)
                self.assertIn(why, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertFalse(os.path.exists(os.path.join(self.folder, out)))
                continue
            self.assertEqual((done.returncode, done.stderr), (0, ""), out)
            result = json.loads(done.stdout)
            hashes.setdefault(scheme, set()).add(result["outputs"][0]["weights_xxh3"])
            seen = self.kerf("inspect", out, "--json")
            self.assertEqual(seen.returncode, 0, seen.stderr)
            found = [t for t in json.loads(seen.stdout)["tensors"] if t["dtype"] == scheme]
            self.assertEqual(len(found), sum(t["scheme"] == scheme for t in result["tensors"]), out)
            self.assertGreater(len(found), 5, out)
        for scheme, values in hashes.items():
            self.assertEqual(len(values), 1, f"{name}: {scheme}")

    def test_all(self):
        names = sorted(name for name in os.listdir(CHECKPOINTS) if os.path.isdir(os.path.join(CHECKPOINTS, name)))
        self.assertGreaterEqual(len(names), 38)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = {name: pool.submit(self.check, name) for name in names}
        for name, run in runs.items():
            with self.subTest(name):
                run.result()


if __name__ == "__main__":
    unittest.main()
