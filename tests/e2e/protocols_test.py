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
EXAMPLE = os.path.join(GOLDENS, "..", "..", "examples", "tiny-llama")
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
        path = self.path(os.path.basename(name) + "-cut")
        if os.path.exists(path):
            return path
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
        words = ["eval", self.cut(case["model"]), "--reference", model, "--context", case["context"],
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
        self.check_figures(case, self.json(*words))

    def check_figures(self, case, found):
        self.assertEqual(found["tokens_scored"], case["tokens_scored"])
        for key in ("perplexity", "perplexity_stderr", "entropy", "accuracy", "word_perplexity", "byte_perplexity",
                    "bits_per_byte"):
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

    def test_causal_goldens(self):
        """Other tools' loops on transformers' logits: make_causal_protocols.py."""
        with open(os.path.join(GOLDENS, "causal_protocols.json"), encoding="utf-8") as file:
            cases = json.load(file)["cases"]
        self.assertEqual({case["protocol"] for case in cases}, {"llama.cpp", "gptq", "strided", "lm-eval"})
        for case in cases:
            with self.subTest(f"{case['model']} {case['protocol']} {case['context']} {case.get('stride')}"):
                self.check_causal_golden(case)

    def causal_text(self, case):
        if "characters" in case:
            with open(os.path.join(EXAMPLE, "evaluation.txt"), encoding="utf-8", newline="") as file:
                return self.write("text.txt", file.read()[:case["characters"]])
        documents = case.get("documents") or [" ".join(f"w{i}" for i in ids) for ids in case["ids"]]
        if case["protocol"] == "lm-eval":
            return self.write("text.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in documents))
        return self.write("text.txt", documents[0])

    def check_causal_golden(self, case):
        model = EXAMPLE if case["model"] == "examples/tiny-llama" else os.path.join(CHECKPOINTS, case["model"])
        words = ["eval", self.cut(model), "--reference", model, "--protocol", case["protocol"], "--context", case["context"],
                 "--text", self.causal_text(case)]
        if case.get("stride"):
            words += ["--stride", case["stride"]]
        if "before" in case:
            self.write("tokenizer.json", tokenizer_json({"before": case["before"], "after": []}))
            words += ["--tokenizer", "tokenizer.json"]
        found = self.json(*words)
        self.check_figures(case, found)
        self.assertEqual(found["text"]["windows"], case["windows"])
        # What the tool's own averaging makes of it: the guide to strided windows weighs them by one token less.
        own = case["reference"].get("own")
        if own is not None and (case["protocol"] != "strided" or model == EXAMPLE):
            self.assertLess(abs(found["reference"]["perplexity"] / own - 1), 1e-3 if case["protocol"] == "strided" else 2e-4)

    # ---- chat ------------------------------------------------------------------------------------------------------

    CHAT = ("{% for m in messages %}{{ '<s> ' if loop.first }}{{ m.role }} {{ m.content | trim }} </s> {% endfor %}")

    def chat_model(self, template, **config):
        """A copy of a checkpoint whose tokenizer has the words user and assistant, and <s> and </s> as special tokens."""
        model = self.model("llama", {"before": [1], "after": []})
        with open(self.path("llama/tokenizer.json"), encoding="utf-8") as file:
            tokenizer = json.load(file)
        vocabulary = tokenizer["model"]["vocab"]
        for name, token in (("<s>", 1), ("</s>", 2), ("user", 3), ("assistant", 4)):
            for old in [word for word, each in vocabulary.items() if each == token]:
                del vocabulary[old]
            vocabulary[name] = token
        added = dict(special=True, normalized=False, lstrip=False, rstrip=False, single_word=False)
        tokenizer["added_tokens"] = [{"id": token, "content": name, **added} for name, token in (("<s>", 1), ("</s>", 2))]
        start = {"SpecialToken": {"id": "<s>", "type_id": 0}}
        tokenizer["post_processor"]["single"][0] = start
        tokenizer["post_processor"]["special_tokens"] = {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}
        self.write("llama/tokenizer.json", tokenizer)
        self.write("llama/tokenizer_config.json", {"bos_token": "<s>", "eos_token": "</s>", **config,
                                                   **({"chat_template": template} if template else {})})
        return model

    def conversations(self, count):
        ids = drawn(16 * count, seed=9)
        for k in range(count):
            yield [3] + ids[16 * k:16 * k + 7] + [2, 4] + ids[16 * k + 7:16 * k + 16] + [2]

    def chat_lines(self, count):
        lines = []
        for ids in self.conversations(count):
            at = ids.index(2)
            text = lambda part: " ".join(f"w{i}" for i in part)
            lines.append(json.dumps({"messages": [{"role": "user", "content": f" {text(ids[1:at])} "},
                                                  {"role": "assistant", "content": text(ids[at + 2:-1])}]}))
        return self.write("chat.jsonl", "\n".join(lines))

    def test_chat_is_what_the_template_makes_of_it(self):
        model = self.chat_model(self.CHAT)
        text = self.chat_lines(12)
        ids = [i for each in self.conversations(12) for i in [1] + each]
        tokens = self.write("ids.jsonl", ids)
        for protocol in ("gptq", "strided"):
            words = ["--protocol", protocol, "--context", CONTEXT]
            by_text = self.json("eval", model, "--text", text, "--chat", *words)
            by_ids = self.json("eval", model, "--tokens", tokens, *words)
            self.assertEqual(by_text["perplexity"], by_ids["perplexity"])  # one BOS in front: the template's
            self.assertEqual(by_text["text"]["tokens_total"], len(ids))
            self.assertEqual(by_text["text"]["conversations"], 12)
            self.assertTrue(by_text["text"]["bos"])
        # As documents: each behind one BOS.
        found = self.json("eval", model, "--text", text, "--chat", "--protocol", "lm-eval", "--context", 64)
        self.assertEqual((found["text"]["documents"], found["tokens_scored"]), (12, len(ids) - 12))
        rows = [self.logits(model, {"input_ids": [[1] + each[:-1]]})[0] for each in self.conversations(12)]
        self.check_nll(found, [-row[k][t] for row, each in zip(rows, self.conversations(12)) for k, t in enumerate(each)])
        shown = self.ok("eval", model, "--text", text, "--chat", "--context", CONTEXT)
        self.assertIn("conversations    12, by the chat template\n", shown)

    def test_chat_templates_of_every_place(self):
        text = self.chat_lines(6)
        words = ["--text", text, "--chat", "--context", CONTEXT]
        wanted = self.json("eval", self.chat_model(self.CHAT), *words)["perplexity"]
        named = [{"name": "default", "template": self.CHAT}, {"name": "tool_use", "template": "{{ broken"}]
        model = self.chat_model(None)
        self.refused(3, "tokenizer_config.json: chat_template: the model has no chat template; --chat-template FILE gives one",
                     "eval", model, *words)
        given = self.write("given.jinja", self.CHAT)
        self.assertEqual(self.json("eval", model, *words, "--chat-template", given)["perplexity"], wanted)
        self.write("llama/chat_template.jinja", self.CHAT)
        self.assertEqual(self.json("eval", model, *words)["perplexity"], wanted)
        os.remove(self.path("llama/chat_template.jinja"))
        self.refused(3, "chat_template: line 1: found the end of the template", "eval", self.chat_model(named), *words)
        named[1]["template"] = "{{ raise_exception('tools only') }}"
        self.assertEqual(self.json("eval", self.chat_model(named), *words)["perplexity"], wanted)

    def test_a_chat_template_goes_along_into_gguf(self):
        model = self.path("example")
        shutil.copytree(EXAMPLE, model)
        self.write("example/chat_template.jinja", "{% for m in messages %}{{ m.content }}\n{% endfor %}")
        with open(os.path.join(EXAMPLE, "evaluation.txt"), encoding="utf-8") as file:
            content = file.read(6000)
        words = ["--text", self.write("c.jsonl", json.dumps({"messages": [{"role": "user", "content": content}]})), "--chat",
                 "--context", 128]
        self.ok("quantize", model, "-o", self.path("m.gguf"), "--scheme", "f32")
        self.assertEqual(self.json("eval", self.path("m.gguf"), *words)["text"], self.json("eval", model, *words)["text"])

    def test_chat_where_text_is_read(self):
        model, text = self.chat_model(self.CHAT), self.chat_lines(12)
        words = ["--text", text, "--chat", "--context", CONTEXT]
        found = self.json("compare", model, *words, "--calibration", text, "--candidate", "int4-g32/gptq")
        self.assertGreater(found["candidates"][0]["kl_mean"], 0)
        out = self.path("q")
        self.ok("quantize", model, "-o", out, "--scheme", "int4-g32", "--calibration", text, "--chat", "--context", CONTEXT)
        self.assertEqual(self.json("eval", out, "--reference", model, *words)["kl_mean"], found["candidates"][0]["kl_mean"])
        self.ok("calibrate", model, "--calibration", text, "--chat", "--context", CONTEXT, "-o", self.path("s.safetensors"))
        policy = self.write("p.yaml", "limits: {kl_mean: {max: 1}}\nmin_tokens: 10\n")
        self.ok("gate", model, out, *words, "--policy", policy)
        self.ok("quantize", model, "-o", self.path("t"), "--calibration", text, "--chat", "--context", CONTEXT, "--target-kl", "1")

    def test_chat_that_cannot_be_rendered_is_refused(self):
        model, text = self.chat_model(self.CHAT), self.chat_lines(3)
        self.refused(3, "chat.jsonl: line 1: found chat messages, expected a key text; --chat applies", "eval", model, "--text", text)
        self.refused(2, "--chat-template needs --chat", "eval", model, "--text", text, "--chat-template", "x.jinja")
        strict = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}{% endfor %}"
        lines = json.dumps({"messages": [{"role": "user", "content": "w9"}]}) + "\n" + json.dumps(
            {"messages": [{"role": "system", "content": "w9"}]})
        self.refused(3, "s.jsonl: line 2: the chat template refuses the messages: 'no system'", "eval", self.chat_model(strict),
                     "--text", self.write("s.jsonl", lines), "--chat")
        self.refused(3, "chat_template: line 2: the filter 'urlencode' is not supported", "eval",
                     self.chat_model("x\n{{ x | urlencode }}"), "--text", text, "--chat")
        noted = self.json("eval", self.chat_model(self.CHAT), "--text", self.write("plain.txt", " ".join(f"w{i}" for i in drawn(99))), "--chat",
                          "--context", CONTEXT)
        self.assertIn("plain.txt: --chat changes nothing: no line has messages", " ".join(noted["text"]["notes"]))

    # ---- hygiene ---------------------------------------------------------------------------------------------------

    def test_how_the_tokenizer_cuts_the_text_is_said(self):
        model = self.chat_model(None)
        found = self.json("eval", model, "--text", self.write("t.txt", " ".join(f"w{i}" for i in drawn(99))), "--context", CONTEXT)
        self.assertEqual((found["text"]["tokens_per_word"], found["text"]["unknown_share"], found["text"]["byte_fallback_share"]),
                         (1, 0, 0))
        for content, part in ((b"\xff\xfea\0b\0", "byte 0: found the byte order mark of UTF-16"),
                              (b"a\0b\0", "byte 1: found zero bytes, as UTF-16 has them"),
                              (b"w9 w9 \xe9 w9", "byte 6: found the byte 0xE9, which is not valid UTF-8 here")):
            with open(self.path("bad.txt"), "wb") as file:
                file.write(content)
            self.refused(3, part, "eval", model, "--text", self.path("bad.txt"))

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
