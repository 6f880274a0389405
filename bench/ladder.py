#!/usr/bin/env python3
"""Is the ladder in one pass worth it? Times `kerf compare` of int8, int4-g128, int4-g32 with rtn, mse and awq together
against nine runs of one candidate each, and the same with sequential gptq against three runs, one after the other in the
same session, and checks that all figures are the same to the bit.

  ladder.py PROGRAM MODEL EVALUATION CALIBRATION [--rounds N] [kerf compare's options]

Prints seconds of every run and the ratios of the best of each; exit status 1 if figures differ.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

SCHEMES = ("int8", "int4-g128", "int4-g32")
LADDERS = {"rtn, mse, awq": [f"{scheme}/{method}" for scheme in SCHEMES for method in ("rtn", "mse", "rtn+awq")],
           "gptq": [f"{scheme}/gptq" for scheme in SCHEMES]}
PASSING = ("seconds", "peak_ram_bytes")


def compare(program, model, evaluation, calibration, options, candidates):
    """(seconds, what was found of each candidate)"""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "compare.json")
        start = time.monotonic()
        subprocess.run([program, "compare", model, "--text", evaluation, "--calibration", calibration, *options, "-q",
                        f"--json={out}", "--candidate", *candidates], check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - start
        with open(out, encoding="utf-8") as file:
            found = json.load(file)
    return seconds, [{key: value for key, value in each.items() if key not in PASSING} for each in found["candidates"]]


def main(program, model, evaluation, calibration, *options):
    options, rounds = list(options), 1
    if "--rounds" in options:
        at = options.index("--rounds")
        rounds = int(options[at + 1])
        del options[at:at + 2]
    same = True
    for name, candidates in LADDERS.items():
        together, apart = [], []
        for _ in range(rounds):
            seconds, found = compare(program, model, evaluation, calibration, options, candidates)
            together.append(seconds)
            total = 0
            for candidate, mine in zip(candidates, found):
                seconds, alone = compare(program, model, evaluation, calibration, options, [candidate])
                total += seconds
                print(f"  {candidate:20} alone {seconds:7.1f} s", flush=True)
                if alone != [mine]:
                    same = False
                    print(f"  {candidate}: the figures differ")
            apart.append(total)
            print(f"{name}: together {together[-1]:.1f} s, {len(candidates)} runs {apart[-1]:.1f} s", flush=True)
        print(f"{name}: {min(apart) / min(together):.2f} times as fast together")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
