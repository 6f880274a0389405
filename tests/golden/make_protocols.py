#!/usr/bin/env python3
"""Golden evaluations: what transformers says of the golden checkpoints under the protocols of docs/evaluation.md.

  make_protocols.py [CHECKPOINTS [OUT]]     default: the folders beside this file, and protocols.json there

Run on a machine with torch, transformers and safetensors (CPU, seconds). The windows are made here from the protocols'
definitions, not by kerf. Each case holds the ids, the special tokens that kerf is to be told of, and the figures: of
the checkpoint itself, and of the same one with every weight cut to its upper 16 bits, measured against it.
"""
import json
import math
import os
import sys

import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKPOINTS = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "checkpoints")
OUT = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "protocols.json")
VOCABULARY, CONTEXT, EVERY, SPAN = 160, 64, 7, 3
MASK, SENTINELS = 4, list(range(159, 139, -1))


def drawn(count, seed):
    """Ids from 3 to 139: no padding, beginning or end, no sentinel; the mask's own id now and then."""
    ids, state = [], seed
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2 ** 31
        ids.append(3 + (state >> 16) % 137)
    return ids


def cut(ids, before, after):
    size = CONTEXT - len(before) - len(after)
    return [ids[at:at + size] for at in range(0, len(ids) - size + 1, size)]


def masked_passes(ids, before, after, passes_of):
    """(input ids, [(position, target)]) of each pass."""
    for number, window in enumerate(cut(ids, before, after)):
        whole = before + window + after
        eligible = [p for p in range(len(before), len(before) + len(window)) if whole[p] not in (*before, *after, MASK, 0)]
        for stride, offset in passes_of(number, len(eligible)):
            places = eligible[offset::stride]
            yield [MASK if p in places else i for p, i in enumerate(whole)], [(p, whole[p]) for p in places]


def passes_one(number, count):
    stride = min(EVERY, count)
    return [(stride, number % stride)]


def passes_all(_, count):
    stride = min(EVERY, count)
    return [(stride, offset) for offset in range(stride)]


def passes_single(_, count):
    return [(count, offset) for offset in range(count)]


def prefix_passes(ids, before, after):
    """(encoder ids, decoder targets, [(position, target)])"""
    for window in cut(ids, before, after):
        half = len(window) // 2
        targets = window[half:]
        yield before + window[:half] + after, targets, list(enumerate(targets))


