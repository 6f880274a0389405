// quantized.mjs KERF ROOT FOLDER [NAME]: every kind of quantized ONNX model that kerf writes from the golden models of ROOT and from
// what sources.py wrote to FOLDER, in ONNX Runtime and in kerf: the logits must be the same.
//
// How far apart they may be, as a share of the largest logit:
// - weights alone: both multiply the same numbers in f32, in another order: 1e-3.
// - f16 models: ONNX Runtime rounds every activation to 11 digits (2^-11 = 5e-4 each), kerf computes in f32: 1e-2.
// - activations of 8 bits: integers are multiplied exactly in both, but an activation that lies at the edge between two codes
//   becomes one in kerf and the other in ONNX Runtime, because what comes before differs in its last digits. f32 noise of 1e-6 puts
//   about 2 * 255 * 1e-6 of the elements there: a few in a small model. Each moves its product by one step of 1/255 of the range in one
//   of K inputs, so by 1/255/sqrt(K) of a typical sum; what follows moves by less than a step, and where that crosses edges again by
//   up to one step more: with K = 64 and two layers of four products each at most 8 * (1/255)/8 * 4, about 2e-2.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {load} from '../gguf/packages.mjs';
import {readSafetensors} from '../gguf/safetensors.mjs';

const [kerf, root, folder, only] = process.argv.slice(2);
const ort = (await load('onnxruntime-node', 'dist/index.js')).default;
const kWeights = 1e-3, kHalf = 1e-2, kActivations = 2e-2;
// By default ONNX Runtime rounds the activations of weights of 4 bits.
const kSession = {logSeverityLevel: 3, extra: {session: {qdq_matmulnbits_accuracy_level: '1'}}};

const everywhere = scheme => ['--scheme', scheme, '--embedding', scheme, '--head', scheme];
const kKinds = [
  ...['int4-g32', 'int4-g32-asym', 'int4-g16', 'int8-g32', 'int8-g64-asym', 'int8', 'int4-g128'].map(
      scheme => [`matmulnbits ${scheme}`, everywhere(scheme), kWeights]),
  ['matmulnbits linear', ['--scheme', 'int4-g32'], kWeights],
  ['matmulnbits accuracy 1', [...everywhere('int4-g32'), '--accuracy-level', '1'], kWeights],
  ...['int4-g32', 'int4-g32-asym', 'int4', 'int8', 'int8-asym', 'int8-tensor', 'int8-g32', 'int8-g16-asym'].map(
      scheme => [`qdq ${scheme}`, [...everywhere(scheme), '--onnx-kind', 'qdq'], kWeights]),
  ['external data', [...everywhere('int4-g32'), '--external-data', 'always'], kWeights],
  ...['int8', 'int8-asym', 'int8-tensor'].map(
      scheme => [`dynamic ${scheme}`, [...everywhere(scheme), '--onnx-kind', 'dynamic'], kActivations]),
  ...['int8-static', 'int8-static-asym'].map(
      scheme => [`static ${scheme}`, ['--scheme', 'int8', '--method', 'rtn', '--activations', scheme, '--tokens'], kActivations]),
  ['fixed shape', ['--scheme', 'int8', '--method', 'rtn', '--activations', 'int8-static', '--shape', 'FIXED', '--tokens'], kActivations],
];

function run(...given) {
  execFileSync(kerf, given, {stdio: ['ignore', 'ignore', 'pipe']});
}

async function ortLogits(path, inputs) {
  const session = await ort.InferenceSession.create(path, {...kSession, graphOptimizationLevel: 'all'});
  const feeds = {};
  for (const name of session.inputNames) feeds[name] = new ort.Tensor('int64', inputs[name].values, inputs[name].shape);
  return (await session.run(feeds)).logits.data;
}

function deviation(found, expected) {
  let difference = 0, largest = 0;
  for (let i = 0; i < expected.length; ++i) {
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return found.length === expected.length && !Number.isNaN(difference) ? difference / largest : Infinity;
}

/// Calibration tokens for a model: its own inputs, as .jsonl.
function tokensOf(inputs, place) {
  const {values, shape} = inputs.input_ids, lines = [];
  for (let row = 0; row < shape[0]; ++row) {
    lines.push(JSON.stringify(Array.from(values.slice(row * shape[1], (row + 1) * shape[1]), Number)));
  }
  const path = join(place, 'tokens.jsonl');
  writeFileSync(path, lines.join('\n') + '\n');
  return path;
}

let failures = 0, compared = 0;
const worst = {};
async function check(name, model, inputsPath) {
  const inputs = readSafetensors(inputsPath), [batch, length] = inputs.input_ids.shape;
  for (const [kind, given, limit] of kKinds) {
    const label = `${name}, ${kind}`;
    if (only && !label.includes(only)) continue;
    const place = join(folder, 'quantized', name, kind.replaceAll(' ', '_'));
    mkdirSync(place, {recursive: true});
    const output = join(place, 'model.onnx');
    // Batches of a fixed shape are of one.
    if (kind === 'fixed shape' && batch !== 1) continue;
    const flags = given.map(flag => flag === 'FIXED' ? `batch=${batch},length=${length}` : flag);
    if (flags.at(-1) === '--tokens') flags.push(tokensOf(inputs, place), '--context', `${length}`);
    const tolerance = name === 'half' ? Math.max(limit, kHalf) : limit;
    ++compared;
    try {
      run('quantize', model, '-o', output, ...flags);
      run('logits', output, '--inputs', inputsPath, '--output', join(place, 'kerf.safetensors'));
      const found = deviation(await ortLogits(output, inputs), readSafetensors(join(place, 'kerf.safetensors')).logits.values);
      const group = kind.split(' ')[0];
      worst[group] = Math.max(worst[group] ?? 0, found);
      if (found > tolerance) throw new Error(`deviates by ${found}`);
    } catch (error) {
      ++failures;
      console.error(`${label}: ${error.stderr?.toString().trim() || error.message}`);
    }
  }
}

const sources = join(folder, 'sources'), goldens = join(root, 'tests/golden/onnx');
for (const name of readdirSync(sources).sort()) {
  await check(name, join(sources, name, 'model.onnx'), join(sources, name, 'inputs.safetensors'));
}
for (const name of readdirSync(goldens).sort()) {
  if (existsSync(join(goldens, name, 'model.onnx'))) {
    await check(name, join(goldens, name, 'model.onnx'), join(goldens, name, 'expected.safetensors'));
  }
}
console.log(`${compared} quantized models compared with ONNX Runtime, ${failures} deviate; worst by kind:`, worst);
process.exit(failures === 0 && compared > 0 ? 0 : 1);
