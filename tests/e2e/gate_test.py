#!/usr/bin/env python3
"""The gate on the example model: examples/ci as a CI server runs it, policies that must fail, reports that must parse.

  gate_test.py PROGRAM EXAMPLES [unittest arguments]
"""
import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

PROGRAM, EXAMPLES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MODEL = os.path.join(EXAMPLES, "tiny-llama")
TEXT = os.path.join(MODEL, "evaluation.txt")
# As many windows as a verdict on int8 takes.
MEASURED = ["--text", TEXT, "--windows", "12", "--context", "256", "--quiet"]


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="kerf-gate-")
        cls.addClassCleanup(shutil.rmtree, cls.shared, True)
        cls.report = os.path.join(cls.shared, "compare.json")
        done = subprocess.run([PROGRAM, "compare", MODEL, *MEASURED, "--candidate", "int8", "int4-g128", f"--json={cls.report}",
                               "--csv", cls.report + ".csv", "--html", cls.report + ".html", "--markdown", cls.report + ".md"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        cls.text = done.stdout
        with open(cls.report, encoding="utf-8") as file:
            cls.compared = json.load(file)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="kerf-gate-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def gate(self, policy, *words, report=None):
        return subprocess.run([PROGRAM, "gate", report or self.report, "--policy", self.write("policy.yaml", policy), *words],
                              capture_output=True, text=True, cwd=self.folder)

    def ends(self, code, part, done):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(part, done.stdout + done.stderr)

    # ---- examples/ci -----------------------------------------------------------------------------------------------

    def test_the_example_passes_int8_and_stops_int4(self):
        script = os.path.join(EXAMPLES, "ci", "gate.sh")
        for candidate, code in (("int8", 0), ("int4-g128", 1)):
            out = self.path(candidate)
            done = subprocess.run([script, MODEL, TEXT, candidate, out], capture_output=True, text=True,
                                  env={**os.environ, "KERF": PROGRAM})
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            suites = xml.parse(os.path.join(out, "gate.xml")).getroot()
            self.assertEqual(suites.tag, "testsuites")
            self.assertEqual(int(suites.get("tests")), len(suites.findall(".//testcase")))
            self.assertEqual(int(suites.get("failures")), len(suites.findall(".//failure")))
            self.assertEqual(int(suites.get("failures")) > 0, code == 1)
            with open(os.path.join(out, "gate.sarif"), encoding="utf-8") as file:
                run = json.load(file)["runs"][0]
            self.assertEqual(bool(run["results"]), code == 1)
            rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
            for found in run["results"]:
                self.assertIn(found["ruleId"], rules)
                place = found["locations"][0]["physicalLocation"]
                self.assertTrue(place["artifactLocation"]["uri"].endswith("examples/ci/policy.yaml"))
                with open(os.path.join(EXAMPLES, "ci", "policy.yaml"), encoding="utf-8") as file:
                    self.assertIn(found["ruleId"], file.read().splitlines()[place["region"]["startLine"] - 1])
            with open(os.path.join(out, "gate.md"), encoding="utf-8") as file:
                self.assertIn("kerf gate: " + ("not passed" if code else "passed"), file.read())

    def test_the_workflow_is_valid_yaml_without_tabs(self):
        with open(os.path.join(EXAMPLES, "ci", "github-actions.yml"), encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn("\t", text)
        self.assertIn("ci/gate.sh model evaluation.txt", text)

    # ---- outcomes --------------------------------------------------------------------------------------------------

    def test_limits_and_bounds(self):
        int8 = self.compared["candidates"][0]
        high, mean = int8["intervals"]["kl_mean"]["high"], int8["kl_mean"]
        between = (high + mean) / 2
        only = "\ncandidates: [int8]\n"
        self.ends(0, "passed: all 2 checks", self.gate(f"limits: {{kl_mean: {{max: {between}}}}}{only}"))
        self.ends(1, "not passed: 1 of 2", self.gate(f"limits: {{kl_mean: {{max: {between}, bound: upper}}}}{only}"))
        self.ends(1, "failed: int4-g128: kl_mean: found", self.gate("limits: {kl_mean: {max: 0.005, bound: upper}}"))
        self.ends(0, "passed", self.gate("limits: {fallback_weights: {max: 0}, bits_per_weight: {max: 10}, bytes: {max: 8MB}}" + only))

    def test_what_cannot_be_decided_does_not_pass(self):
        only = "\ncandidates: [int8]\n"
        self.ends(1, "the report has no accuracy", self.gate("limits: {accuracy: {min: 0}}" + only))
        self.ends(1, "below the noise floor", self.gate("limits: {kl_mean: {max: 1e-14}}" + only))
        self.ends(1, "too little text", self.gate("limits: {kl_mean: {max: 1}}\nmin_tokens: 100000" + only))
        broken = json.loads(json.dumps(self.compared))
        broken["candidates"][0]["kl_mean"] = None
        report = self.write("broken.json", json.dumps(broken))
        self.ends(1, "kl_mean is not a finite number", self.gate("limits: {kl_mean: {max: 1}}" + only, report=report))
        del broken["noise_floor"]
        broken["candidates"][0]["kl_mean"] = 0.001
        report = self.write("broken.json", json.dumps(broken))
        self.ends(1, "no noise floor", self.gate("limits: {kl_mean: {max: 1}}" + only, report=report))

    def test_malformed_policies_and_reports_are_refused(self):
        for policy, part in (("limits: {kl_mena: {max: 1}}", "line 1: no metric 'kl_mena'; did you mean kl_mean?"),
                             ("limit: {}", "did you mean limits?"), ("", "expected a map"), ("limits: {}", "limits nothing"),
                             ("limits: {kl_mean: {max: much}}", "found 'much', expected a number"),
                             ("limits: {kl_mean: {max: 1}}\nbaseline: none.json", "none.json"),
                             ("limits: {kl_mean: {max: 1}}\ncandidates: [int7]", "no candidate of the report")):
            done = self.gate(policy)
            self.ends(3, part, done)
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
        self.ends(3, "is no report of kerf", self.gate("limits: {kl_mean: {max: 1}}", report=self.write("r.json", "{}")))
        self.ends(3, "r.json: line 1", self.gate("limits: {kl_mean: {max: 1}}", report=self.write("r.json", "{")))
        words = [PROGRAM, "gate", self.report]
        done = subprocess.run(words, capture_output=True, text=True)
        self.ends(2, "gate needs --policy FILE", done)
        self.ends(2, "gate measures nothing when it is given a report", self.gate("limits: {kl_mean: {max: 1}}", "--text", TEXT))

    def test_a_pair_of_models_and_its_baseline(self):
        made = self.path("int8.gguf")
        subprocess.run([PROGRAM, "quantize", MODEL, "-o", made, "--scheme", "int8-g32", "--quiet"], check=True, capture_output=True)
        policy = self.write("policy.yaml", "limits: {kl_mean: {max: 0.01, bound: upper}}\n")
        pair = [PROGRAM, "gate", MODEL, made, *MEASURED]
        done = subprocess.run([*pair, "--policy", policy, "--report", self.path("first.json")], capture_output=True, text=True)
        self.ends(0, "passed: all 2 checks", done)
        against = self.write("against.yaml", "baseline: first.json\nmargin: 0.1%\nlimits: {bytes: {max_increase: 1%}}\n")
        self.ends(0, "passed: all 4 checks", subprocess.run([*pair, "--policy", against], capture_output=True, text=True))
        # Another text, another baseline.
        other = [PROGRAM, "gate", MODEL, made, "--text", TEXT, "--windows", "11", "--context", "256", "--quiet", "--policy", against]
        self.ends(1, "the baseline was measured on another text", subprocess.run(other, capture_output=True, text=True))
        # A worse model.
        worse = self.path("int4.gguf")
        subprocess.run([PROGRAM, "quantize", MODEL, "-o", worse, "--scheme", "q4_0", "--quiet"], check=True, capture_output=True)
        done = subprocess.run([PROGRAM, "gate", MODEL, worse, *MEASURED, "--policy", against], capture_output=True, text=True)
        self.ends(1, "worse than the baseline", done)

    # ---- what is measured ------------------------------------------------------------------------------------------

    def test_statistics_of_a_comparison(self):
        int8, int4 = self.compared["candidates"]
        self.assertEqual(int8["against_reference"]["verdict"], "equivalent")
        self.assertEqual(int4["against_reference"]["verdict"], "worse")
        pair = self.compared["pairs"][0]
        self.assertEqual((pair["spec"], pair["other"], pair["kl"]["verdict"]), ("int4-g128", "int8", "worse"))
        self.assertAlmostEqual(pair["kl"]["difference"], int4["kl_mean"] - int8["kl_mean"], places=12)
        floor = self.compared["noise_floor"]
        self.assertTrue(0 < floor["kl_mean"] < 0.01 * int8["kl_mean"], floor)
        for candidate in (int8, int4):
            windows = candidate["by_window"]
            self.assertEqual(sum(windows["tokens"]), candidate["tokens_scored"])
            mean = sum(k * n for k, n in zip(windows["kl"], windows["tokens"])) / candidate["tokens_scored"]
            self.assertAlmostEqual(mean, candidate["kl_mean"], places=12)
            # Batch means by their definition, for windows of one size.
            count = len(windows["kl"])
            error = math.sqrt(sum((k - mean) ** 2 for k in windows["kl"]) / count / (count - 1))
            self.assertAlmostEqual(error, candidate["intervals"]["kl_mean"]["stderr"], places=12)
            positions = candidate["by_position"]
            self.assertEqual(sum(positions["tokens"]), candidate["tokens_scored"])
            histogram = candidate["kl_histogram"]
            self.assertEqual(sum(histogram["counts"]) + histogram["below"] + histogram["above"], candidate["tokens_scored"])
            self.assertEqual(len(candidate["worst"]), 20)
            worst = [token["kl"] for token in candidate["worst"]]
            self.assertEqual(worst, sorted(worst, reverse=True))
            self.assertEqual(worst[0], candidate["kl_max"])
            with open(TEXT, encoding="utf-8") as file:
                everything = file.read()
            self.assertIn(candidate["worst"][0]["before"].strip()[-20:], everything)
            self.assertAlmostEqual(candidate["perplexity_ratio"], candidate["perplexity"] / self.compared["reference"]["perplexity"])
        for part in ("verdict", "change (95%)", "noise floor", "margin", "equivalent"):
            self.assertIn(part, self.text)

    def test_every_figure_of_llama_cpp(self):
        words = [PROGRAM, "eval", MODEL, "--reference", MODEL, "--kv-cache", "q4_0", "--reverse-kl", *MEASURED]
        text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        names = [line.split("  ")[0] for line in text.splitlines()]
        for name in ("perplexity", "its perplexity", "correlation of ln(p)", "ln(perplexity ratio)", "perplexity ratio",
                     "perplexity difference", *(f"KL {q}" for q in ("mean", "max", "99.9%", "99%", "95%", "90%", "median", "10%", "5%", "1%", "min")),
                     "RMS delta p", *(f"delta p {q}" for q in ("mean", "max", "99.9%", "99%", "95%", "90%", "75%", "median", "25%", "10%",
                                                               "5%", "1%", "0.1%", "min")), "top-1 agreement", "reverse KL mean"):
            self.assertIn(name, names)

    def test_documents(self):
        with open(self.report + ".csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["spec"] for row in rows][1:], ["int8", "int4-g128"])
        for row, candidate in zip(rows[1:], self.compared["candidates"]):
            self.assertEqual(float(row["kl_mean"]), candidate["kl_mean"])
        with open(self.report + ".md", encoding="utf-8") as file:
            markdown = file.read()
        self.assertRegex(markdown, r"\*\*int8\*\*: \d\.\d times smaller, runs in [\d.]+ [MG]B, perplexity [+-][\d.]+% . [\d.]+, one token in \d+ differs\.")
        with open(self.report + ".html", encoding="utf-8") as file:
            page = file.read()
        self.assertFalse(re.search(r"https?:|src=|url\(|@import", page))

    # ---- protocols -------------------------------------------------------------------------------------------------

    def test_a_stride_of_the_context_scores_what_gptq_does_and_the_seams(self):
        words = ["--text", TEXT, "--context", "128", "--windows", "6", "--json"]
        value = lambda *more: json.loads(subprocess.run([PROGRAM, "eval", MODEL, *words, *more], capture_output=True, check=True).stdout)
        whole = value("--protocol", "gptq")
        strided = value("--protocol", "strided", "--stride", "128")
        self.assertEqual(strided["perplexity"], whole["perplexity"])
        self.assertEqual(strided["text"]["stride"], 128)
        finer = value("--protocol", "strided", "--stride", "32")
        self.assertEqual(finer["tokens_scored"], 127 + 5 * 32)

    def test_documents_per_word_and_byte(self):
        documents = ["The people of the United States.", "  Fellow citizens,\n\nit is \u00e9 1862. "]
        path = self.write("d.jsonl", "".join(json.dumps({"text": d}) + "\n" for d in documents))
        found = json.loads(subprocess.run([PROGRAM, "eval", MODEL, "--text", path, "--protocol", "lm-eval", "--json"], capture_output=True,
                                          check=True).stdout)
        words, size = sum(len(re.split(r"\s+", d)) for d in documents), sum(len(d.encode()) for d in documents)
        nll = math.log(found["perplexity"]) * found["tokens_scored"]
        self.assertEqual((found["text"]["words"], found["text"]["bytes"], found["text"]["documents"]), (words, size, 2))
        self.assertAlmostEqual(found["word_perplexity"], math.exp(nll / words), delta=1e-9 * found["word_perplexity"])
        self.assertAlmostEqual(found["byte_perplexity"], math.exp(nll / size))
        self.assertAlmostEqual(found["bits_per_byte"], nll / size / math.log(2))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
