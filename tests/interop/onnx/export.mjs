// export.mjs KERF ROOT FOLDER: checkpoints that kerf writes as ONNX, in ONNX Runtime: the golden logits that transformers gave, and
// kerf's own where texts of a batch differ in length. What kerf reads back of them says the same.
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {load} from '../gguf/packages.mjs';
import {readSafetensors, writeSafetensors} from '../gguf/safetensors.mjs';

const [kerf, root, folder] = process.argv.slice(2);
const ort = (await load('onnxruntime-node', 'dist/index.js')).default;
// Options of quantize, those of the output, and how far logits may be from kerf's own of the same file, whose weights are those that
// were measured. Of f32 they are transformers'.
// Rounded activations: see quantized.mjs; the graph as written, without fusion.
const kExact = 1e-4, kRounded = 1e-3, kActivations = 3.2e-2;
const kKinds = {
  f32: [['--scheme', 'f32'], []],
  f16: [['--scheme', 'f16', '--embedding', 'f16'], []],
  bf16: [['--scheme', 'bf16', '--embedding', 'bf16'], ['--external-data', 'always']],
  'int4-g32': [['--scheme', 'int4-g32'], ['--accuracy-level', '1']],
  'int8-g32 qdq': [['--scheme', 'int8-g32'], ['--onnx-kind', 'qdq']],
  'int4-g16-asym qdq': [['--scheme', 'int4-g16-asym', '--head', 'int4-g16-asym'], ['--onnx-kind', 'qdq']],
  'int8-g64-asym': [['--scheme', 'int8-g64-asym', '--embedding', 'int8-g64-asym'], ['--accuracy-level', '1']],
  dynamic: [['--scheme', 'int8'], ['--onnx-kind', 'dynamic'], kActivations],
  static: [['--scheme', 'int8', '--method', 'rtn', '--activations', 'int8-static', 'TOKENS'], ['--onnx-kind', 'static'], kActivations],
  'static asymmetric': [['--scheme', 'int8-asym', '--method', 'rtn', '--activations', 'int8-static-asym', 'TOKENS'], [], kActivations],
  'int4 embedding': [['--scheme', 'int4-g32-asym', '--embedding', 'int4-g32'], ['--accuracy-level', '1']],
};
// What GroupQueryAttention cannot express: encoders, and slopes of the scores.
const kNotFused = /bert|t5|bloom/;

function run(args) {
  return execFileSync(kerf, args, {stdio: ['ignore', 'ignore', 'pipe']});
}

function kerfLogits(path, inputs, output) {
  run(['logits', path, '--inputs', inputs, '--output', output]);
  return readSafetensors(output).logits.values;
}

function filled(shape, value) {
  return {shape, dtype: 'I64', values: BigInt64Array.from({length: shape[0] * shape[1]}, (_, i) => BigInt(value(i % shape[1])))};
}

const kSession = {logSeverityLevel: 3, extra: {session: {qdq_matmulnbits_accuracy_level: '1'}}};

async function ortLogits(path, inputs, level = 'all') {
  const session = await ort.InferenceSession.create(path, {...kSession, graphOptimizationLevel: level});
  const feeds = {};
  for (const name of session.inputNames) {
    const given = inputs[name] ?? filled(inputs.input_ids.shape, (i) => name === 'attention_mask' ? 1 : name === 'position_ids' ? i : 0);
    feeds[name] = new ort.Tensor('int64', given.values, given.shape);
  }
  const outputs = await session.run(feeds);
  return (outputs.logits ?? outputs.last_hidden_state).data;
}

/// Tokens [from, to) of each text behind what was seen before: the logits and what is seen now.
async function step(session, ids, from, to, past) {
  const [batch, length] = ids.shape, count = to - from, feeds = {...past};
  const tensor = (width, value) => new ort.Tensor('int64', filled([batch, width], value).values, [batch, width]);
  feeds.attention_mask = tensor(to, () => 1);
  feeds.position_ids = tensor(count, (i) => from + i);
  feeds.input_ids = tensor(count, () => 0);
  for (let i = 0; i < batch * count; ++i) feeds.input_ids.data[i] = ids.values[Math.floor(i / count) * length + from + i % count];
  const outputs = await session.run(feeds), seen = {};
  for (const name of session.outputNames) {
    if (name !== 'logits') seen[name.replace('present', 'past_key_values')] = outputs[name];
  }
  return {logits: outputs.logits, seen};
}

/// Logits of the whole, read in pieces. Behind a past GroupQueryAttention takes one token at a time of several texts.
async function piecewise(folder, config, ids, cuts) {
  const session = await ort.InferenceSession.create(join(folder, 'model.onnx'), kSession);
  const {num_key_value_heads: heads, head_size: size, num_hidden_layers: layers} = config.model.decoder;
  const [batch, length] = ids.shape, width = config.model.vocab_size, all = new Float32Array(batch * length * width);
  let past = {}, from = 0;
  for (let i = 0; i < layers; ++i) {
    for (const what of ['key', 'value']) past[`past_key_values.${i}.${what}`] = new ort.Tensor('float32', [], [batch, heads, 0, size]);
  }
  for (const to of [...cuts, length]) {
    const {logits, seen} = await step(session, ids, from, to, past);
    for (let b = 0; b < batch; ++b) {
      all.set(logits.data.subarray(b * (to - from) * width, (b + 1) * (to - from) * width), (b * length + from) * width);
    }
    [past, from] = [seen, to];
  }
  return all;
}

