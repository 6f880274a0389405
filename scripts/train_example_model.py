#!/usr/bin/env python3
"""Trains the example model: a small Llama with a byte-level BPE tokenizer, on public-domain English prose.

  python3 scripts/train_example_model.py TEXT_DIR OUT_DIR      # TEXT_DIR: *.txt, one document a file; needs torch, transformers, tokenizers

Every 20th document is held out. Writes config.json, model.safetensors (F32), tokenizer.json, tokenizer_config.json,
held_out.txt, and two samples that the FP32 model wrote at temperature 1: calibration.txt and evaluation.txt.
"""
import glob, json, math, os, sys, time
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, decoders, trainers
from transformers import LlamaConfig, LlamaForCausalLM

text_dir, out = sys.argv[1], sys.argv[2]
os.makedirs(out, exist_ok=True)
torch.manual_seed(1234)
torch.backends.cuda.matmul.allow_tf32 = True
CTX, VOCAB, STEPS, BATCH = 512, 2048, int(os.environ.get("STEPS", 1300)), 64

docs = [open(f, encoding="utf-8", errors="ignore").read() for f in sorted(glob.glob(f"{text_dir}/*.txt"))]
docs = [" ".join(d.split(" ")) for d in docs if len(d) > 500]
held = docs[::20]
train = [d for i, d in enumerate(docs) if i % 20]

tok = Tokenizer(models.BPE())
tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tok.decoder = decoders.ByteLevel()
tok.train_from_iterator(train, trainers.BpeTrainer(vocab_size=VOCAB, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
tok.save(f"{out}/tokenizer.json")
json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "model_max_length": CTX, "add_bos_token": False},
          open(f"{out}/tokenizer_config.json", "w"), indent=1)

def stream(ds):
    ids = []
    for e in tok.encode_batch(ds):
        ids += [0] + e.ids
    return torch.tensor(ids)
tr, va = stream(train).cuda(), stream(held).cuda()
print(f"documents {len(train)}+{len(held)}, tokens {len(tr)}+{len(va)}")

cfg = LlamaConfig(vocab_size=VOCAB, hidden_size=256, intermediate_size=768, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
                  max_position_embeddings=CTX, rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, attention_dropout=0.0)
model = LlamaForCausalLM(cfg).cuda()
print("parameters", sum(p.numel() for p in model.parameters()))
opt = torch.optim.AdamW([{"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.1},
                         {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0}], lr=3e-3, betas=(0.9, 0.95))
def lr(s): return 3e-3 * min(1, s / 100) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * s / STEPS)))

@torch.no_grad()
def perplexity(ids):
    model.eval(); n, loss = 0, 0.0
    for k in range(0, len(ids) - CTX, CTX):
        x = ids[k:k + CTX][None]
        l = model(x).logits[0, :-1].float()
        loss += torch.nn.functional.cross_entropy(l, x[0, 1:], reduction="sum").item(); n += CTX - 1
    model.train(); return math.exp(loss / n)

t0 = time.time(); best = (1e9, None)
for s in range(STEPS):
    for g in opt.param_groups: g["lr"] = lr(s)
    at = torch.randint(0, len(tr) - CTX - 1, (BATCH,), device="cuda")
    x = tr[at[:, None] + torch.arange(CTX, device="cuda")]
    with torch.autocast("cuda", dtype=torch.bfloat16):
        logits = model(x).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), x[:, 1:].flatten())
    opt.zero_grad(set_to_none=True); loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0); opt.step()
    if s % 200 == 199 or s == STEPS - 1:
        p = perplexity(va); print(f"step {s+1} loss {loss.item():.3f} held-out ppl {p:.3f} {time.time()-t0:.0f}s", flush=True)
        if p < best[0]: best = (p, {k: v.detach().clone() for k, v in model.state_dict().items()})
model.load_state_dict(best[1]); model.eval().float()
print("best held-out perplexity", best[0])
model.save_pretrained(out, safe_serialization=True)
open(f"{out}/held_out.txt", "w").write("\n\n".join(held))

@torch.no_grad()
def sample(n, seed):
    g = torch.Generator(device="cuda").manual_seed(seed)
    x = torch.zeros(64, 1, dtype=torch.long, device="cuda")
    kv = None
    ids = x
    for _ in range(CTX - 1):
        o = model(x, past_key_values=kv, use_cache=True); kv = o.past_key_values
        x = torch.multinomial(o.logits[:, -1].float().softmax(-1), 1, generator=g); ids = torch.cat([ids, x], 1)
    texts = []
    for row in ids.tolist()[:n]:
        row = [t for t in row if t != 0]
        texts.append(tok.decode(row))
    return "\n\n".join(texts)
open(f"{out}/calibration.txt", "w").write(sample(64, 1)); open(f"{out}/evaluation.txt", "w").write(sample(64, 2))
print(open(f"{out}/evaluation.txt").read()[:600])
