"""Layer errors of the reference implementations of GPTQ and AWQ on examples/tiny-llama.

usage: make_methods.py TINY_LLAMA REFERENCE OUT.json

REFERENCE is a folder that is a Python package with the authors' code, which is not kept here: `gptq.py` and
`quantizer.py` of AutoGPTQ 0.7.1 (auto_gptq/quantization; GPTQ.fasterquant and Quantizer), and `awq.py` with
`pseudo_quantize_tensor` and `_search_module_scale` (as `search`) of mit-han-lab/llm-awq. Needs torch, transformers.
"""
import importlib
import json
import pathlib
import sys

import torch
import transformers

WINDOWS, LENGTH = 64, 256
LAYERS = [0, 2]
GRIDS = {"int4-g32": (4, True, 32), "int4-g128-asym": (4, False, 128), "int3-g64-asym": (3, False, 64)}
LINEARS = ["self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj"]


def relative(difference, reference):
    return (difference.double().pow(2).sum() / reference.double().pow(2).sum()).item()


def main(model_dir, reference_dir, out):
    reference = pathlib.Path(reference_dir).resolve()
    sys.path.insert(0, str(reference.parent))
    gptq = importlib.import_module(reference.name + ".gptq")
    awq = importlib.import_module(reference.name + ".awq")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = False
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_dir)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        model_dir, torch_dtype=torch.float32, attn_implementation="eager").to(device).eval()
    text = (pathlib.Path(model_dir) / "calibration.txt").read_text()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"][: WINDOWS * LENGTH]
    batch = torch.tensor(ids, device=device).view(WINDOWS, LENGTH)
    result = {"torch": torch.__version__, "transformers": transformers.__version__, "length": LENGTH, "ids": ids,
              "gptq": [], "awq": []}

    inputs, calls = {}, {}
    handles = []
    for layer in LAYERS:
        block = model.model.layers[layer]
        for name in LINEARS:
            handles.append(block.get_submodule(name).register_forward_pre_hook(
                lambda _, args, key=(layer, name): inputs.__setitem__(key, args[0].detach())))
        for part in ["self_attn", "mlp", ""]:
            module = block.get_submodule(part) if part else block
            handles.append(module.register_forward_pre_hook(
                lambda _, args, kwargs, key=(layer, part): calls.__setitem__(key, (args, dict(kwargs))),
                with_kwargs=True))
    with torch.no_grad():
        model(batch, use_cache=False)
    for handle in handles:
        handle.remove()

    for (layer, name), x in inputs.items():
        weight = model.model.layers[layer].get_submodule(name).weight.data
        rows = x.reshape(-1, x.shape[-1])
        for grid, (bits, sym, group) in GRIDS.items():
            errors = {}
            for method in ["rtn", "gptq"]:
                linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False).to(device)
                linear.weight.data = weight.clone()
                solver = gptq.GPTQ(linear)
                solver.quantizer.configure(bits, perchannel=True, sym=sym, mse=False)
                with torch.no_grad():
                    for window in x:
                        solver.add_batch(window, None)
                    if method == "rtn":
                        # Every column independent of the others: plain rounding on the same grid.
                        solver.H = torch.eye(weight.shape[1], device=device)
                    solver.fasterquant(percdamp=0.01, group_size=group, actorder=method == "gptq", static_groups=True)
                errors[method] = relative(rows @ (linear.weight.data - weight).T, rows @ weight.T)
            result["gptq"].append({"weight": f"model.layers.{layer}.{name}.weight", "scheme": grid, **errors})

    bits, group = 4, 128
    quantize = lambda w: awq.pseudo_quantize_tensor(w, n_bit=bits, q_group_size=group)
    for layer in LAYERS:
        block = model.model.layers[layer]
        args, kwargs = calls[(layer, "")]

        def run():
            with torch.no_grad():
                y = block(*args, **kwargs)
            return y[0] if isinstance(y, tuple) else y

        before = run()
        saved = {k: v.clone() for k, v in block.state_dict().items()}
        linears = [m for m in block.modules() if isinstance(m, torch.nn.Linear)]

        def rounded_error():
            for linear in linears:
                linear.weight.data = quantize(linear.weight.data)
            return relative(run() - before, before)

        plain = rounded_error()
        block.load_state_dict(saved)
        attention, mlp = block.self_attn, block.mlp
        attention_kwargs = {k: v for k, v in calls[(layer, "self_attn")][1].items() if k != "hidden_states"}
        scales = [
            (block.input_layernorm, [attention.q_proj, attention.k_proj, attention.v_proj],
             awq.search(attention, [attention.q_proj, attention.k_proj, attention.v_proj],
                        inputs[(layer, "self_attn.q_proj")], attention_kwargs, quantize)),
            (block.post_attention_layernorm, [mlp.gate_proj, mlp.up_proj],
             awq.search(mlp, [mlp.gate_proj, mlp.up_proj], inputs[(layer, "mlp.gate_proj")], {}, quantize)),
            (mlp.up_proj, [mlp.down_proj],
             awq.search(mlp.down_proj, [mlp.down_proj], inputs[(layer, "mlp.down_proj")], {}, quantize)),
        ]
        with torch.no_grad():
            for producer, readers, (factors, _, _) in scales:
                producer.weight.data = (producer.weight.data.T / factors).T
                for linear in readers:
                    linear.weight.data = linear.weight.data * factors.view(1, -1)
        assert relative(run() - before, before) < 1e-10
        result["awq"].append({"layer": layer, "scheme": f"int{bits}-g{group}-asym", "rtn": plain,
                              "awq": rounded_error(), "ratios": [ratio for _, _, (_, ratio, _) in scales]})
        block.load_state_dict(saved)

    pathlib.Path(out).write_text(json.dumps(result) + "\n")
    for entry in result["gptq"] + result["awq"]:
        print(entry)


if __name__ == "__main__":
    main(*sys.argv[1:])
