// quantized.mjs KERF ROOT FOLDER [NAME]: every kind of quantized ONNX model that kerf writes from the golden models of ROOT and from
// what sources.py wrote to FOLDER, in ONNX Runtime and in kerf: the logits must be the same.
//
// How far apart they may be, as a share of the largest logit:
// - weights alone: both multiply the same numbers in f32, in another order: 1e-3.
// - f16 models: ONNX Runtime rounds every activation to 11 digits (2^-11 = 5e-4 each), kerf computes in f32: 1e-2.
// - activations of 8 bits: integers are multiplied exactly in both, but an activation that lies at the edge between two codes
//   becomes one in kerf and the other in ONNX Runtime, because what comes before differs in its last digits. f32 noise of 1e-6 puts
//   about 2 * 255 * 1e-6 of the elements there: a few in a small model, none in most. Each moves its product by one step of 1/127 of the
//   largest in one of K inputs, so by 1/127/sqrt(K) of a typical sum; what follows moves by less than a step, and where that crosses
//   edges again by up to one step more: with K = 64 and two layers of four products each at most 8 * (1/127)/8 * 4, 3.2e-2. (One
//   element in one of the golden models does so with one of the ranges: 2.5e-2; all others are within 1e-6.) So it is where ONNX Runtime
//   computes what the graph says (no optimization). Its fused kernels scale sums of integers otherwise, which puts many more
//   elements at edges, and models of K = 40 have steps that are larger beside their sums: its own levels are up to 5e-2 apart: 1e-1.
// - accuracy level 4: ONNX Runtime rounds activations by blocks, kerf does not: half a step of 1/127 of a block's largest in each of K
//   inputs, so (1/254)/sqrt(3)/sqrt(K) of a sum of K like ones; logits are small beside those sums where signs cancel: 1e-1.
// - two outputs of one run hold the same numbers: kerf's logits are the same but for the order of sums.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {load} from '../gguf/packages.mjs';
import {readSafetensors} from '../gguf/safetensors.mjs';

const [kerf, root, folder, only] = process.argv.slice(2);
const ort = (await load('onnxruntime-node', 'dist/index.js')).default;
const kWeights = 1e-3, kHalf = 1e-2, kActivations = 3.2e-2, kFused = 1e-1, kRounding = 1e-1, kTwins = 1e-5;
// By default ONNX Runtime rounds the activations of weights of 4 bits.
const kSession = {logSeverityLevel: 3, extra: {session: {qdq_matmulnbits_accuracy_level: '1'}}};

const everywhere = scheme => ['--scheme', scheme, '--embedding', scheme, '--head', scheme];
const kBlocks = [16, 32, 64, 128, 256], kRanges = ['min-max', 'moving-average', 'percentile-99.9', 'entropy', 'mse'];
// Schemes by a block of columns, of 4 and 8 bits, symmetric and not.
const kBlocked = kBlocks.flatMap(block => ['int4', 'int8'].flatMap(type => [`${type}-g${block}`, `${type}-g${block}-asym`]));
const kSmall = new Set(['int4-g32', 'int4-g32-asym', 'int8-g16-asym', 'int4-g256']);

