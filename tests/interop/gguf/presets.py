"""presets.py KERF ROOT: the types that kerf's recipes choose are those that llama.cpp's quantizer chooses, tensor by tensor,
with and without an importance matrix, for models of several depths and widths."""
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import llama_cpp

# llama.cpp quantizes with an importance matrix or without; whether a method of kerf looks at data stands for that.
BY_DATA = ["iq4_nl", "iq4_xs", "q4_0", "q5_0"]
# For models of many layers: those in which depth matters.
BY_DEPTH = ["q2_k", "q3_k_m", "q4_k_m"]


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, shape in tensors.items():
        size = 4
        for dim in shape:
            size *= dim
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    values = random.Random(1)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for shape in tensors.values():
            count = 1
            for dim in shape:
                count *= dim
            row = struct.pack(f"<{shape[-1]}f", *(values.gauss(0, 0.05) for _ in range(shape[-1])))
            file.write(row * (count // shape[-1]))


def make_llama(folder, tokenizer, hidden, intermediate, layers, heads, kv_heads, tied):
    os.makedirs(folder)
    shutil.copy(os.path.join(tokenizer, "tokenizer.json"), folder)
    with open(os.path.join(tokenizer, "config.json")) as file:
        vocabulary = json.load(file)["vocab_size"]
    head = hidden // heads
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": vocabulary, "hidden_size": hidden,
              "intermediate_size": intermediate, "num_hidden_layers": layers, "num_attention_heads": heads,
              "num_key_value_heads": kv_heads, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "hidden_act": "silu",
              "tie_word_embeddings": tied, "eos_token_id": 0}
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)
    tensors = {"model.embed_tokens.weight": [vocabulary, hidden], "model.norm.weight": [hidden]}
    if not tied:
        tensors["lm_head.weight"] = [vocabulary, hidden]
    for layer in range(layers):
        name = f"model.layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{name}{norm}.weight"] = [hidden]
        for part, rows in (("q", heads), ("k", kv_heads), ("v", kv_heads)):
            tensors[f"{name}self_attn.{part}_proj.weight"] = [rows * head, hidden]
        tensors[f"{name}self_attn.o_proj.weight"] = [hidden, heads * head]
        for part in ("gate", "up"):
            tensors[f"{name}mlp.{part}_proj.weight"] = [intermediate, hidden]
        tensors[f"{name}mlp.down_proj.weight"] = [hidden, intermediate]
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors)


def run(*words):
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {result.stderr}")


def types(path):
    return {name: (info[0], tuple(info[1])) for name, info in llama_cpp.read_gguf(path)[1].items()}


def compare(library, kerf, folder, name, model, presets, by_data):
    failures = 0
    plain, ours, theirs = (os.path.join(folder, f) for f in ("plain.gguf", "ours.gguf", "theirs.gguf"))
    run(kerf, "quantize", model, "-o", plain, "--scheme", "f32")
    widths = {tensor: info[1][0] for tensor, info in llama_cpp.read_gguf(plain)[1].items()}
    ids = os.path.join(folder, "ids.jsonl")
    with open(ids, "w") as file:
        json.dump([3 + i * 37 % 90 for i in range(64)], file)
    cases = [(preset, False) for preset in presets] + [(preset, True) for preset in by_data]
    for preset, data in cases:
        method = ["--method", "imatrix", "--tokens", ids, "--context", "32", "--held-out", "0"] if data else ["--method", "rtn"]
        run(kerf, "quantize", model, "-o", ours, "--force", "--recipe", preset, *method)
        importance = {tensor: [1.0] * width for tensor, width in widths.items()} if data else None
        llama_cpp.quantize(library, plain, theirs, preset, importance)
        found, expected = types(ours), types(theirs)
        different = [tensor for tensor in expected if found.get(tensor) != expected[tensor]]
        passed = not different and found.keys() == expected.keys()
        failures += not passed
        if not passed:
            shown = [f"{tensor} {found.get(tensor)} for {expected[tensor]}" for tensor in different[:4]]
            print(f"FAIL {name} {preset}{' with data' if data else ''}: {len(different)} differ, {'; '.join(shown)}")
    print(f"{name}: {len(cases)} recipes compared")
    return failures


def main():
    kerf, root = sys.argv[1:3]
    library = llama_cpp.load()
    folder = tempfile.mkdtemp(prefix="kerf-presets-")
    try:
        example = os.path.join(root, "examples/tiny-llama")
        models = {"example": example, "gpt2": os.path.join(root, "tests/golden/checkpoints/gpt2")}
        # (hidden, intermediate, layers, heads, kv_heads, tied): an odd depth, values shared among four heads, rows that
        # 256 or even 32 does not divide, and the 80 layers that llama.cpp makes a case of its own.
        made = {"odd": (256, 512, 19, 4, 4, False), "shared": (256, 256, 9, 8, 2, True), "narrow": (320, 544, 5, 5, 5, False),
                "ragged": (256, 272, 3, 4, 4, True), "shallow": (256, 256, 2, 4, 4, False),
                "eighty": (256, 256, 80, 4, 2, True), "eighty-whole": (256, 256, 80, 4, 4, True)}
        for name, shape in made.items():
            models[name] = os.path.join(folder, name)
            make_llama(models[name], example, *shape)
        failures = 0
        for name, path in models.items():
            deep = name.startswith("eighty")
            failures += compare(library, kerf, folder, name, path, BY_DEPTH if deep else llama_cpp.FILE_TYPES, [] if deep else BY_DATA)
    finally:
        shutil.rmtree(folder)
    print(f"{failures} failures")
    sys.exit(1 if failures else 0)


main()
