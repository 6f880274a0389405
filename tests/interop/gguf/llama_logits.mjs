// llama_logits.mjs MODEL.gguf IDS.json OUT.safetensors: what llama.cpp computes. IDS.json holds windows of one length,
// [[id, …], …]; OUT gets "input_ids" [windows, length] i64 and "logits" [windows, length, vocabulary] f32.
import {readFileSync} from 'node:fs';
import {computeLogits} from './llama.mjs';
import {writeSafetensors} from './safetensors.mjs';

const [modelPath, idsPath, outPath] = process.argv.slice(2);
if (outPath === undefined) {
  console.error('usage: llama_logits.mjs MODEL.gguf IDS.json OUT.safetensors');
  process.exit(2);
}
const windows = JSON.parse(readFileSync(idsPath, 'utf8'));
const length = windows[0].length;
if (windows.some((window) => window.length !== length)) throw new Error('found windows of different lengths');
const {logits, vocabulary} = await computeLogits(modelPath, windows);
writeSafetensors(outPath, {
  input_ids: {dtype: 'I64', shape: [windows.length, length], values: BigInt64Array.from(windows.flat().map(BigInt))},
  logits: {dtype: 'F32', shape: [windows.length, length, vocabulary], values: logits},
});
process.exit(0);
