#!/usr/bin/env python3
"""Golden evaluations of causal language models: perplexities under the protocols of docs/evaluation.md as other tools'
own loops get them, on transformers' logits.

  make_causal_protocols.py [CHECKPOINTS [OUT]]     default: the folders beside this file, causal_protocols.json there

Run on a machine with torch, transformers and safetensors (CPU, a minute), in a checkout: examples/tiny-llama is read
too. Each loop is written from its tool's description, none from kerf:
  llama.cpp  tools/perplexity: disjoint windows, BOS put at the beginning of each, their second half counts;
  gptq       the evaluation of GPTQ's and AWQ's repositories: the loss of each window, times its length, over all;
  strided    transformers' guide "Perplexity of fixed-length models": labels of what was read before are -100;
  lm-eval    lm-evaluation-harness: rolling windows with one token of context, made disjoint, of each document.
Figures are of the checkpoint itself and of the same one with every weight cut to its upper 16 bits, measured against it.
`own` is what the tool's own averaging makes of the same predictions, where it is not the mean over tokens.
"""
import hashlib
import json
import math
import os
import re
import sys

import torch
import transformers

from make_protocols import cut_weights, drawn, figures, log_probabilities

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "..", "..", "examples", "tiny-llama")
CHECKPOINTS = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "checkpoints")
OUT = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "causal_protocols.json")
IGNORED = -100


# Each loop yields (ids read, labels): labels[i] is the id that the logits of ids[i - 1] are to predict, or IGNORED.

