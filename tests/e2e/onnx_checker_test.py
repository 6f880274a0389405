#!/usr/bin/env python3
"""onnx_checker_test.py KERF CHECK_ONNX ROOT: what kerf writes of ONNX models and exports of checkpoints is what ONNX's own checker
accepts, where it knows the opset. Of opset 17 and earlier stay the kinds that need no newer operators."""
import os
import subprocess
import sys
import tempfile

KERF, CHECK, ROOT = sys.argv[1:4]
EVERYWHERE = lambda scheme: ["--scheme", scheme, "--embedding", scheme, "--head", scheme]
KINDS = {
    "matmulnbits": (EVERYWHERE("int4-g32"), []), "matmulnbits asymmetric": (EVERYWHERE("int8-g16-asym"), ["--accuracy-level", "4"]),
    "external": (EVERYWHERE("int4-g32"), ["--external-data", "always"]), "channels": (EVERYWHERE("int8"), ["--onnx-kind", "qdq"]),
    "asymmetric": (EVERYWHERE("int8-asym"), ["--onnx-kind", "qdq"]), "blocked": (EVERYWHERE("int4-g32"), ["--onnx-kind", "qdq"]),
    "dynamic": (EVERYWHERE("int8"), ["--onnx-kind", "dynamic"]), "halves": (EVERYWHERE("f16"), []),
    "fixed": (EVERYWHERE("int8"), ["--onnx-kind", "qdq", "--shape", "batch=1,length=24"]),
    "static": (["--scheme", "int8", "--method", "rtn", "--activations", "int8-static", "TOKENS"], []),
    "static asymmetric": (["--scheme", "int8", "--method", "rtn", "--activations", "int8-static-asym", "TOKENS"], ["--shape", "batch=1"]),
}


def main():
    counts, failures = {"ok": 0, "newer": 0}, 0
    with tempfile.TemporaryDirectory() as folder:
        tokens = os.path.join(folder, "tokens.jsonl")
        with open(tokens, "w") as file:
            file.write("".join(str([(7 * row + 3 * i) % 90 + 3 for i in range(24)]) + "\n" for row in range(4)))
        models = [os.path.join(ROOT, "tests/golden/onnx", name, "model.onnx") for name in sorted(os.listdir(os.path.join(ROOT, "tests/golden/onnx")))]
        models = [model for model in models if "dynamo" not in model or "20" in model]
        models += [os.path.join(ROOT, "tests/golden/checkpoints", name) for name in ("llama", "bert-cls", "t5", "mixtral")]
        for model in models:
            for kind, (given, options) in KINDS.items():
                output = os.path.join(folder, "model.onnx")
                flags = [part for flag in given for part in (["--tokens", tokens, "--context", "24"] if flag == "TOKENS" else [flag])]
                if "--shape" in options and not model.endswith(".onnx"):
                    options = []
                ran = subprocess.run([KERF, "quantize", model, *flags, "-o", output, "--force", *options], capture_output=True, text=True)
                if ran.returncode != 0:
                    print(f"{model}, {kind}: {ran.stderr.strip().splitlines()[-1]}")
                    failures += 1
                    continue
                said = subprocess.run([CHECK, output], capture_output=True, text=True).stdout.strip().split(": ", 1)[1]
                if said in counts:
                    counts[said] += 1
                else:
                    print(f"{model}, {kind}: {said}")
                    failures += 1
    print(f"{counts['ok']} files accepted, {counts['newer']} of newer opsets, {failures} refused")
    sys.exit(0 if failures == 0 and counts["ok"] > 40 else 1)


if __name__ == "__main__":
    main()
