#!/usr/bin/env python3
"""Evaluation of models that are no decoders, by the program, against two other computations: transformers' figures
(tests/golden/protocols.json, made by make_protocols.py), and negative log likelihoods worked out here from the logits
that the program gives for hand-made inputs.

  protocols_test.py PROGRAM GOLDENS [unittest arguments]
"""
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
GOLDENS = os.path.abspath(sys.argv[2])
CHECKPOINTS = os.path.join(GOLDENS, "checkpoints")
VOCABULARY, CONTEXT, MASK = 160, 32, 4


def drawn(count, seed=1, low=5):
    ids, state = [], seed
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2 ** 31
        ids.append(low + (state >> 16) % (140 - low))
    return ids


def read_safetensors(path):
    with open(path, "rb") as file:
        content = file.read()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    return content[:8 + length], header, content[8 + length:]


def write_ids(path, tensors):
    """name -> rows of ids of one length."""
    header, data = {}, b""
    for name, rows in tensors.items():
        raw = b"".join(struct.pack(f"<{len(row)}q", *row) for row in rows)
        header[name] = {"dtype": "I64", "shape": [len(rows), len(rows[0])], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def log_softmax(row):
    peak = max(row)
    total = peak + math.log(sum(math.exp(x - peak) for x in row))
    return [x - total for x in row]


def tokenizer_json(special):
    """A tokenizer of the words w0 to w159 with these special tokens."""
    words = {f"w{i}": i for i in range(VOCABULARY)}
    names = {}
    for name, ids in (("[B{}]", special["before"]), ("[A{}]", special["after"]), ("<extra_id_{}>", special.get("sentinels", []))):
        names.update({token: name.format(k) for k, token in enumerate(ids)})
    if "mask" in special:
        names[special["mask"]] = "[MASK]"
    names[0] = names.get(0, "[PAD]")
    for token, name in names.items():
        del words[f"w{token}"]
        words[name] = token
    added = [{"id": token, "content": name, "special": True, "normalized": False, "lstrip": False, "rstrip": False,
              "single_word": False} for token, name in sorted(names.items())]
    around = lambda ids: [{"SpecialToken": {"id": names[i], "type_id": 0}} for i in ids]
    single = around(special["before"]) + [{"Sequence": {"id": "A", "type_id": 0}}] + around(special["after"])
    known = {names[i]: {"id": names[i], "ids": [i], "tokens": [names[i]]} for i in special["before"] + special["after"]}
    return {"version": "1.0", "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": False},
            "post_processor": {"type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": known},
            "decoder": None, "model": {"type": "BPE", "vocab": words, "merges": [], "ignore_merges": True}}


