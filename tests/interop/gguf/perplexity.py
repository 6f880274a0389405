#!/usr/bin/env python3
"""Perplexity and drift of GGUF files from llama.cpp's logits, by the definitions, beside what kerf says of the same files.

  perplexity.py KERF ROOT        KERF_INTEROP_MODULES: folder of the npm packages. Exit status 77: cannot be compared here.
"""
import array
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.environ.get("KERF_INTEROP_MODULES", os.path.join(HERE, "../../../build/interop/node_modules"))
# So many tokens that what rounded activations do to single ones is below the 0.1 % that is held.
CONTEXT, WINDOWS = 256, 56
SKIPPED = 77


def read_logits(path):
    """(vocabulary, flat f32 values)"""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        entry = json.loads(file.read(length))["logits"]
        file.seek(8 + length + entry["data_offsets"][0])
        values = array.array("f", file.read(entry["data_offsets"][1] - entry["data_offsets"][0]))
    return entry["shape"][-1], values


def log_softmax(row):
    peak = max(row)
    normalizer = peak + math.log(sum(math.exp(x - peak) for x in row))
    return [x - normalizer for x in row]


def quantile(ascending, q):
    place = q * (len(ascending) - 1)
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (place - below) * (ascending[above] - ascending[below])


def main():
    kerf, root = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    if shutil.which("node") is None or not os.path.isdir(os.path.join(MODULES, "node-llama-cpp")):
        print(f"skipped: Node.js or node-llama-cpp in {MODULES} is missing; scripts/setup_interop installs it")
        return SKIPPED
    model = os.path.join(root, "examples/tiny-llama")
    text = os.path.join(model, "evaluation.txt")
    failures = 0

    def check(what, found, expected, tolerance):
        nonlocal failures
        near = abs(found - expected) <= tolerance
        failures += not near
        print(f"{'ok  ' if near else 'FAIL'} {what}: kerf {found:.8g}, from llama.cpp's logits {expected:.8g}")

    with tempfile.TemporaryDirectory(prefix="kerf-perplexity-") as folder:
        path = lambda name: os.path.join(folder, name)
        run = lambda *words: subprocess.run([kerf, *words], check=True, capture_output=True, text=True).stdout
        ids = json.loads(run("tokenize", model, "--file", text))
        bare = json.loads(run("tokenize", model, "--file", text, "--no-special"))
        bos = ids[0] if len(ids) > len(bare) else None
        windows = [ids[i * CONTEXT:(i + 1) * CONTEXT] for i in range(WINDOWS)]
        if bos is not None:
            windows = [[bos, *window[1:]] for window in windows]
        with open(path("ids.json"), "w", encoding="utf-8") as file:
            json.dump(windows, file)
        names = {"f16": "f16", "q4_0": "q4_0"}
        for name, scheme in names.items():
            run("quantize", model, "-o", path(name + ".gguf"), "--scheme", scheme, "--embedding", "f16", "--quiet")
            subprocess.run(["node", os.path.join(HERE, "llama_logits.mjs"), path(name + ".gguf"), path("ids.json"), path(name + ".logits")],
                           check=True, env={**os.environ, "KERF_INTEROP_MODULES": MODULES})
        found = json.loads(run("eval", path("q4_0.gguf"), "--reference", path("f16.gguf"), "--text", text, "--context", str(CONTEXT),
                               "--windows", str(WINDOWS), "--protocol", "llama.cpp", "--quiet", "--json"))
        vocabulary, reference = read_logits(path("f16.logits"))
        _, candidate = read_logits(path("q4_0.logits"))
        nll, reference_nll, kl, change, same = [], [], [], [], 0
        for w, window in enumerate(windows):
            for position in range(CONTEXT // 2, CONTEXT - 1):
                start = (w * CONTEXT + position) * vocabulary
                p, q = log_softmax(reference[start:start + vocabulary]), log_softmax(candidate[start:start + vocabulary])
                target = window[position + 1]
                reference_nll.append(-p[target])
                nll.append(-q[target])
                kl.append(sum(math.exp(a) * (a - b) for a, b in zip(p, q)))
                change.append(math.exp(q[target]) - math.exp(p[target]))
                same += max(range(vocabulary), key=p.__getitem__) == max(range(vocabulary), key=q.__getitem__)
        count = len(nll)
        mean = lambda values: sum(values) / len(values)
        perplexity = lambda values: math.exp(mean(values))
        check("tokens scored", found["tokens_scored"], count, 0)
        # llama.cpp multiplies q4_0 by activations rounded to 8 bits; the file's values are the same.
        check("perplexity of f16", found["reference"]["perplexity"], perplexity(reference_nll), 1e-3 * perplexity(reference_nll))
        check("perplexity of q4_0", found["perplexity"], perplexity(nll), 1e-3 * perplexity(nll))
        check("ln of their ratio", found["perplexity_log_ratio"], mean(nll) - mean(reference_nll), 1e-3)
        kl.sort()
        check("KL mean", found["kl_mean"], mean(kl), 0.03 * mean(kl))
        check("KL median", found["kl_median"], quantile(kl, 0.5), 0.05 * quantile(kl, 0.5))
        check("KL 99%", found["kl_p99"], quantile(kl, 0.99), 0.1 * quantile(kl, 0.99))
        check("RMS delta p", found["delta_p_rms"], math.sqrt(mean([d * d for d in change])), 0.03 * found["delta_p_rms"])
        check("top-1 agreement", found["top1_agreement"], same / count, 0.01)
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