def llama_cpp(ids, bos, context, _):
    ids = ([bos] if bos is not None else []) + ids
    for chunk in range(len(ids) // context):
        read = ids[chunk * context:(chunk + 1) * context]
        labels = [IGNORED] * (context // 2 + 1) + read[context // 2 + 1:]
        yield ([bos] + read[1:] if bos is not None else read), labels


def gptq(ids, bos, context, _):
    ids = ([bos] if bos is not None else []) + ids
    for sample in range(len(ids) // context):
        read = ids[sample * context:(sample + 1) * context]
        yield read, [IGNORED] + read[1:]


def strided(ids, bos, context, stride):
    ids = ([bos] if bos is not None else []) + ids
    before = 0
    for begin in range(0, len(ids), stride):
        end = min(begin + context, len(ids))
        read = ids[begin:end]
        fresh = end - before
        labels = [IGNORED] * (len(read) - fresh) + read[len(read) - fresh:]
        labels[0] = IGNORED  # nothing stands before it: the shift of labels drops it
        if any(label != IGNORED for label in labels):
            yield read, labels
        before = end
        if end == len(ids):
            return


def rolling_windows(ids, prefix, longest):
    """With one token of context for each window but the first: (context, predicted)."""
    predicted = min(longest, len(ids))
    yield [prefix] + ids[:predicted - 1], ids[:predicted]
    while predicted < len(ids):
        fresh = min(longest, len(ids) - predicted)
        end = predicted + fresh
        yield ids[end - longest - 1:end - 1], ids[end - fresh:end]
        predicted = end


def lm_eval(ids, prefix, context, _):
    for seen, predicted in rolling_windows(ids, prefix, context):
        # Made disjoint, and scored as any pair of a context and its continuation is.
        seen = seen[:len(seen) - (len(predicted) - 1)]
        whole = (seen + predicted)[-(context + 1):]
        read = whole[:-1]
        yield read, (read, predicted)


LOOPS = {"llama.cpp": llama_cpp, "gptq": gptq, "strided": strided, "lm-eval": lm_eval}


def rows_of(model, protocol, documents, bos, context, stride):
    """Log probabilities over the vocabulary where something is predicted, what is, and how many of each window."""
    rows, targets, counts, lengths = [], [], [], []
    for ids in documents:
        for read, labels in LOOPS[protocol](ids, bos, context, stride):
            found = log_probabilities(model(input_ids=torch.tensor([read])).logits[0])
            if protocol == "lm-eval":
                predicted = labels[1]
                rows.append(found[len(found) - len(predicted):])
                targets += predicted
                counts.append(len(predicted))
            else:
                places = [i for i, label in enumerate(labels) if label != IGNORED]
                rows.append(found[[i - 1 for i in places]])
                targets += [labels[i] for i in places]
                counts.append(len(places))
            lengths.append(len(read))
    return torch.cat(rows), targets, counts, lengths


def own_average(protocol, nll, counts, lengths, overlap):
    """exp of the average as the tool itself takes it."""
    means, begin = [], 0
    for count in counts:
        means.append(nll[begin:begin + count].mean().item())
        begin += count
    if protocol == "gptq":
        return math.exp(sum(m * n for m, n in zip(means, lengths)) / sum(lengths))
    if protocol == "strided":
        # The guide takes one label less of every window, though of those that overlap only the first loses one to the shift.
        weights = [counts[0]] + [count - overlap for count in counts[1:]]
        return math.exp(sum(m * w for m, w in zip(means, weights)) / sum(weights))
    return None


def measure(path, protocol, documents, bos, context, stride, texts):
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    with torch.no_grad():
        reference, targets, counts, lengths = rows_of(model, protocol, documents, bos, context, stride)
        cut_weights(model)
        candidate = rows_of(model, protocol, documents, bos, context, stride)[0]
    result = figures(reference, candidate, targets, None)
    result["windows"] = len(counts)
    for name, rows in (("reference", reference), ("candidate", candidate)):
        nll = -rows.gather(-1, torch.tensor(targets)[:, None])[:, 0]
        own = own_average(protocol, nll, counts, lengths, stride != context)
        if own is not None:
            result[name]["own"] = own
        if protocol == "lm-eval":
            total = -nll.sum().item()
            words = sum(len(re.split(r"\s+", text)) for text in texts)
            size = sum(len(text.encode("utf-8")) for text in texts)
            result[name]["word_perplexity"] = math.exp(-total / words)
            result[name]["byte_perplexity"] = math.exp(-total / size)
            result[name]["bits_per_byte"] = -total / size / math.log(2)
    return result


def example_cases():
    """Real text, tokenized by transformers. The tokenizer puts no BOS before a text, but names one."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(EXAMPLE)
    with open(os.path.join(EXAMPLE, "evaluation.txt"), encoding="utf-8", newline="") as file:
        whole = file.read()
    encode = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
    for protocol, context, stride in (("llama.cpp", 128, None), ("gptq", 128, None), ("gptq", 500, None),
                                      ("strided", 128, 64), ("strided", 100, 37), ("strided", 64, 64)):
        text = whole[:20000]
        yield {"model": "examples/tiny-llama", "protocol": protocol, "context": context, "stride": stride,
               "characters": 20000, "sha256": hashlib.sha256(text.encode()).hexdigest(),
               **measure(EXAMPLE, protocol, [encode(text)], None, context, stride, [])}
    documents = [part for part in whole.split("\n\n")[:28] if part]
    for context in (48, 512):
        yield {"model": "examples/tiny-llama", "protocol": "lm-eval", "context": context, "documents": documents,
               **measure(EXAMPLE, "lm-eval", [encode(text) for text in documents], tokenizer.bos_token_id, context, None,
                         documents)}


def checkpoint_cases():
    """Words w0 to w159 stand for ids, so that the same tokens come from text; id 1 stands before a text as BOS."""
    for seed, name in enumerate(("llama", "gpt2", "qwen3", "gemma3", "bloom", "phi2")):
        path = os.path.join(CHECKPOINTS, name)
        for protocol, context, stride in (("llama.cpp", 33, None), ("gptq", 32, None), ("strided", 32, 12),
                                          ("strided", 31, 31), ("lm-eval", 32, None)):
            lengths = (1, 31, 32, 33, 64, 65, 95, 2) if protocol == "lm-eval" else (500,)
            documents = [[i if i > 4 else 5 for i in drawn(n, 50 + 10 * seed + k)] for k, n in enumerate(lengths)]
            texts = [" ".join(f"w{i}" for i in ids) for ids in documents]
            yield {"model": name, "protocol": protocol, "context": context, "stride": stride, "before": [1],
                   "ids": documents, **measure(path, protocol, documents, 1, context, stride, texts)}


if __name__ == "__main__":
    torch.manual_seed(0)
    made = {"made_by": "tests/golden/make_causal_protocols.py", "transformers": transformers.__version__,
            "torch": torch.__version__, "cases": [*example_cases(), *checkpoint_cases()]}
    with open(OUT, "w", encoding="utf-8") as file:
        json.dump(made, file)
        file.write("\n")
    for case in made["cases"]:
        print(case["model"], case["protocol"], {key: case[key] for key in ("windows", "tokens_scored", "kl_mean", "reference")})