/// name; options of quantize, TOKENS where it needs calibration; those of the output; how far logits may be apart; options of another
/// output of the same run, whose logits in kerf must be the same; is it tried with every source?
const kKinds = [];
function kind(name, given, options, limit, {twin, always = false} = {}) {
  kKinds.push({name, given, options, limit, twin, always});
}
for (const scheme of [...kBlocked, 'int4', 'int8']) {
  kind(`matmulnbits ${scheme}`, everywhere(scheme), ['--accuracy-level', '1'], kWeights,
       {twin: ['--onnx-kind', 'qdq'], always: kSmall.has(scheme)});
}
kind('matmulnbits linear', ['--scheme', 'int4-g32'], [], kWeights, {always: true});
kind('matmulnbits embedding', ['--scheme', 'none', '--embedding', 'int4-g32'], [], kWeights, {always: true});
kind('matmulnbits head', ['--scheme', 'none', '--head', 'int8-g32-asym'], [], kWeights);
for (const level of ['0', '2', '3']) kind(`level ${level} int4-g32`, everywhere('int4-g32'), ['--accuracy-level', level], kHalf);
kind('level 4 int4-g32', everywhere('int4-g32'), ['--accuracy-level', '4'], kRounding);
kind('level 4 int8-g32', everywhere('int8-g32'), ['--accuracy-level', '4'], kRounding);
for (const scheme of ['int4-g32', 'int4-g32-asym', 'int4-g128', 'int4', 'int4-asym', 'int8', 'int8-asym', 'int8-tensor', 'int8-g32', 'int8-g16-asym']) {
  kind(`qdq ${scheme}`, everywhere(scheme), ['--onnx-kind', 'qdq'], kWeights, {always: ['int4-g32', 'int8-asym', 'int8-tensor'].includes(scheme)});
}
kind('qdq f16', everywhere('f16'), ['--onnx-kind', 'qdq'], kWeights, {always: true});
kind('qdq bf16', everywhere('bf16'), ['--onnx-kind', 'qdq'], kWeights);
kind('qdq bf16 scales', [...everywhere('int4-g32'), '--scale-dtype', 'bf16'], ['--onnx-kind', 'qdq'], kWeights);
kind('qdq f32 scales', [...everywhere('int8'), '--scale-dtype', 'f32'], ['--onnx-kind', 'qdq'], kWeights);
kind('external data', everywhere('int4-g32'), ['--external-data', 'always'], kWeights, {always: true});
for (const scheme of ['int8', 'int8-asym', 'int8-tensor']) {
  kind(`dynamic ${scheme}`, everywhere(scheme), ['--onnx-kind', 'dynamic'], kActivations, {always: scheme !== 'int8-tensor'});
}
const calibrated = (...given) => [...given, 'TOKENS'];
for (const symmetry of ['', '-asym']) {
  for (const range of kRanges) {
    kind(`static ${range}${symmetry}`, calibrated('--scheme', 'int8', '--method', 'rtn', '--activations', `int8-static${symmetry}/${range}`), [],
         kActivations, {always: range === 'min-max'});
  }
  kind(`static int8-asym${symmetry}`, calibrated('--scheme', 'int8-asym', '--method', 'rtn', '--activations', `int8-static${symmetry}`), [], kActivations);
}
kind('static int4-g32', calibrated('--scheme', 'int4-g32', '--method', 'rtn', '--activations', 'int8-static'), [], kActivations);
kind('fixed shape', calibrated('--scheme', 'int8', '--method', 'rtn', '--activations', 'int8-static'), ['--onnx-kind', 'static', '--shape', 'FIXED'],
     kActivations, {always: true});
kind('fixed embedding', calibrated('--scheme', 'int8', '--embedding', 'int8', '--method', 'rtn', '--activations', 'int8-static-asym'),
     ['--shape', 'FIXED'], kActivations);
kind('fixed qdq', everywhere('int4-g32'), ['--onnx-kind', 'qdq', '--shape', 'FIXED'], kWeights, {always: true});
kind('gptq', calibrated(...everywhere('int4-g32'), '--method', 'gptq'), [], kWeights, {always: true});
kind('awq', calibrated('--scheme', 'int4-g32', '--method', 'rtn', '--transform', 'awq'), [], kWeights, {always: true});
kind('smoothquant', calibrated('--scheme', 'int8', '--method', 'rtn', '--transform', 'smoothquant', '--activations', 'int8-static'), [],
     kActivations, {always: true});

// What cannot be held, and is said to be so.
const kNothingRounded = /rounds activations: give --activations/;
const kRefused = {hidden41: /whole bytes of two codes/, einsum: kNothingRounded, left: kNothingRounded,
                  learned_positions: /multiplies a table that the model has learned/};

function run(...given) {
  execFileSync(kerf, given, {stdio: ['ignore', 'ignore', 'pipe']});
}

