#!/usr/bin/env python3
"""Golden PyTorch checkpoints: what torch.save writes, each beside the same tensors as safetensors.

  python3 tests/golden/make_pytorch.py [OUT]      # default: tests/golden/pytorch

Run on a machine with torch and safetensors (CPU, a second). Writes OUT/<case>/, 200 KB in all:
  config.json, pytorch_model.bin (or shards with their index), expected.safetensors
for models of the Llama family that are as small as they can be, and
  dtypes/tensors.bin, dtypes/expected.safetensors       every dtype, a scalar, an empty tensor
  module/pytorch_model.bin                              a pickled module, which cannot be read without running it
OUT/provenance.json says which versions wrote them.
"""
import collections
import json
import os
import sys

import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "pytorch")
CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 8,
    "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
    "vocab_size": 24, "max_position_embeddings": 32, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
    "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2,
}
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def shapes():
    hidden, inner, vocab = 8, 12, 24
    found = {EMBEDDING: (vocab, hidden)}
    for layer in range(2):
        at = f"model.layers.{layer}."
        found |= {at + "self_attn.q_proj.weight": (hidden, hidden), at + "self_attn.k_proj.weight": (4, hidden),
                  at + "self_attn.v_proj.weight": (4, hidden), at + "self_attn.o_proj.weight": (hidden, hidden),
                  at + "mlp.gate_proj.weight": (inner, hidden), at + "mlp.up_proj.weight": (inner, hidden),
                  at + "mlp.down_proj.weight": (hidden, inner), at + "input_layernorm.weight": (hidden,),
                  at + "post_attention_layernorm.weight": (hidden,)}
    return found | {"model.norm.weight": (hidden,), HEAD: (vocab, hidden)}


def weights(dtype=torch.float32):
    generator = torch.Generator().manual_seed(5)
    return {name: torch.randn(shape, generator=generator).to(dtype) * 0.5 + (1 if len(shape) == 1 else 0)
            for name, shape in shapes().items()}


def module_of(tensors):
    """A module whose parameters have these names: its state_dict() is what models are saved as."""
    root = torch.nn.Module()
    for name, tensor in tensors.items():
        *path, leaf = name.split(".")
        at = root
        for part in path:
            if not hasattr(at, part):
                at.add_module(part, torch.nn.Module())
            at = getattr(at, part)
        at.register_parameter(leaf, tensor if isinstance(tensor, torch.nn.Parameter) else torch.nn.Parameter(tensor))
    return root


def folder_of(case):
    folder = os.path.join(OUT, case)
    os.makedirs(folder, exist_ok=True)
    return folder


def save_case(case, saved, expected, config=None, **options):
    folder = folder_of(case)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump({**CONFIG, **(config or {})}, file, indent=1)
    torch.save(saved, os.path.join(folder, "pytorch_model.bin"), **options)
    save_expected(folder, expected)


def save_expected(folder, tensors):
    # Cloned: safetensors refuses tensors that share memory.
    save_file({name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()},
              os.path.join(folder, "expected.safetensors"))


def make_single():
    state = module_of(weights()).state_dict()
    save_case("single", state, state)


def make_protocol(number):
    state = module_of(weights(torch.float16)).state_dict()
    save_case(f"protocol{number}", state, state, pickle_protocol=number)


def make_sharded():
    state = module_of(weights(torch.bfloat16)).state_dict()
    folder, names = folder_of("sharded"), list(state)
    weight_map = {}
    for number, part in enumerate((names[:9], names[9:]), 1):
        file = f"pytorch_model-{number:05}-of-00002.bin"
        torch.save({name: state[name].clone() for name in part}, os.path.join(folder, file))
        weight_map |= {name: file for name in part}
    total = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    with open(os.path.join(folder, "pytorch_model.bin.index.json"), "w") as file:
        json.dump({"metadata": {"total_size": total}, "weight_map": weight_map}, file, indent=1)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump({**CONFIG, "torch_dtype": "bfloat16"}, file, indent=1)
    save_expected(folder, state)


def tied():
    tensors = weights()
    tensors[EMBEDDING] = tensors[HEAD] = torch.nn.Parameter(tensors[EMBEDDING])
    return module_of(tensors).state_dict()


def make_tied():
    state = tied()
    save_case("tied", state, state, {"tie_word_embeddings": True})


def strided():
    """Views: transposed, every other column, rows out of a larger storage, several tensors in one storage."""
    tensors = weights()
    at = "model.layers.0.self_attn."
    tensors[at + "q_proj.weight"] = tensors[at + "q_proj.weight"].t()
    wide = torch.randn((8, 17), generator=torch.Generator().manual_seed(9))
    tensors[at + "o_proj.weight"] = wide[:, 1::2]
    joined = torch.randn((16, 8), generator=torch.Generator().manual_seed(10))
    tensors[at + "k_proj.weight"], tensors[at + "v_proj.weight"] = joined[3:7], joined[7:11]
    tensors["model.norm.weight"] = wide[:, 5]
    assert not tensors[at + "o_proj.weight"].is_contiguous() and not tensors["model.norm.weight"].is_contiguous()
    return collections.OrderedDict(tensors)


def make_wrapped():
    """A training script's checkpoint; its parameters were not detached."""
    parameters = {name: torch.nn.Parameter(tensor) for name, tensor in weights().items()}
    save_case("wrapped", {"epoch": 3, "state_dict": parameters, "loss": 0.25, "args": ["a", None, True]}, parameters)


def make_dtypes():
    values = torch.tensor([[0.0, 1.0, -2.5], [3.25, 96.0, -0.015625]])
    tensors = {str(dtype).removeprefix("torch."): values.to(dtype)
               for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
                             torch.float8_e5m2)}
    integers = torch.tensor([[0, 1, 2], [3, 100, 127]])
    tensors |= {str(dtype).removeprefix("torch."): integers.to(dtype)
                for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, torch.uint16,
                              torch.uint32, torch.uint64)}
    tensors |= {"scalar": torch.tensor(2.5), "empty": torch.zeros((0, 3)), "column": values.t()[1]}
    folder = folder_of("dtypes")
    torch.save(tensors, os.path.join(folder, "tensors.bin"))
    save_expected(folder, tensors)


def main():
    make_single()
    make_protocol(4)
    make_protocol(5)
    make_sharded()
    make_tied()
    save_case("strided", strided(), strided())
    legacy = {"_use_new_zipfile_serialization": False}
    state = tied()
    save_case("legacy-tied", state, state, {"tie_word_embeddings": True}, **legacy)
    save_case("legacy-strided", strided(), strided(), **legacy)
    make_wrapped()
    make_dtypes()
    torch.save(torch.nn.Linear(2, 2), os.path.join(folder_of("module"), "pytorch_model.bin"))
    with open(os.path.join(OUT, "provenance.json"), "w") as file:
        json.dump({"torch": torch.__version__, "python": sys.version.split()[0], "script": "make_pytorch.py"}, file)
    sizes = [os.path.getsize(os.path.join(place, name)) for place, _, names in os.walk(OUT) for name in names]
    print(f"{len(sizes)} files, {sum(sizes)} bytes in {OUT}")


main()
