// export.mjs KERF ROOT FOLDER: checkpoints that kerf writes as ONNX, in ONNX Runtime: the golden logits that transformers gave, and
// kerf's own where texts of a batch differ in length. What kerf reads back of them says the same.
import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {load} from '../gguf/packages.mjs';
import {readSafetensors, writeSafetensors} from '../gguf/safetensors.mjs';

const [kerf, root, folder] = process.argv.slice(2);
const ort = (await load('onnxruntime-node', 'dist/index.js')).default;
// Options of quantize. `exact`: the logits are those of transformers; otherwise those of the same weights in a folder that the same run
// writes, or where no folder holds them (`alone`) of what kerf reads back.
const kTolerance = 1e-4, kQuantized = 1e-3;
const kKinds = {
  f32: {options: ['--scheme', 'f32'], exact: true},
  f16: {options: ['--scheme', 'f16', '--embedding', 'f16']},
  bf16: {options: ['--scheme', 'bf16', '--embedding', 'bf16', '--external-data', 'always']},
  'int4-g32': {options: ['--scheme', 'int4-g32', '--accuracy-level', '1'], quantized: true},
  'int8-g32 qdq': {options: ['--scheme', 'int8-g32', '--onnx-kind', 'qdq'], quantized: true},
  'int4 embedding': {options: ['--scheme', 'int4-g32-asym', '--embedding', 'int4-g32', '--accuracy-level', '1'], quantized: true, alone: true},
};

function run(args) {
  return execFileSync(kerf, args, {stdio: ['ignore', 'ignore', 'pipe']});
}

/// Is an argument one that belongs to the output before it?
function isForOutput(args, i) {
  const names = ['--accuracy-level', '--external-data', '--onnx-kind'];
  return names.includes(args[i]) || names.includes(args[i - 1]);
}

function kerfLogits(path, inputs, output) {
  run(['logits', path, '--inputs', inputs, '--output', output]);
  return readSafetensors(output).logits.values;
}

function filled(shape, value) {
  return {shape, dtype: 'I64', values: BigInt64Array.from({length: shape[0] * shape[1]}, (_, i) => BigInt(value(i % shape[1])))};
}

async function ortLogits(path, inputs) {
  const session = await ort.InferenceSession.create(path, {logSeverityLevel: 3, extra: {session: {qdq_matmulnbits_accuracy_level: '1'}}});
  const feeds = {};
  for (const name of session.inputNames) {
    const given = inputs[name] ?? filled(inputs.input_ids.shape, (i) => name === 'attention_mask' ? 1 : name === 'position_ids' ? i : 0);
    feeds[name] = new ort.Tensor('int64', given.values, given.shape);
  }
  const outputs = await session.run(feeds);
  return (outputs.logits ?? outputs.last_hidden_state).data;
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
  const given = join(place, 'given.safetensors');
  const {logits, ...inputs} = golden;
  writeSafetensors(given, inputs);
  for (const [kind, {options, exact, quantized, alone}] of Object.entries(kKinds)) {
    const path = join(place, `${kind}.onnx`), output = join(place, 'logits.safetensors'), other = join(place, `${kind}.folder`);
    const limit = quantized ? kQuantized : kTolerance, source = exact ? join(checkpoints, name) : alone ? path : other;
    try {
      const outputs = ['-o', path, ...options.filter((_, i, all) => isForOutput(all, i))];
      const choices = options.filter((_, i, all) => !isForOutput(all, i));
      run(['quantize', join(checkpoints, name), ...choices, ...(source === other ? ['-o', other, '--force'] : []), ...outputs]);
      const found = await ortLogits(path, inputs);
      report(`${name}, ${kind}`, deviation(found, exact ? logits.values : kerfLogits(source, given, output)), limit);
      report(`${name}, ${kind}, read back`, deviation(kerfLogits(path, given, output), found), limit);
      for (const before of [false, true]) {
        const texts = padded(inputs.input_ids, 13, before), file = join(place, 'padded.safetensors');
        if (inputs.decoder_input_ids) texts.decoder_input_ids = inputs.decoder_input_ids;
        writeSafetensors(file, texts);
        report(`${name}, ${kind}, padded ${before ? 'before' : 'behind'}`, deviation(await ortLogits(path, texts), kerfLogits(source, file, output)), limit);
      }
    } catch (error) {
      report(`${name}, ${kind}: ${(error.stderr?.toString() || error.message).slice(0, 600)}`, Infinity, 0);
    }
  }
}
console.log(`${compared} exports compared with ONNX Runtime, ${failures} deviate`);
process.exit(failures === 0 && compared > 0 ? 0 : 1);