/// All rows at once, as one range of dynamic activations is of a whole call; one by one where the batch is fixed.
async function ortLogits(path, inputs, level, one) {
  const session = await ort.InferenceSession.create(path, {...kSession, graphOptimizationLevel: level});
  const batch = inputs.input_ids.shape[0], count = one ? 1 : batch, logits = [];
  for (let row = 0; row < batch; row += count) {
    const feeds = {};
    for (const name of session.inputNames) {
      const {values, shape: [, length]} = inputs[name];
      feeds[name] = new ort.Tensor('int64', values.slice(row * length, (row + count) * length), [count, length]);
    }
    logits.push(...(await session.run(feeds)).logits.data);
  }
  return logits;
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

let failures = 0, compared = 0, refused = 0;
const worst = {};

function kerfLogits(path, inputs, output) {
  run('logits', path, '--inputs', inputs, '--output', output);
  return readSafetensors(output).logits.values;
}

async function checkKind(name, model, inputsPath, {name: kind, given, options, limit, twin}) {
  const inputs = readSafetensors(inputsPath), length = inputs.input_ids.shape[1];
  const place = join(folder, 'quantized', name, kind.replaceAll(/[ /]/g, '_'));
  mkdirSync(place, {recursive: true});
  const output = join(place, 'model.onnx'), other = join(place, 'other.onnx'), logits = join(place, 'kerf.safetensors');
  const flags = given.flatMap(flag => flag === 'TOKENS' ? ['--tokens', tokensOf(inputs, place), '--context', `${length}`] : [flag]);
  const placed = options.map(flag => flag === 'FIXED' ? `batch=1,length=${length}` : flag);
  run('quantize', model, ...flags, '-o', output, ...placed, ...(twin ? ['-o', other, ...twin] : []));
  const ours = kerfLogits(output, inputsPath, logits), group = kind.split(' ')[0], one = options.includes('FIXED');
  // Fused integer kernels round elsewhere; as written the arithmetic is the same.
  for (const [level, most] of limit === kActivations ? [['disabled', limit], ['all', kFused]] : [['all', limit]]) {
    const found = deviation(await ortLogits(output, inputs, level, one), ours);
    worst[`${group}, ${level}`] = Math.max(worst[`${group}, ${level}`] ?? 0, found);
    if (!(found <= (name === 'half' ? Math.max(most, kHalf) : most))) throw new Error(`deviates by ${found}, optimized: ${level}`);
  }
  if (!twin) return;
  const apart = deviation(kerfLogits(other, inputsPath, logits), ours);
  worst.twins = Math.max(worst.twins ?? 0, apart);
  if (!(apart <= kTwins)) throw new Error(`deviates by ${apart} from the other output of its run`);
}

async function check(name, model, inputsPath, all) {
  for (const entry of kKinds) {
    const label = `${name}, ${entry.name}`;
    if (only ? !label.includes(only) : !(all || entry.always)) continue;
    try {
      await checkKind(name, model, inputsPath, entry);
      ++compared;
    } catch (error) {
      const why = error.stderr?.toString().trim() || error.message;
      if ([2, 3].includes(error.status) && kRefused[name]?.test(why)) {
        ++refused;
        continue;
      }
      ++failures;
      console.error(`${label}: ${why}`);
    }
  }
}

const sources = join(folder, 'sources'), goldens = join(root, 'tests/golden/onnx');
for (const name of readdirSync(sources).sort()) {
  await check(name, join(sources, name, 'model.onnx'), join(sources, name, 'inputs.safetensors'), false);
}
for (const name of readdirSync(goldens).sort()) {
  if (existsSync(join(goldens, name, 'model.onnx'))) {
    await check(name, join(goldens, name, 'model.onnx'), join(goldens, name, 'expected.safetensors'), true);
  }
}
console.log(`${compared} quantized models compared with ONNX Runtime, ${failures} deviate, ${refused} refused as expected; worst by kind:`, worst);
process.exit(failures === 0 && compared > 0 ? 0 : 1);