def span_passes(ids, before, after):
    for number, window in enumerate(cut(ids, before, after)):
        first = SPAN * (number % min(EVERY, -(-len(window) // SPAN)))
        source, targets, places, at = [], [], [], 0
        for span, begin in enumerate(range(first, len(window), SPAN * EVERY)):
            source += window[at:begin] + [SENTINELS[span]]
            targets.append(SENTINELS[span])
            at = min(begin + SPAN, len(window))
            places += [(len(targets) + k, token) for k, token in enumerate(window[begin:at])]
            targets += window[begin:at]
        yield before + source + window[at:] + after, targets, places


def log_probabilities(logits):
    return torch.log_softmax(logits.double(), -1)


def masked_rows(model, passes):
    rows, targets = [], []
    for ids, places in passes:
        found = log_probabilities(model(input_ids=torch.tensor([ids])).logits[0])
        rows += [found[p] for p, _ in places]
        targets += [t for _, t in places]
    return torch.stack(rows), targets


def decoder_rows(model, passes):
    rows, targets = [], []
    for ids, written, places in passes:
        read = [model.config.decoder_start_token_id] + written[:-1]
        found = log_probabilities(model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([read])).logits[0])
        rows += [found[p] for p, _ in places]
        targets += [t for _, t in places]
    return torch.stack(rows), targets


def class_rows(model, lines, before, after):
    size = CONTEXT - len(before) - len(after)
    rows = [log_probabilities(model(input_ids=torch.tensor([before + line[:size] + after])).logits[0]) for line in lines]
    return torch.stack(rows), None


def cut_weights(model):
    """Every weight's lower 16 bits become zero."""
    with torch.no_grad():
        for tensor in model.parameters():
            bits = tensor.contiguous().view(torch.int32)
            tensor.copy_((bits & -65536).view(torch.float32))


def figures(reference, candidate, targets, labels):
    """Of the candidate against the reference, and of the reference alone."""
    p = reference.exp()
    kl = (p * (reference - candidate)).sum(-1)
    result = {"tokens_scored": len(reference), "kl_mean": kl.mean().item(), "kl_max": kl.max().item(),
              "kl_median": kl.quantile(0.5).item(),
              "top1_agreement": (reference.argmax(-1) == candidate.argmax(-1)).double().mean().item()}
    wanted = targets if targets is not None else labels
    place = torch.tensor(wanted)[:, None]
    mine, theirs = candidate.gather(-1, place)[:, 0], reference.gather(-1, place)[:, 0]
    result["delta_p_rms"] = ((mine.exp() - theirs.exp()) ** 2).mean().sqrt().item()
    for name, rows, nll in (("reference", reference, -theirs), ("candidate", candidate, -mine)):
        part = {}
        if targets is not None:
            part["perplexity"] = math.exp(nll.mean().item())
            part["perplexity_stderr"] = part["perplexity"] * (nll.std(unbiased=False) / (len(nll) - 1) ** 0.5).item()
        else:
            q = rows.exp()
            part["entropy"] = -(q * rows).sum(-1).mean().item()
            part["mean_probability"] = q.mean(0).tolist()
            part["predicted"] = torch.bincount(rows.argmax(-1), minlength=rows.shape[-1]).div(len(rows)).tolist()
            part["accuracy"] = (rows.argmax(-1) == torch.tensor(labels)).double().mean().item()
        result[name] = part
    return result


def measure(name, architecture, rows_of, labels=None):
    path = os.path.join(CHECKPOINTS, name)
    model = getattr(transformers, architecture).from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    with torch.no_grad():
        reference, targets = rows_of(model)
        cut_weights(model)
        candidate, _ = rows_of(model)
    return figures(reference, candidate, targets, labels)


def special(before, after, mask=None, sentinels=None):
    result = {"before": before, "after": after}
    if mask is not None:
        result["mask"] = mask
    if sentinels:
        result["sentinels"] = sentinels
    return result


def cases():
    masked = {"masked-lm": passes_one, "masked-lm-all": passes_all, "pll": passes_single}
    for seed, (name, architecture) in enumerate((("bert-mlm", "BertForMaskedLM"), ("distilbert-mlm", "DistilBertForMaskedLM"),
                                                 ("roberta-mlm", "RobertaForMaskedLM"), ("albert-mlm", "AlbertForMaskedLM"),
                                                 ("mobilebert-mlm", "MobileBertForMaskedLM"))):
        ids = drawn(700, seed + 1)
        for protocol, passes_of in masked.items():
            # Those of the configuration; BERT's has none, so that the windows are bare.
            before, after = {"roberta-mlm": ([0], [2]), "albert-mlm": ([2], [3])}.get(name, ([], []))
            if name == "albert-mlm":
                ids = [i for i in ids if i != 3]
            part = ids[:200] if protocol == "pll" else ids
            yield {"model": name, "protocol": protocol, "context": CONTEXT, "special": special(before, after, MASK),
                   "ids": [part],
                   **measure(name, architecture,
                             lambda model: masked_rows(model, masked_passes(part, before, after, passes_of)))}
    for seed, name in enumerate(("t5", "t5-gated")):
        ids = drawn(700, seed + 11)
        for protocol, passes in (("prefix-lm", prefix_passes), ("span-corruption", span_passes)):
            yield {"model": name, "protocol": protocol, "context": CONTEXT,
                   "special": special([], [1], sentinels=SENTINELS if passes is span_passes else None), "ids": [ids],
                   **measure(name, "T5ForConditionalGeneration", lambda model: decoder_rows(model, passes(ids, [], [1])))}
    for seed, (name, architecture, classes) in enumerate((("bert-cls", "BertForSequenceClassification", 5),
                                                          ("distilbert-cls", "DistilBertForSequenceClassification", 3))):
        lines = [drawn(1 + 7 * k % 90, 100 * seed + k + 21) for k in range(60)]
        labels = [k * k % classes for k in range(60)]
        yield {"model": name, "protocol": "lines", "context": CONTEXT, "special": special([], []), "ids": lines,
               "labels": labels, **measure(name, architecture, lambda model: class_rows(model, lines, [], []), labels)}


if __name__ == "__main__":
    torch.manual_seed(0)
    made = {"made_by": "tests/golden/make_protocols.py", "transformers": transformers.__version__,
            "torch": torch.__version__, "cases": list(cases())}
    with open(OUT, "w", encoding="utf-8") as file:
        json.dump(made, file)
        file.write("\n")
    for case in made["cases"]:
        print(case["model"], case["protocol"], {key: case[key] for key in ("tokens_scored", "kl_mean", "reference")})
