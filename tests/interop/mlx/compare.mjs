// compare.mjs KERF MODEL MIXTRAL: folders in MLX's layout, in MLX itself. What kerf writes dequantizes there to the values that kerf
// hashed, and what MLX quantizes is read by kerf as MLX dequantizes it. The package's MLX is of 2024: 2, 4 and 8 bits.
// Exits with 1 on any difference.
import {spawnSync} from 'node:child_process';
import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {check, finish} from '../gguf/checks.mjs';
import {modules} from '../gguf/packages.mjs';

const [kerf, model, mixtral] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'kerf-mlx-'));
process.on('exit', () => rmSync(folder, {recursive: true, force: true}));

/// The library, or ctest's code for a skipped test: it is there for some systems only.
function loadMlx() {
  try {
    return createRequire(join(modules, 'here.js'))('@frost-beta/mlx/build/Release/mlx.node');
  } catch (error) {
    console.error(`skipped: MLX cannot be loaded: ${error.message}; scripts/setup_interop installs it`);
    process.exit(77);
  }
}
const mx = loadMlx();

/// Runs kerf quantize; the hash that it prints.
function quantize(source, out, ...words) {
  const all = ['quantize', source, '-o', out, '--force', '--quiet', '--json', ...words];
  const result = spawnSync(kerf, all, {maxBuffer: 1 << 30});
  if (result.status !== 0) throw new Error(`kerf ${all.join(' ')}: ${result.stderr}`);
  return JSON.parse(result.stdout.toString('utf8')).outputs[0].weights_xxh3;
}

/// The hash of a folder's weights as kerf reads them: those of a plain conversion.
function hashOf(source) {
  const plain = ['--scheme', 'f32', '--embedding', 'f32', '--head', 'f32', '--allow-requantize'];
  return quantize(source, join(folder, 'plain'), ...plain);
}

function readConfig(from) {
  return JSON.parse(readFileSync(join(from, 'config.json'), 'utf8'));
}

/// A Mixtral's stacks of experts as transformers names their matrices.
function unstacked(tensors) {
  const own = {gate_proj: 'w1', down_proj: 'w2', up_proj: 'w3'}, result = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const [block, part] = name.split('.switch_mlp.');
    if (part === undefined) {
      result[name] = tensor;
      continue;
    }
    for (let i = 0; i < tensor.shape[0]; ++i) {
      result[`${block}.experts.${i}.${own[part.replace('.weight', '')]}.weight`] = tensor.index(i);
    }
  }
  return result;
}

function writeFolder(name, config, tensors) {
  const path = join(folder, name);
  rmSync(path, {recursive: true, force: true});
  mkdirSync(path);
  mx.eval(Object.values(tensors));
  mx.saveSafetensors(join(path, 'model.safetensors'), tensors);
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  copyFileSync(join(model, 'tokenizer.json'), join(path, 'tokenizer.json'));
  return path;
}

function withoutQuantization(config) {
  const {quantization, quantization_config, dtype, torch_dtype, ...others} = config;
  return {...others, torch_dtype: 'float32'};
}

/// A folder in MLX's layout as MLX dequantizes it, scales in f32: in their own f16 the product would be rounded again.
function dequantized(from) {
  const config = readConfig(from), stored = mx.load(join(from, 'model.safetensors')), plain = {};
  for (const [name, tensor] of Object.entries(stored)) {
    if (name.endsWith('.scales') || name.endsWith('.biases')) continue;
    const base = name.replace(/\.weight$/, '');
    const {group_size: group, bits} = {...config.quantization, ...config.quantization[base]};
    const wide = (part) => stored[`${base}.${part}`].astype(mx.float32);
    plain[name] = stored[`${base}.scales`] === undefined ? tensor.astype(mx.float32)
      : mx.dequantize(tensor, wide('scales'), wide('biases'), group, bits);
  }
  return writeFolder('dequantized', withoutQuantization(config), unstacked(plain));
}

/// The model as mlx-lm's conversion leaves it: linear layers and embeddings quantized by mlx.core.quantize.
function quantizedByMlx(group, bits) {
  const tensors = {};
  for (const [name, tensor] of Object.entries(mx.load(join(model, 'model.safetensors')))) {
    if (tensor.shape.length < 2) {
      tensors[name] = tensor.astype(mx.float16);
      continue;
    }
    const base = name.replace(/\.weight$/, '');
    const [codes, scales, biases] = mx.quantize(tensor.astype(mx.float16), group, bits);
    Object.assign(tensors, {[name]: codes, [`${base}.scales`]: scales, [`${base}.biases`]: biases});
  }
  const config = {...withoutQuantization(readConfig(model)), torch_dtype: 'float16', quantization: {group_size: group, bits}};
  return writeFolder('quantized', config, tensors);
}

for (const bits of [2, 4, 8]) {
  for (const group of [32, 64, 128]) {
    const name = `${bits} bits, groups of ${group}`, out = join(folder, 'out');
    for (const scheme of [`int${bits}-g${group}`, `int${bits}-g${group}-min`]) {
      const hash = quantize(model, out, '--format', 'mlx', '--scheme', scheme, '--embedding', scheme);
      const theirs = hashOf(dequantized(out));
      check(`${scheme}: dequantized by MLX`, theirs === hash, `${hash} ${theirs}`);
    }
    // What MLX of that time quantizes is 512 columns wide at least; rows here have 256.
    if (bits === 2) continue;
    const theirs = quantizedByMlx(group, bits);
    const ours = hashOf(theirs), expected = hashOf(dequantized(theirs));
    check(`${name}: quantized by MLX, read by kerf`, ours === expected, `${ours} ${expected}`);
  }
}
for (const scheme of ['int4-g32', 'int8-g64-min']) {
  const out = join(folder, 'out'), hash = quantize(mixtral, out, '--format', 'mlx', '--scheme', scheme);
  const theirs = hashOf(dequantized(out));
  check(`experts in ${scheme}: dequantized by MLX`, theirs === hash, `${hash} ${theirs}`);
}
finish();
