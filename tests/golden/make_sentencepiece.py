#!/usr/bin/env python3
"""Small SentencePiece models and the ids of texts, as transformers' slow tokenizers would give them.

  make_sentencepiece.py     # tests/golden/sentencepiece/<case>: the model, tokenizer_config.json, expected.jsonl

Needs Debian's package sentencepiece (spm_train, spm_encode; 0.1.97). The library's own program cuts the texts; what the
classes of transformers do around it is written out here, after tokenization_{llama,gemma,t5,albert,xlm_roberta}.py of
release 4.57.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata

ROOT = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(ROOT, "sentencepiece")
TRAINING_TEXT = os.path.join(ROOT, "../../examples/tiny-llama/calibration.txt")
SPACE = "\u2581"

TEXTS = ["", " ", "Fellow citizens", "  two  spaces ", "a\tb", "The year 1,234, then 99, and 7,5.", "caf\u00e9 na\u00efve \u00c5ngstr\u00f6m",
         "\u4f60\u597d, \u4e16\u754c", "\U0001f468\u200d\U0001f469\u200d\U0001f467 family", "\u0416\u0438\u0437\u043d\u044c", "x = y + 1;  // code", "</s>", "<s>hello</s> world",
         "hello <mask> there", "a [MASK] b[CLS]", "<extra_id_0> and <extra_id_99>x", " leading", "trailing ", "\u2581already", "\u2581 both", "it's \"quoted\" ``so'' much",
         "ALL CAPS", "\ufb01ligature \u2460 \uff21", "e\u0301combining", "<pad><unk>", "<start_of_turn>user", "a</s> b", "zero\u200bwidth", "...", "-- --", "\u00a0nbsp", "tabs\t\tand more"]


class Spm:
    def __init__(self, path):
        self.path = path
        vocab = subprocess.run(["spm_export_vocab", f"--model={path}"], capture_output=True, check=True, text=True).stdout
        self.pieces = [line.split("\t")[0] for line in vocab.split("\n")[:-1]]

    def ids(self, text, dummy_prefix=True):
        path = self.path if dummy_prefix else self.without_prefix()
        run = subprocess.run(["spm_encode", f"--model={path}", "--output_format=id"], input=text.encode() + b"\n", capture_output=True, check=True)
        return [int(x) for x in run.stdout.split()]

    def without_prefix(self):
        """As transformers' get_spm_processor: normalizer_spec.add_dummy_prefix = False."""
        path = self.path + ".noprefix"
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(open(self.path, "rb").read() + b"\x1a\x02\x18\x00")
        return path


def split_at(text, tokens):
    """PreTrainedTokenizer.tokenize: parts and tokens; a token may take the spaces beside it."""
    if not tokens:
        return [(text, False)]
    expression = "|".join(re.escape(t) for t in sorted(tokens, key=len, reverse=True))
    parts = [[p, i % 2 == 1] for i, p in enumerate(re.split(f"({expression})", text))]
    for i, (part, is_token) in enumerate(parts):
        if is_token:
            _, left, right = tokens[part]
            if left:
                parts[i - 1][0] = parts[i - 1][0].rstrip()
            if right:
                parts[i + 1][0] = parts[i + 1][0].lstrip()
    return [(p, t) for p, t in parts if p]


class Case:
    def __init__(self, name, train, config, tokens, before=None, after=None, legacy=True, encode=None, file="tokenizer.model"):
        self.name, self.train, self.config, self.tokens = name, train, config, tokens
        self.before, self.after, self.legacy, self.encode, self.file = before, after, legacy, encode, file

    def cut(self, spm, text, unknown="<unk>"):
        if self.legacy or not text.startswith((SPACE, " ")):
            return spm.ids(text, self.legacy)
        guard = len(spm.ids(unknown, False))
        ids = spm.ids(unknown + text, False)
        return ids[guard:] if len(ids) >= guard else ids

    def plain_ids(self, spm, text):
        if not self.legacy and text:
            text = SPACE + text.replace(SPACE, " ")
        result = []  # ids, and whether each is of a special token that stood in the text
        for part, is_token in split_at(text, self.tokens(spm)):
            ids = [self.tokens(spm)[part][0]] if is_token else (self.encode or Case.cut)(self, spm, part)
            result += [(i, is_token) for i in ids]
        if not self.legacy and len(result) > 1 and spm.pieces[result[0][0]:][:1] == [SPACE] and result[1][1]:
            result = result[1:]
        return [i for i, _ in result]

    def make(self):
        folder = os.path.join(OUT, self.name)
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            model = os.path.join(work, "m")
            shutil.copy(TRAINING_TEXT, os.path.join(work, "text.txt"))
            # The model remembers the names: no paths, so that it is the same every time.
            subprocess.run(["spm_train", "--input=text.txt", "--model_prefix=m", "--num_threads=1", *self.train], cwd=work, capture_output=True, check=True)
            spm = Spm(model + ".model")
            with open(os.path.join(folder, self.file), "wb") as file:
                file.write(open(spm.path, "rb").read())
            with open(os.path.join(folder, "expected.jsonl"), "w") as file:
                for text in TEXTS:
                    ids = self.plain_ids(spm, text)
                    special = ([self.tokens(spm)[self.before][0]] if self.before else []) + ids + ([self.tokens(spm)[self.after][0]] if self.after else [])
                    file.write(json.dumps({"text": text, "ids": special, "plain": ids}) + "\n")
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
            json.dump(self.config, file, indent=2)


