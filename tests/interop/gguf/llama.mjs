// A GGUF file in llama.cpp, on the CPU, with everything in f32 that can be.
import {load} from './packages.mjs';

export async function openModel(modelPath, contextSize) {
  const {getLlama, LlamaLogLevel} = await load('node-llama-cpp', 'dist/index.js');
  const llama = await getLlama({gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error,
                                progressLogs: false});
  const model = await llama.loadModel({modelPath, gpuLayers: 0, useMmap: false});
  const context = contextSize === undefined ? undefined : await model.createContext({
    contextSize, batchSize: contextSize, sequences: 1, flashAttention: false,
    experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32',
  });
  return {llama, model, context, vocabulary: model.fileInsights.vocabularySize ?? vocabularySize(model)};
}

function vocabularySize(model) {
  return model.fileInfo.metadata.tokenizer?.ggml?.tokens?.length;
}

/// Logits of the next token after every position of a window: Float32Array of window.length × vocabulary.
export async function windowLogits(context, window, vocabulary) {
  const sequence = context.getSequence();
  const input = window.map((token) => [token, {generateNext: {logits: true}}]);
  const results = await sequence.controlledEvaluate(input);
  const logits = new Float32Array(window.length * vocabulary).fill(NaN);
  results.forEach((result, position) => {
    for (const [token, value] of result.next.logits) logits[position * vocabulary + token] = value;
  });
  await sequence.dispose();
  return logits;
}
