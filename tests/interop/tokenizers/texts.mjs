// Texts that tokenizers may differ on, the same ones on every run.
import {readFileSync} from 'node:fs';

/// mulberry32: a small generator of 32-bit numbers.
export function makeRandom(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (bound) => next() % bound;
  return {below, chance: (percent) => below(100) < percent, pick: (list) => list[below(list.length)]};
}

const isSurrogate = (c) => c >= 0xd800 && c <= 0xdfff;
function codePoints(property) {
  const matcher = new RegExp(`^${property}$`, 'u');
  const found = [];
  for (let c = 0; c < 0x110000; ++c) {
    if (!isSurrogate(c) && matcher.test(String.fromCodePoint(c))) found.push(c);
  }
  return found;
}

/// Assigned characters by blocks of 128, so that small scripts come as often as large ones.
function blocks() {
  const all = new Map();
  for (const c of codePoints('[\\p{Assigned}--\\p{Co}]'.replace('[\\p{Assigned}--\\p{Co}]', '\\p{Assigned}'))) {
    const key = c >> 7;
    if (!all.has(key)) all.set(key, []);
    all.get(key).push(c);
  }
  // Of the long runs of ideographs, syllables and private use every sixteenth block will do.
  return [...all].filter(([key]) => {
    const c = key << 7;
    const isLong = (c >= 0x3400 && c < 0xd800) || (c >= 0xe000 && c < 0xf900) || c >= 0x17000 && c < 0x1b000 || c >= 0x20000;
    return !isLong || key % 16 === 0;
  }).map(([, list]) => list);
}

const kSpaces = [' ', ' ', ' ', ' ', '\n', '\n', '\t', '\r', '\r\n', '\v', '\f', '\x1c', '\x85', '\xa0', '\u1680', '\u2000',
  '\u2003', '\u2009', '\u200a', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\u180e', '\u200b', '\ufeff'];
const kContractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'M", "'lL", "'D", "'\u017f",
  '\u2019s', "''s", "'x", "'", "'1", "'r", "'l"];
const kSpecials = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|begin_of_text|>', '<|end_of_text|>', '<|eot_id|>',
  '<|start_header_id|>', '<|reserved_special_token_7|>', '<|vision_start|>', '<think>', '</think>', '<tool_call>',
  '<s>', '</s>', '<unk>', '<pad>', '[MASK]', '[CLS]'];
const kCode = ['def f(x):\n    return x ** 2\n', 'for (int i = 0; i < n; ++i) {\n\ta[i] += b[i] * 1e-5f;\n}\n',
  'SELECT * FROM t WHERE a >= 10 AND b != \'x\';', '#include <vector>\r\nint main() { return 0; }\r\n',
  '{"key": [1, 2.5, null, true], "k\\u00e9": "v\\n"}', '<div class="a b">&nbsp;&amp;</div>', '    \t  if x:\n\n\n\t\t\tpass',
  'https://example.org/a/b?c=d&e=%20#f', '$x->{y}[0] =~ s/a+(?=b)/c/gi;', 'x86_64-linux-gnu-g++ -O3 -o a.out *.c',
  'fn main() -> Result<(), Box<dyn Error>> { Ok(()) }', '0x7fff_ffff & ~0b1010 | 0o777', '// ====== \u2500\u2500\u2500 ======'];

