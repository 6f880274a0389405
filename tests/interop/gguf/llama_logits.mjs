// llama_logits.mjs MODEL.gguf IDS.json OUT.safetensors: what llama.cpp computes. IDS.json holds windows of equal length,
// [[id, …], …]; OUT gets "input_ids" [windows, length] i64 and "logits" [windows, length, vocabulary] f32.
import {readFileSync, writeFileSync} from 'node:fs';
import {openModel, windowLogits} from './llama.mjs';

const [modelPath, idsPath, outPath] = process.argv.slice(2);
if (outPath === undefined) {
  console.error('usage: llama_logits.mjs MODEL.gguf IDS.json OUT.safetensors');
  process.exit(2);
}
const windows = JSON.parse(readFileSync(idsPath, 'utf8'));
const length = windows[0].length;
if (windows.some((window) => window.length !== length)) throw new Error('windows of different lengths');

const {context, model, vocabulary} = await openModel(modelPath, length);
const ids = new BigInt64Array(windows.flat().map(BigInt));
const logits = new Float32Array(windows.length * length * vocabulary);
for (let i = 0; i < windows.length; i++) {
  logits.set(await windowLogits(context, windows[i], vocabulary), i * length * vocabulary);
}
const header = Buffer.from(JSON.stringify({
  input_ids: {dtype: 'I64', shape: [windows.length, length], data_offsets: [0, ids.byteLength]},
  logits: {dtype: 'F32', shape: [windows.length, length, vocabulary],
           data_offsets: [ids.byteLength, ids.byteLength + logits.byteLength]},
}));
const padded = Buffer.concat([header, Buffer.alloc((8 - header.length % 8) % 8, ' ')]);
const size = Buffer.alloc(8);
size.writeBigUInt64LE(BigInt(padded.length));
writeFileSync(outPath, Buffer.concat([size, padded, Buffer.from(ids.buffer), Buffer.from(logits.buffer)]));
await model.dispose();
process.exit(0);