def named(*names, left=(), right=()):
    return lambda spm: {name: (spm.pieces.index(name), name in left, name in right) for name in names}


def t5_tokens(spm):
    tokens = {name: (spm.pieces.index(name), False, False) for name in ("<pad>", "</s>", "<unk>")}
    return {**tokens, **{f"<extra_id_{i}>": (len(spm.pieces) + 99 - i, True, True) for i in range(100)}}


def albert_cut(case, spm, text):
    text = " ".join(text.strip().split()).replace("``", '"').replace("''", '"')
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    result = []
    for piece in (spm.pieces[i] for i in spm.ids(text)):
        if len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit():
            parts = [spm.pieces[i] for i in spm.ids(piece[:-1].replace(SPACE, ""))]
            if piece[0] != SPACE and parts[0][0] == SPACE:
                parts = parts[1:] if len(parts[0]) == 1 else [parts[0][1:]] + parts[1:]
            result += parts + [piece[-1]]
        else:
            result.append(piece)
    unknown = spm.pieces.index("<unk>")
    return [spm.pieces.index(p) if p in spm.pieces else unknown for p in result]


def xlmr_tokens(spm):
    return {"<s>": (0, False, False), "<pad>": (1, False, False), "</s>": (2, False, False), "<unk>": (3, False, False),
            "<mask>": (len(spm.pieces) + 1, True, False)}


def xlmr_cut(case, spm, text):
    return [3 if i == 0 else i + 1 for i in spm.ids(text)]


BPE = ["--model_type=bpe", "--vocab_size=600", "--byte_fallback=true", "--normalization_rule_name=identity", "--remove_extra_whitespaces=false",
       "--split_digits=true", "--allow_whitespace_only_pieces=true"]
UNIGRAM = ["--model_type=unigram", "--vocab_size=400", "--character_coverage=0.9995"]
T5 = [*UNIGRAM, "--pad_id=0", "--eos_id=1", "--unk_id=2", "--bos_id=-1"]
CASES = [
    Case("llama", BPE, {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True},
         named("<unk>", "<s>", "</s>"), before="<s>"),
    Case("llama-not-legacy", BPE, {"tokenizer_class": "LlamaTokenizer", "legacy": False, "add_eos_token": True}, named("<unk>", "<s>", "</s>"),
         before="<s>", after="</s>", legacy=False),
    Case("gemma", [*BPE, "--add_dummy_prefix=false", "--pad_id=0", "--eos_id=1", "--bos_id=2", "--unk_id=3", "--eos_piece=<eos>", "--bos_piece=<bos>",
                   "--user_defined_symbols=<mask>,<start_of_turn>"],
         {"tokenizer_class": "GemmaTokenizer"}, named("<pad>", "<eos>", "<bos>", "<unk>"), before="<bos>"),
    Case("t5", [*T5, "--normalization_rule_name=nmt_nfkc"], {"tokenizer_class": "T5Tokenizer", "extra_ids": 100}, t5_tokens, after="</s>", file="spiece.model"),
    Case("t5-not-legacy", [*T5, "--normalization_rule_name=identity"], {"tokenizer_class": "T5Tokenizer", "legacy": False}, t5_tokens, after="</s>",
         legacy=False, file="spiece.model"),
    Case("albert", [*UNIGRAM, "--pad_id=0", "--unk_id=1", "--bos_id=-1", "--eos_id=-1", "--control_symbols=[CLS],[SEP],[MASK]",
                    "--normalization_rule_name=identity"],
         {"tokenizer_class": "AlbertTokenizer", "do_lower_case": True, "keep_accents": False}, named("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", left=("[MASK]",)),
         before="[CLS]", after="[SEP]", encode=albert_cut, file="spiece.model"),
    Case("xlm-roberta", [*UNIGRAM, "--unk_id=0", "--bos_id=1", "--eos_id=2", "--pad_id=-1", "--normalization_rule_name=identity"],
         {"tokenizer_class": "XLMRobertaTokenizer"}, xlmr_tokens, before="<s>", after="</s>", encode=xlmr_cut, file="sentencepiece.bpe.model"),
]

if __name__ == "__main__":
    for one in CASES:
        one.make()
