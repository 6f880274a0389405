#!/usr/bin/env python3
"""Writes seeds of tokenizer_fuzz, small tokenizers that together have every component: make_tokenizers.py FOLDER."""
import base64
import json
import os
import struct
import sys


def added(number, content, **options):
    token = dict(id=number, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return {**token, **options}


def sequence(kind, *steps):
    return {"type": "Sequence", kind: list(steps)}


def charsmap():
    """A map of two strings: "a" becomes "x", a no-break space becomes a space."""
    units = [0] * 512

    def child(state, byte, following, ends):
        units[state ^ byte] = (state ^ byte ^ following) << 10 | (256 if ends else 0) | byte

    units[0] = 1 << 10
    child(1, ord("a"), 256, True)
    units[256] = 1 << 31
    child(1, 0xC2, 300, False)
    child(300, 0xA0, 301, True)
    units[301] = 1 << 31 | 2
    table = struct.pack("<512I", *units)
    return base64.b64encode(struct.pack("<I", len(table)) + table + b"x\0 \0").decode()


LETTERS = list("thequickbrownfxjmpsdaily")
METASPACE = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True}
TOKENIZERS = {
    "bert": dict(
        added_tokens=[added(0, "[UNK]"), added(1, "[CLS]"), added(2, "[SEP]"), added(3, "[MASK]", lstrip=True)],
        normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                    "lowercase": True},
        pre_tokenizer={"type": "BertPreTokenizer"},
        post_processor={"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
        model={"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 20,
               "vocab": {t: i for i, t in enumerate(["[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "q", "##uick", "##u", ",", "\u65e5"])}}),
    "unigram": dict(
        added_tokens=[added(0, "<unk>")],
        normalizer=sequence("normalizers", {"type": "Precompiled", "precompiled_charsmap": charsmap()},
                            {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Nmt"}, {"type": "NFD"},
                            {"type": "StripAccents"}),
        pre_tokenizer=sequence("pretokenizers", {"type": "WhitespaceSplit"}, METASPACE),
        post_processor=None, decoder=sequence("decoders", {"type": "ByteFallback"}, METASPACE),
        model={"type": "Unigram", "unk_id": 0, "byte_fallback": True,
               "vocab": [["<unk>", 0.0], *[[t, -2.5 - i / 7] for i, t in enumerate(["\u2581", "\u2581the", "ui", "<0xE6>", *sorted(set(LETTERS))])]]}),
    "word_level": dict(
        added_tokens=[], normalizer={"type": "ByteLevel"},
        pre_tokenizer=sequence("pretokenizers", {"type": "Whitespace"}, {"type": "Punctuation", "behavior": "MergedWithNext"},
                               {"type": "CharDelimiterSplit", "delimiter": "i"}, {"type": "UnicodeScripts"},
                               {"type": "FixedLength", "length": 3}),
        post_processor=None, decoder={"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
        model={"type": "WordLevel", "unk_token": "<u>", "vocab": {"<u>": 0, "The": 1, "<pad>": 2, "|": 3}}),
    "suffix": dict(
        added_tokens=[added(0, "<s>"), added(1, "</s>")], normalizer={"type": "Lowercase"}, pre_tokenizer={"type": "Whitespace"},
        post_processor={"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 1], "trim_offsets": True,
                        "add_prefix_space": False},
        decoder={"type": "BPEDecoder", "suffix": "</w>"},
        model={"type": "BPE", "dropout": None, "unk_token": "<s>", "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
               "fuse_unk": True, "byte_fallback": False, "ignore_merges": False,
               "vocab": {t: i for i, t in enumerate(["<s>", "</s>", "t", "h", "e</w>", "th", "the</w>"])},
               "merges": [["t", "h"], ["th", "e</w>"]]}),
}

for name, parts in TOKENIZERS.items():
    text = json.dumps({"version": "1.0", "truncation": None, "padding": None, **parts}, ensure_ascii=False)
    with open(os.path.join(sys.argv[1], f"{name}.json"), "w", encoding="utf-8") as file:
        file.write(text)