class Protocols(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="kerf-protocols-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, value):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(value if isinstance(value, str) else json.dumps(value))
        return self.path(name)

    def kerf(self, *words):
        return subprocess.run([PROGRAM, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              cwd=self.folder, timeout=300)

    def ok(self, *words):
        done = self.kerf(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"kerf {words}\n{done.stdout}")
        return done.stdout

    def json(self, *words):
        return json.loads(self.ok(*words, "--json"))

    def refused(self, code, part, *words):
        done = self.kerf(*words)
        self.assertEqual((done.returncode, done.stdout), (code, ""), f"kerf {words}: {done.stderr}")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(part, done.stderr)

    def model(self, name, special=None, **config):
        """A copy of a golden checkpoint, with a tokenizer of these special tokens and other keys in its config.json."""
        path = self.path(name)
        shutil.copytree(os.path.join(CHECKPOINTS, name), path, dirs_exist_ok=True)
        if special is not None:
            self.write(f"{name}/tokenizer.json", tokenizer_json(special))
        with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
            value = json.load(file)
        value.update(config)
        self.write(f"{name}/config.json", value)
        return path

    def cut(self, name):
        """A copy whose weights have only their upper 16 bits."""
        path = self.path(name + "-cut")
        shutil.copytree(os.path.join(CHECKPOINTS, name), path)
        head, _, data = read_safetensors(os.path.join(path, "model.safetensors"))
        data = bytearray(data)
        data[0::4] = data[1::4] = bytes(len(data) // 4)
        with open(os.path.join(path, "model.safetensors"), "wb") as file:
            file.write(head + data)
        return path

    def logits(self, model, inputs):
        """Rows of log probabilities: [batch][position]."""
        write_ids(self.path("in.safetensors"), inputs)
        self.ok("logits", model, "--inputs", "in.safetensors", "--output", "out.safetensors")
        _, header, data = read_safetensors(self.path("out.safetensors"))
        shape = header["logits"]["shape"]
        width = shape[-1]
        values = struct.unpack(f"<{len(data) // 4}f", data)
        rows = [log_softmax(values[at:at + width]) for at in range(0, len(values), width)]
        length = shape[1] if len(shape) == 3 else 1
        return [rows[at:at + length] for at in range(0, len(rows), length)]

    # ---- against transformers ------------------------------------------------------------------------------------

    def test_goldens(self):
        with open(os.path.join(GOLDENS, "protocols.json"), encoding="utf-8") as file:
            cases = json.load(file)["cases"]
        self.assertGreater(len(cases), 15)
        for case in cases:
            with self.subTest(case["model"] + " " + case["protocol"]):
                self.check_golden(case)

    def check_golden(self, case):
        model = os.path.join(CHECKPOINTS, case["model"])
        words = ["eval", self.cut(case["model"]) if not os.path.exists(self.path(case["model"] + "-cut")) else
                 self.path(case["model"] + "-cut"), "--reference", model, "--context", case["context"],
                 "--protocol", case["protocol"]]
        if "labels" in case:
            self.write("tokenizer.json", tokenizer_json(case["special"]))
            lines = [json.dumps({"text": " ".join(f"w{i}" for i in ids), "label": label})
                     for ids, label in zip(case["ids"], case["labels"])]
            words += ["--text", self.write("text.jsonl", "\n".join(lines)), "--tokenizer", "tokenizer.json"]
        else:
            words += ["--tokens", self.write("ids.jsonl", "\n".join(map(json.dumps, case["ids"])))]
        if "mask" in case["special"]:
            words += ["--mask-token", case["special"]["mask"]]
        if "sentinels" in case["special"]:
            self.write("tokenizer.json", tokenizer_json(case["special"]))
            words += ["--tokenizer", "tokenizer.json"]
        found = self.json(*words)
        self.assertEqual(found["tokens_scored"], case["tokens_scored"])
        for key in ("perplexity", "perplexity_stderr", "entropy", "accuracy"):
            for part, own in ((found, case["candidate"]), (found["reference"], case["reference"])):
                self.assertEqual(key in part, key in own, key)
                if key in own:
                    self.assertLess(abs(part[key] / own[key] - 1), 2e-4, key)
        for key in ("predicted", "probability"):
            for part, own in ((found, case["candidate"]), (found["reference"], case["reference"])):
                shares = own.get("predicted" if key == "predicted" else "mean_probability", [])
                for mine, theirs in zip(part.get("classes", []), shares):
                    self.assertLess(abs(mine[key] - theirs), 2e-4)
        # Two f32 computations of the logits differ by some 1e-6 of their size; so do differences between two of them.
        for key in ("kl_mean", "kl_max", "kl_median", "delta_p_rms"):
            self.assertLess(abs(found[key] - case[key]), 1e-2 * case[key] + 1e-6, key)
        self.assertLess(abs(found["top1_agreement"] - case["top1_agreement"]), 2 / case["tokens_scored"])

    # ---- against logits of hand-made inputs ----------------------------------------------------------------------

    def check_nll(self, found, nll):
        mean = sum(nll) / len(nll)
        self.assertEqual(found["tokens_scored"], len(nll))
        self.assertLess(abs(math.log(found["perplexity"]) - mean), 1e-5)
        spread = math.sqrt(sum((x - mean) ** 2 for x in nll) / len(nll) / (len(nll) - 1))
        self.assertLess(abs(found["perplexity_stderr"] / found["perplexity"] - spread), 1e-5)

    def masked(self, ids, before, after):
        """Inputs and (row, position, id) of the protocol masked-lm: written here once more."""
        size = CONTEXT - len(before) - len(after)
        rows, places = [], []
        for window in range(len(ids) // size):
            row = before + ids[window * size:(window + 1) * size] + after
            eligible = [p for p in range(len(before), len(before) + size) if row[p] != MASK]
            for position in eligible[window % 7::7]:
                places.append((window, position, row[position]))
                row[position] = MASK
            rows.append(row)
        return rows, places

    def test_masked_language_models(self):
        ids = drawn(300)
        ids[40] = MASK  # stands in the text: neither hidden nor asked for
        tokens = self.write("ids.jsonl", ids)
        for name, before, after in (("bert-mlm", [], []), ("distilbert-mlm", [], []), ("roberta-mlm", [0], [2]),
                                    ("albert-mlm", [2], [3]), ("mobilebert-mlm", [], [])):
            with self.subTest(name):
                model = os.path.join(CHECKPOINTS, name)
                rows, places = self.masked(ids, before, after)
                logits = self.logits(model, {"input_ids": rows})
                found = self.json("eval", model, "--tokens", tokens, "--context", CONTEXT, "--mask-token", MASK)
                self.check_nll(found, [-logits[w][p][target] for w, p, target in places])
                self.assertEqual(found["text"]["protocol"], "masked-lm")
                self.assertEqual(found["text"]["figure"], "pseudo-perplexity")
                self.assertEqual(found["text"]["windows"], len(rows))
                self.assertEqual(found["text"].get("special_tokens", 0), len(before) + len(after))
                self.assertLess(abs(found["text"]["masked_share"] - 1 / 7), 0.02)

    def test_the_tokenizer_says_what_is_special(self):
        special = {"before": [1], "after": [2], "mask": MASK}
        model = self.model("bert-mlm", special)
        ids = drawn(100)
        text = self.write("text.txt", " ".join(f"w{i}" for i in ids))
        rows, places = self.masked(ids, [1], [2])
        logits = self.logits(model, {"input_ids": rows})
        by_text = self.json("eval", model, "--text", text, "--context", CONTEXT)
        self.check_nll(by_text, [-logits[w][p][target] for w, p, target in places])
        self.assertEqual(by_text["text"]["notes"], [])
        # Ids that a tokenizer has put between its special tokens are the same text.
        for name, given in (("bare", ids), ("framed", [1] + ids + [2])):
            by_ids = self.json("eval", model, "--tokens", self.write(name + ".jsonl", given), "--context", CONTEXT)
            self.assertEqual(by_ids["perplexity"], by_text["perplexity"])
        shown = self.ok("eval", model, "--text", text, "--context", CONTEXT)
        self.assertIn("windows            3 of 32 tokens each, 2 of them special\n", shown)
        self.assertRegex(shown, r"pseudo-perplexity  \d")
        self.assertIn("tokens dropped     10 at the end of the text\n", shown)
        predictions = self.json("logits", model, "--prompt", "w9 [MASK] w11 [MASK]", "--top", "3")
        row = self.logits(model, {"input_ids": [[1, 9, MASK, 11, MASK, 2]]})[0]
        self.assertEqual([p["mask"] for p in predictions], [1, 1, 1, 2, 2, 2])
        self.assertAlmostEqual(predictions[0]["probability"], math.exp(max(row[2])), places=5)
        self.assertAlmostEqual(predictions[3]["probability"], math.exp(max(row[4])), places=5)
        self.refused(2, "write '[MASK]' in it", "logits", model, "--prompt", "w9")

    def test_an_encoder_with_a_decoder(self):
        ids = drawn(200, seed=3)
        special = {"before": [], "after": [1], "sentinels": list(range(159, 139, -1))}
        self.write("tokenizer.json", tokenizer_json(special))
        tokens = self.write("ids.jsonl", ids)
        size = CONTEXT - 1
        windows = [ids[at:at + size] for at in range(0, len(ids) - size + 1, size)]
        for name in ("t5", "t5-gated"):
            with self.subTest(name):
                model = os.path.join(CHECKPOINTS, name)
                half = size // 2
                logits = self.logits(model, {"input_ids": [w[:half] + [1] for w in windows],
                                             "decoder_input_ids": [[0] + w[half:-1] for w in windows]})
                found = self.json("eval", model, "--tokens", tokens, "--context", CONTEXT)
                self.check_nll(found, [-row[k][t] for w, row in zip(windows, logits) for k, t in enumerate(w[half:])])
                self.assertEqual(found["text"]["protocol"], "prefix-lm")
                # Spans at 3 * (window mod 7) and every 21 on.
                nll = []
                for number, window in enumerate(windows):
                    source, written, places, at = [], [], [], 0
                    for k, begin in enumerate(range(3 * (number % 7), size, 21)):
                        source += window[at:begin] + [159 - k]
                        written.append(159 - k)
                        at = min(begin + 3, size)
                        places += [(len(written) + i, t) for i, t in enumerate(window[begin:at])]
                        written += window[begin:at]
                    source += window[at:] + [1]
                    row = self.logits(model, {"input_ids": [source], "decoder_input_ids": [[0] + written[:-1]]})[0]
                    nll += [-row[p][t] for p, t in places]
                found = self.json("eval", model, "--tokens", tokens, "--context", CONTEXT, "--tokenizer", "tokenizer.json")
                self.check_nll(found, nll)
                self.assertEqual(found["text"]["protocol"], "span-corruption")

    def test_classifiers(self):
        labels = {"0": "bad", "1": "so so", "2": "good", "3": "better", "4": "best"}
        model = self.model("bert-cls", {"before": [1], "after": [2]}, id2label=labels)
        lines = [drawn(3 + 5 * k, seed=k + 1) for k in range(12)]
        texts = [" ".join(f"w{i}" for i in line) for line in lines]
        inputs = [[1] + line[:CONTEXT - 2] + [2] for line in lines]
        rows = [self.logits(model, {"input_ids": [ids]})[0][0] for ids in inputs]
        text = self.write("text.txt", texts[0] + "\n\n \n" + "\n".join(texts[1:]) + "\n")
        found = self.json("eval", model, "--text", text, "--context", CONTEXT)
        self.assertEqual((found["tokens_scored"], found["text"]["blank_lines"]), (12, 2))
        for key in ("perplexity", "perplexity_stderr", "accuracy", "kl_mean"):
            self.assertNotIn(key, found)
        self.assertAlmostEqual(found["entropy"], -sum(sum(math.exp(x) * x for x in row) for row in rows) / 12, places=5)
        self.assertEqual([c["label"] for c in found["classes"]], list(labels.values()))
        for c, share in enumerate(found["classes"]):
            self.assertAlmostEqual(share["probability"], sum(math.exp(row[c]) for row in rows) / 12, places=5)
            self.assertAlmostEqual(share["predicted"], sum(row[c] == max(row) for row in rows) / 12, places=9)
        shown = self.ok("eval", model, "--text", text, "--context", CONTEXT)
        self.assertIn("so so", shown)
        self.assertNotIn("perplexity", shown)
        # Labels by name or number.
        names = [labels[str(row.index(max(row)))] for row in rows]
        for given in (names, [row.index(max(row)) for row in rows]):
            right = [json.dumps({"text": t, "label": g}) for t, g in zip(texts, given)]
            labelled = self.json("eval", model, "--text", self.write("l.jsonl", "\n".join(right)), "--context", CONTEXT)
            self.assertEqual(labelled["accuracy"], 1)
        self.refused(3, "l.jsonl: line 2: label: found '\"fine\"', expected a class of the model: 0 to 4, or 'bad', 'so so'",
                     "eval", model, "--text", self.write("l.jsonl", json.dumps({"text": "w9", "label": "bad"}) + "\n" +
                                                          json.dumps({"text": "w9", "label": "fine"})))
        self.refused(3, "l.jsonl: line 2: has no label", "eval", model, "--text", self.write(
            "l.jsonl", json.dumps({"text": "w9", "label": "bad"}) + "\n" + json.dumps({"text": "w9"})))
        # Against a reference: the distributions' divergence.
        cut = self.json("compare", model, "--text", text, "--context", CONTEXT, "--candidate", "int4-g32")["candidates"][0]
        self.assertGreater(cut["kl_mean"], 0)
        self.assertLess(cut["top1_agreement"], 1.000001)
        self.assertNotIn("top5_agreement", cut)
        table = self.ok("compare", model, "--text", text, "--context", CONTEXT, "--candidate", "int4-g32")
        self.assertIn("entropy (nats)", table)
        self.assertIn("label   predicted  mean p\n", table)
        # A look, with the classes' names.
        look = self.json("logits", model, "--prompt", texts[0])
        self.assertEqual(look[0]["label"], names[0])
        self.assertAlmostEqual(sum(entry["probability"] for entry in look), 1, places=5)

    # ---- refusals ------------------------------------------------------------------------------------------------

    def test_what_cannot_be_measured_is_said(self):
        tokens = ["--tokens", self.write("ids.jsonl", drawn(200)), "--context", CONTEXT]
        golden = lambda name: os.path.join(CHECKPOINTS, name)
        self.refused(3, "is a base model without a trained head, which predicts nothing that could be measured; evaluate a "
                        "checkpoint of 'BertForMaskedLM'", "eval", golden("tinybert-base"), *tokens)
        self.refused(2, "is a base model without a head", "logits", self.model("tinybert-base", {"before": [1], "after": [2]}),
                     "--prompt", "w9")
        self.refused(3, "no trained head for it (no tensor 'classifier.weight'); it has a masked language model's: write "
                        "BertForMaskedLM", "eval", self.model("bert-mlm", architectures=["BertForSequenceClassification"]),
                     *tokens)
        self.refused(2, "masked-lm needs the id of the mask token", "eval", golden("bert-mlm"), *tokens)
        self.refused(2, "--mask-token 160: the model has ids 0 to 159", "eval", golden("bert-mlm"), *tokens, "--mask-token", 160)
        self.refused(2, "the protocol llama.cpp is for a causal language model; for this encoder-decoder there are "
                        "span-corruption, prefix-lm", "eval", golden("t5"), *tokens, "--protocol", "llama.cpp")
        self.refused(2, "the protocol pll is for a masked language model", "eval", golden("llama"), *tokens, "--protocol", "pll")
        self.refused(2, "needs sentinel tokens", "eval", golden("t5"), *tokens, "--protocol", "span-corruption")
        self.refused(3, "is a classifier, the reference", "eval", golden("bert-cls"), "--reference", golden("bert-mlm"), *tokens)
        self.refused(3, "has 3 classes, the reference", "eval", golden("distilbert-cls"), "--reference", golden("bert-cls"), *tokens)
        self.refused(3, "problem_type: found 'multi_label_classification'", "eval",
                     self.model("bert-cls", problem_type="multi_label_classification"), *tokens)
        wide = self.write("wide.jsonl", drawn(100) + [500] + drawn(100))
        for name, more in (("bert-mlm", ["--mask-token", MASK, "--protocol", "masked-lm-all"]), ("t5", []), ("bert-cls", [])):
            self.refused(3, "token id 500", "eval", golden(name), "--tokens", wide, "--context", 128, *more)

    def test_a_mask_token_that_nothing_uses_is_noted(self):
        found = self.json("eval", os.path.join(CHECKPOINTS, "llama"), "--tokens", self.write("ids.jsonl", drawn(200)),
                          "--context", CONTEXT, "--mask-token", 4)
        self.assertIn("--mask-token is not used: the model is a causal language model", found["text"]["notes"])

    def test_a_negative_id_that_is_masked_is_refused(self):
        ids = drawn(128)
        ids[0] = -5
        write_ids(self.path("ids.safetensors"), {"input_ids": [ids]})
        self.refused(3, "token id -5, the model has ids 0 to 159", "eval", os.path.join(CHECKPOINTS, "bert-mlm"), "--tokens",
                     "ids.safetensors", "--mask-token", MASK, "--context", CONTEXT)

    def test_threads_change_nothing(self):
        tokens = ["--tokens", self.write("ids.jsonl", drawn(400)), "--context", CONTEXT]
        for name, more in (("albert-mlm", ["--mask-token", MASK]), ("t5", []), ("distilbert-cls", [])):
            found = []
            for threads in (1, 2, 3):
                value = self.json("compare", os.path.join(CHECKPOINTS, name), *tokens, *more, "--threads", threads,
                                  "--candidate", "int8", "int4-g32/gptq", "--calibration-tokens", self.path("ids.jsonl"))
                for part in (value["reference"], *value["candidates"]):
                    del part["seconds"], part["peak_ram_bytes"]
                del value["provenance"]
                found.append(value)
            self.assertEqual(found[0], found[1])
            self.assertEqual(found[0], found[2])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
