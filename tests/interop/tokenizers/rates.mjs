// rates.mjs TOKENIZE_LINES EXAMPLE CHARSMAP TEXT [NAME]: how fast kerf and Hugging Face's tokenizers library encode the
// lines of a text on one thread, the best of three runs each. NAME: only tokenizers whose names begin with it.
import {readFileSync} from 'node:fs';
import {runKerf, theirTokenizer, withTokenizers} from './setting.mjs';

const [program, example, charsmap, textFile, wanted = ''] = process.argv.slice(2);
const lines = readFileSync(textFile, 'utf8').split('\n').filter((line) => line !== '');
const megabytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / 1e6;

async function theirSeconds(file) {
  const tokenizer = theirTokenizer(file);
  let best = Infinity;
  for (let run = 0; run < 3; ++run) {
    const start = performance.now();
    await tokenizer.encodeBatch(lines, {addSpecialTokens: true});
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}

await withTokenizers(example, charsmap, async ({models, kinds}) => {
  console.log(`${megabytes.toFixed(2)} MB, ${lines.length} lines; MB/s of kerf, of tokenizers, ratio`);
  for (const [name, file] of Object.entries({...models, ...kinds})) {
    if (!name.startsWith(wanted)) continue;
    const ours = megabytes / Number(runKerf(program, file, ['--seconds'], lines)[0]);
    const theirs = megabytes / (await theirSeconds(file));
    console.log(`${name.padEnd(20)} ${ours.toFixed(2).padStart(8)} ${theirs.toFixed(2).padStart(8)} ${(ours / theirs).toFixed(2).padStart(7)}`);
  }
});
