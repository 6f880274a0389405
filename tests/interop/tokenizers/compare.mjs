// compare.mjs TOKENIZE_LINES EXAMPLE CHARSMAP [NAME|--models|--kinds|--variants]: ids and decoded texts of kerf and of
// Hugging Face's tokenizers library for many texts and tokenizers. Exits with 1 on any difference. NAME: only tokenizers
// whose names begin with it; --models: those of published models, --kinds: those of other kinds, --variants: small ones.
import {join} from 'node:path';
import {runKerf, theirTokenizer, withTokenizers} from './setting.mjs';
import {makeTexts} from './texts.mjs';
import {variants} from './variants.mjs';

const [program, example, charsmap, wanted = ''] = process.argv.slice(2);

const kTexts = 24000;
/// Tokenizers that differ from another one in a part only see fewer texts, so that the comparison ends in minutes.
const kSomeTexts = 6000;
const kVariantTexts = 1500;
const kAllTexts = ['qwen3', 'llama3', 'gemma3', 'gpt4o', 'gpt2', 'bert_uncased', 't5'];
const kShown = 5;

function parsed(model, options, values) {
  const lines = runKerf(program, model, options, values);
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
  const theirs = theirTokenizer(file);
  const before = comparisons;
  for (const addSpecialTokens of [true, false]) {
    const options = addSpecialTokens ? [] : ['--no-special'];
    const ids = (await theirs.encodeBatch(texts, {addSpecialTokens})).map((encoding) => encoding.getIds());
    compare(`${name}${addSpecialTokens ? '' : ' without special tokens'}`, texts, parsed(file, options, texts), ids);
    // Tails of ids too: they may begin in the middle of a character.
    const pieces = ids.flatMap((list) => (list.length > 1 ? [list, list.slice(1 + (list.length % 3))] : [list]));
    const decoded = await theirs.decodeBatch(pieces, !addSpecialTokens);
    compare(`${name} decoded`, pieces, parsed(file, ['--decode', ...options], pieces), decoded);
  }
  console.log(`${name}: ${texts.length} texts, ${comparisons - before} comparisons`);
}

const isWanted = (group, name) => (wanted.startsWith('--') ? wanted === `--${group}` : name.startsWith(wanted));
const texts = makeTexts(kTexts, join(example, 'evaluation.txt'));
const someTexts = (count) => texts.filter((_, i) => i % Math.floor(texts.length / count) === 0);
await withTokenizers(example, charsmap, async ({models, kinds, base, write}) => {
  for (const [group, files] of Object.entries({models, kinds})) {
    for (const [name, file] of Object.entries(files)) {
      if (isWanted(group, name)) await compareTokenizer(name, file, kAllTexts.includes(name) ? texts : someTexts(kSomeTexts));
    }
  }
  for (const [name, description] of Object.entries(variants(base))) {
    if (isWanted('variants', name)) await compareTokenizer(`variant_${name}`, write(name, description), someTexts(kVariantTexts));
  }
});
console.log(`${comparisons} comparisons, ${differences} differences`);
process.exit(differences === 0 && comparisons > 0 ? 0 : 1);
