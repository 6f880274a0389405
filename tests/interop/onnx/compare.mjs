// compare.mjs KERF ROOT FOLDER: logits of ONNX models in ONNX Runtime and in kerf. FOLDER: what models.py wrote. Of the golden models
// of ROOT, those that ONNX Runtime's own optimizer makes of them, level by level.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {load} from '../gguf/packages.mjs';
import {readSafetensors} from '../gguf/safetensors.mjs';

const [kerf, root, folder] = process.argv.slice(2);
const ort = (await load('onnxruntime-node', 'dist/index.js')).default;
const kTolerance = 1e-4;
// By default ONNX Runtime rounds the activations of weights of 4 bits.
const kSession = {logSeverityLevel: 3, extra: {session: {qdq_matmulnbits_accuracy_level: '1'}}};

async function ortLogits(path, inputs) {
  const session = await ort.InferenceSession.create(path, {...kSession, graphOptimizationLevel: 'basic'});
  const feeds = {};
  for (const name of session.inputNames) feeds[name] = new ort.Tensor('int64', inputs[name].values, inputs[name].shape);
  return (await session.run(feeds)).logits.data;
}

function kerfLogits(path, inputs, output) {
  execFileSync(kerf, ['logits', path, '--inputs', inputs, '--output', output], {stdio: ['ignore', 'ignore', 'pipe']});
  return readSafetensors(output).logits.values;
}

function deviation(found, expected) {
  let difference = 0, largest = 0;
  for (let i = 0; i < expected.length; ++i) {
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return found.length === expected.length ? difference / largest : Infinity;
}

let failures = 0, compared = 0;
function report(name, found, limit) {
  ++compared;
  if (found <= limit) return;
  ++failures;
  console.error(`${name}: deviates by ${found}`);
}

for (const name of readdirSync(folder).sort()) {
  const path = join(folder, name, 'model.onnx'), inputs = join(folder, name, 'inputs.safetensors');
  if (!existsSync(path)) continue;
  try {
    const expected = await ortLogits(path, readSafetensors(inputs));
    report(name, deviation(kerfLogits(path, inputs, join(folder, name, 'kerf.safetensors')), expected), kTolerance);
  } catch (error) {
    report(`${name}: ${error.stderr ?? error.message}`, Infinity, 0);
  }
}

const goldens = join(root, 'tests/golden/onnx');
for (const name of readdirSync(goldens).sort()) {
  const inputs = join(goldens, name, 'expected.safetensors');
  for (const level of ['basic', 'extended', 'all']) {
    const place = join(folder, `${name}-${level}`);
    mkdirSync(place, {recursive: true});
    const path = join(place, 'optimized.onnx');
    await ort.InferenceSession.create(join(goldens, name, 'model.onnx'), {...kSession, graphOptimizationLevel: level, optimizedModelFilePath: path});
    try {
      report(`${name}, optimized as ${level}`, deviation(kerfLogits(path, inputs, join(place, 'kerf.safetensors')),
                                                        readSafetensors(inputs).logits.values), kTolerance);
    } catch (error) {
      report(`${name}, optimized as ${level}: ${error.stderr ?? error.message}`, Infinity, 0);
    }
  }
}
console.log(`${compared} models compared with ONNX Runtime, ${failures} deviate`);
process.exit(failures === 0 && compared > 0 ? 0 : 1);