function deviation(found, expected, counts = () => true) {
  let difference = 0, largest = 0;
  for (let i = 0; i < expected.length; ++i) {
    if (!counts(i)) continue;
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return found.length === expected.length && largest > 0 ? difference / largest : Infinity;
}

let failures = 0, compared = 0;
function report(name, found, limit) {
  ++compared;
  if (found <= limit) return;
  ++failures;
  console.error(`${name}: deviates by ${found}`);
}

/// An odd number of tokens, the second text shorter: padded behind, or before.
function padded(ids, length, before) {
  const rows = filled([2, length], () => 0), mask = filled([2, length], () => 1);
  for (let i = 0; i < 2 * length; ++i) rows.values[i] = ids.values[Math.floor(i / length) * ids.shape[1] + i % length];
  for (let i = 0; i < 3; ++i) mask.values[before ? length + i : 2 * length - 1 - i] = 0n;
  return {input_ids: rows, attention_mask: mask};
}

const checkpoints = join(root, 'tests/golden/checkpoints');
const only = process.env.ONLY?.split(',');
for (const name of readdirSync(checkpoints).sort()) {
  if (only && !only.includes(name)) continue;
  const golden = readSafetensors(join(checkpoints, name, 'expected.safetensors'));
  const place = join(folder, `export-${name}`);
  mkdirSync(place, {recursive: true});
  const given = join(place, 'given.safetensors'), output = join(place, 'logits.safetensors'), checkpoint = join(checkpoints, name);
  const {logits, ...inputs} = golden;
  writeSafetensors(given, inputs);
  const tokens = join(place, 'tokens.jsonl'), [batch, length] = inputs.input_ids.shape;
  const row = (i) => JSON.stringify(Array.from(inputs.input_ids.values.slice(i * length, (i + 1) * length), Number));
  writeFileSync(tokens, Array.from({length: batch}, (_, i) => row(i) + '\n').join(''));
  for (const [kind, [choices, options, rounded]] of Object.entries(kKinds)) {
    const path = join(place, `${kind}.onnx`), limit = rounded ?? (kind === 'f32' ? kExact : kRounded);
    const flags = choices.flatMap((flag) => flag === 'TOKENS' ? ['--tokens', tokens, '--context', `${length}`] : [flag]);
    try {
      run(['quantize', checkpoint, ...flags, '-o', path, ...options]);
      const found = await ortLogits(path, inputs, rounded ? 'disabled' : 'all');
      report(`${name}, ${kind}, read back`, deviation(kerfLogits(path, given, output), found), limit);
      if (kind !== 'f32') continue;
      report(`${name}, ${kind}`, deviation(found, logits.values), limit);
      for (const before of [false, true]) {
        const texts = padded(inputs.input_ids, 13, before), file = join(place, 'padded.safetensors');
        if (inputs.decoder_input_ids) texts.decoder_input_ids = inputs.decoder_input_ids;
        writeSafetensors(file, texts);
        const found = await ortLogits(path, texts), expected = kerfLogits(checkpoint, file, output);
        report(`${name}, ${kind}, padded ${before ? 'before' : 'behind'}`, deviation(found, expected), limit);
      }
    } catch (error) {
      report(`${name}, ${kind}: ${(error.stderr?.toString() || error.message).slice(0, 600)}`, Infinity, 0);
    }
  }
  const fused = join(place, 'fused');
  try {
    run(['quantize', checkpoint, '--scheme', 'f32', '-o', fused, '--format', 'onnx', '--onnx-style', 'ort', '--force']);
    const config = JSON.parse(readFileSync(join(fused, 'genai_config.json'), 'utf8'));
    report(`${name}, fused`, deviation(await piecewise(fused, config, inputs.input_ids, []), logits.values), kExact);
    report(`${name}, fused, in pieces`, deviation(await piecewise(fused, config, inputs.input_ids, [20, 21, 22, 23]), logits.values), kExact);
    report(`${name}, fused, read back`, deviation(kerfLogits(join(fused, 'model.onnx'), given, output), logits.values), kExact);
    if (kNotFused.test(name)) report(`${name}, fused, which it cannot be`, Infinity, 0);
    for (const [kind, choices] of [['int4-g32', ['--scheme', 'int4-g32']], ['int8', ['--scheme', 'int8-g32-asym', '--embedding', 'int8-g32']]]) {
      const codes = join(place, `fused-${kind}`);
      run(['quantize', checkpoint, ...choices, '-o', codes, '--format', 'onnx', '--onnx-style', 'ort', '--accuracy-level', '1']);
      const found = await piecewise(codes, config, inputs.input_ids, [20, 21, 22, 23]);
      report(`${name}, fused ${kind}`, deviation(kerfLogits(join(codes, 'model.onnx'), given, output), found), kRounded);
    }
  } catch (error) {
    const why = (error.stderr?.toString() || error.message).slice(0, 600);
    if (!kNotFused.test(name) || !why.includes('--onnx-style standard')) report(`${name}, fused: ${why}`, Infinity, 0);
  }
}
console.log(`${compared} exports compared with ONNX Runtime, ${failures} deviate`);
process.exit(failures === 0 && compared > 0 ? 0 : 1);