export function makeTexts(count, exampleFile) {
  const random = makeRandom(20240917);
  const {below, chance, pick} = random;
  const characterBlocks = blocks();
  const marks = codePoints('\\p{M}');
  const digits = codePoints('\\p{N}');
  const emoji = codePoints('\\p{Emoji_Presentation}');
  const pictographs = codePoints('\\p{Extended_Pictographic}');
  const prose = [...readFileSync(exampleFile, 'utf8')];
  const character = (list) => String.fromCodePoint(pick(list));
  const repeat = (times, make) => Array.from({length: times}, make).join('');

  const ofBlock = (block) => repeat(1 + below(8), () => repeat(1 + below(7), () => character(block)) + (chance(60) ? ' ' : ''));
  const slice = (length) => {
    const begin = below(prose.length - length);
    return prose.slice(begin, begin + length).join('');
  };
  const anything = () => {
    let c = below(0x110000);
    while (isSurrogate(c)) c = below(0x110000);
    return String.fromCodePoint(c);
  };
  const zwjSequence = () => repeat(1 + below(4), () =>
    character(chance(50) ? emoji : pictographs) + pick(['', '\ufe0f', '\ufe0e', '\u{1f3fb}', '\u{1f3ff}']) + pick(['', '\u200d', '\u200d']));
  const flag = () => String.fromCodePoint(0x1f1e6 + below(26), 0x1f1e6 + below(26));
  const tagged = () => '\u{1f3f4}' + repeat(5, () => String.fromCodePoint(0xe0061 + below(26))) + '\u{e007f}';
  const keycap = () => pick([...'0123456789#*']) + '\ufe0f\u20e3';
  const marked = () => pick([...'aeiouAEOUnNsS\u0915\u0e01\u3042\uac00\u00e9\u1100\u1ebf']) + repeat(below(6), () => character(marks));
  const number = () => pick([
    () => repeat(1 + below(25), () => String(below(10))),
    () => repeat(1 + below(6), () => character(digits)),
    () => `${below(1e6)}.${below(1e6)}e${below(2) ? '-' : '+'}${below(400)}`,
    () => String(below(1e9)).replace(/\B(?=(\d{3})+$)/g, ','),
    () => `${below(10000)}-${below(13)}-${below(32)}T${below(24)}:${below(60)}`])();
  const nearSpecial = () => {
    const special = pick(kSpecials);
    return pick([special, special, special + special, special.slice(0, -1), special.slice(1), special.toUpperCase(), ' ' + special + ' ',
      special.replace('|', '| '), 'a' + special + 'b', special.slice(0, 5) + special, '\u00e9' + special + '\u0301', '_' + special, special + '\n\n ']);
  };
  const control = () => String.fromCodePoint(pick([below(32), below(32), 127, 128 + below(32), 0xad, 0x200c, 0x200d, 0x200e, 0x202e, 0x2066,
    0xfeff, 0xfffd, 0xfffe, 0xffff, 0xfdd0, 0x1ffff, 0xe000 + below(100), 0xf0000, 0x10ffff, 0xe0001]));
  const word = () => pick([() => slice(1 + below(12)), () => character(pick(characterBlocks)), number, marked, () => pick(kContractions),
    zwjSequence, nearSpecial, () => repeat(1 + below(9), () => pick(kSpaces)), control, () => pick(kCode), anything,
    () => pick([...'.,;:!?()[]{}<>|/\\@#$%^&*-+=_~`"\u2026\u2014\u00ab\u3002\u060c'])])();

  const kinds = [
    () => repeat(1 + below(6), () => repeat(1 + below(20), () => pick([...'abcdefghijklmnopqrstuvwxyzABCDEFXYZ'])) + pick(kContractions) + ' '),
    () => slice(1 + below(400)),
    () => repeat(1 + below(5), () => pick([zwjSequence, flag, tagged, keycap])() + (chance(30) ? ' ' : '')),
    () => repeat(1 + below(12), marked),
    () => repeat(1 + below(20), () => (chance(50) ? control() : pick([...'ab '])) ),
    () => repeat(1 + below(40), () => pick(kSpaces)) + (chance(50) ? 'x' : ''),
    () => repeat(1 + below(8), () => (chance(70) ? slice(1 + below(6)) : '') + repeat(1 + below(6), () => pick(kSpaces))),
    () => repeat(1 + below(5), () => number() + pick(['', ' ', ', ', '%', '\u20ac'])),
    () => repeat(1 + below(4), () => pick(kCode) + pick(['', '\n', '    ', '\t'])),
    () => repeat(1 + below(5), () => nearSpecial() + (chance(50) ? pick(kSpaces) : slice(1 + below(5)))),
    () => repeat(1 + below(25), anything),
    () => word().repeat(1 + below(150)).slice(0, 600).toWellFormed(),
    () => repeat(1 + below(12), word),
    () => repeat(1 + below(12), word),
  ];
  const texts = ['', ' ', '\n', 'a'];
  for (const block of characterBlocks) for (let i = 0; i < 8; ++i) texts.push(ofBlock(block));
  while (texts.length < count) texts.push(pick(kinds)());
  return texts;
}
