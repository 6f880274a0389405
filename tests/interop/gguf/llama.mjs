// A GGUF file in llama.cpp, on the processor, with everything in f32 that can be.
import {load} from './packages.mjs';

const {getLlama, LlamaLogLevel} = await load('node-llama-cpp', 'dist/index.js');
await load('@node-llama-cpp/linux-x64', 'dist/index.js');
const llama = await getLlama({gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error, progressLogs: false});

/// Logits after every position of windows of ids, all of one length: Float32Array [windows, length, vocabulary].
export async function computeLogits(modelPath, windows) {
  const model = await openModel(modelPath);
  const length = windows[0].length;
  const vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  // A window that fills the context to the last position makes node-llama-cpp shift it.
  const context = await model.createContext({
    contextSize: length + 8, batchSize: length, sequences: 1, flashAttention: false,
    experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32',
  });
  const logits = new Float32Array(windows.length * length * vocabulary).fill(NaN);
  for (let i = 0; i < windows.length; ++i) {
    const sequence = context.getSequence();
    const results = await sequence.controlledEvaluate(windows[i].map((id) => [id, {generateNext: {logits: true}}]));
    results.forEach((result, position) => {
      const start = (i * length + position) * vocabulary;
      for (const [token, value] of result.next.logits) logits[start + token] = value;
    });
    await sequence.dispose();
  }
  await context.dispose();
  await model.dispose();
  return {logits, vocabulary};
}

export function openModel(modelPath, options = {}) {
  return llama.loadModel({modelPath, gpuLayers: 0, useMmap: false, ...options});
}
