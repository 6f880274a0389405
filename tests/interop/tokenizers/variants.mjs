// Small tokenizers, each with one component that the models' own do not have.
import {added, sequenceOf, tokenizer} from './kinds.mjs';

const kBytes = {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true};
const kBytesOnly = {...kBytes, use_regex: false};
const kGpt4 = '(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const kGpt4o = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const split = (pattern, behavior, invert = false) => ({type: 'Split', pattern, behavior, invert});
const sequence = (...pretokenizers) => ({type: 'Sequence', pretokenizers});

/// Names and descriptions. `base` is a tokenizer.json with a byte-level model.
export function variants(base) {
  const size = Object.keys(base.model.vocab).length;
  const of = (changes) => ({...base, ...changes});
  const all = {
    prefix_space: of({pre_tokenizer: {...kBytes, add_prefix_space: true}}),
    no_regex: of({pre_tokenizer: kBytesOnly}),
    no_decoder: of({decoder: null}),
    gpt4: of({pre_tokenizer: sequence(split({Regex: kGpt4}, 'Isolated'), kBytesOnly)}),
    gpt4_removed: of({pre_tokenizer: sequence(split({Regex: kGpt4}, 'Removed', true), kBytesOnly)}),
    gpt4o: of({pre_tokenizer: sequence(split({Regex: kGpt4o}, 'Isolated'), kBytesOnly)}),
    digits: of({pre_tokenizer: sequence({type: 'Digits', individual_digits: true}, kBytes)}),
    digit_runs: of({pre_tokenizer: sequence({type: 'Digits', individual_digits: false}, kBytes)}),
    deepseek: of({pre_tokenizer: sequence(split({Regex: '[\r\n]'}, 'Isolated'), split({Regex: '\\s?\\p{L}+'}, 'Isolated'),
      split({Regex: '\\s?\\p{P}+'}, 'Isolated'), split({Regex: '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+'}, 'Isolated'),
      split({Regex: '\\p{Han}+|\\p{M}|\\w\\d|\\W'}, 'Isolated'), {type: 'Digits', individual_digits: true}, kBytesOnly)}),
  };
  for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase']) all[form.toLowerCase()] = of({normalizer: {type: form}});
  all.normalizers = of({normalizer: {type: 'Sequence', normalizers: [{type: 'NFKD'}, {type: 'Lowercase'},
    {type: 'Replace', pattern: {Regex: '\\p{M}+'}, content: ''}, {type: 'Replace', pattern: {String: '..'}, content: '<.>'},
    {type: 'Prepend', prepend: '>'}]}});
  for (const behavior of ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']) {
    for (const invert of [false, true]) {
      const pattern = invert ? {Regex: '[a-z]+|\\s*'} : {String: ' '};
      all[`split_${behavior}_${invert}`] = of({pre_tokenizer: sequence(split(pattern, behavior, invert), kBytesOnly)});
      all[`split_regex_${behavior}_${invert}`] = of({pre_tokenizer: sequence(split({Regex: '\\s|\\p{P}'}, behavior, invert), kBytesOnly)});
    }
  }
  let next = size;
  const more = (content, options) => added(base.model.vocab[content] ?? next++, content, options);
  all.added = of({normalizer: {type: 'Lowercase'}, added_tokens: [...base.added_tokens,
    more('<s>', {special: true, lstrip: true}), more('</s>', {special: true, rstrip: true}), more('<UNK>', {normalized: true}),
    more('the', {single_word: true}), more('AN', {normalized: true, single_word: true, lstrip: true, rstrip: true}),
    more('[MASK]', {special: true, lstrip: true, rstrip: true, single_word: true}), more('<|', {}), more('<|endoftext', {}),
    more('  x', {rstrip: true}), more('\u00e9', {normalized: true, single_word: true})]});
  all.template = of({post_processor: {type: 'Sequence', processors: [{...kBytes, trim_offsets: false}, {type: 'TemplateProcessing',
    single: [{SpecialToken: {id: 'bos', type_id: 0}}, {Sequence: {id: 'A', type_id: 0}}, {SpecialToken: {id: 'end', type_id: 0}}],
    pair: [{Sequence: {id: 'A', type_id: 0}}, {Sequence: {id: 'B', type_id: 1}}],
    special_tokens: {bos: {id: 'bos', ids: [0], tokens: ['<|endoftext|>']}, end: {id: 'end', ids: [1, 0], tokens: ['!', '<|endoftext|>']}}}]}});
  all.ignore_merges = of({model: {...base.model, ignore_merges: true}});
  all.merge_arrays = of({model: {...base.model, merges: base.model.merges.map((m) => (Array.isArray(m) ? m : m.split(' ')))}});
  return {...all, ...characterVariants(base), ...componentVariants(base)};
}

/// Components that rewrite or divide text, before bytes: what they do shows in the ids.
function componentVariants(base) {
  const of = (changes) => ({...base, pre_tokenizer: kBytesOnly, ...changes});
  const all = {};
  const divided = (name, pretokenizer) => { all[name] = of({pre_tokenizer: sequence(pretokenizer, kBytesOnly)}); };
  const normalized = (name, normalizer) => { all[name] = of({normalizer}); };
  const decoded = (name, decoder) => { all[name] = of({decoder}); };
  const behaviors = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
  for (const behavior of behaviors) divided(`punctuation_${behavior}`, {type: 'Punctuation', behavior});
  for (const type of ['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit', 'Punctuation', 'UnicodeScripts']) divided(type, {type});
  for (const length of [1, 5, 1000]) divided(`fixed_length_${length}`, {type: 'FixedLength', length});
  divided('fixed_length', {type: 'FixedLength'});
  divided('delimiter', {type: 'CharDelimiterSplit', delimiter: 'e'});
  for (const prepend_scheme of ['always', 'first', 'never']) {
    for (const split of [true, false]) divided(`metaspace_${prepend_scheme}_${split}`, {type: 'Metaspace', replacement: '_', prepend_scheme, split});
  }
  all.metaspace_words = of({pre_tokenizer: sequence({type: 'WhitespaceSplit'},
    {type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first', split: true}, kBytesOnly)});
  all.metaspace_old = of({pre_tokenizer: sequence({type: 'Metaspace', replacement: '\u2581', add_prefix_space: true}, kBytesOnly)});
  for (const strip_left of [true, false]) {
    for (const strip_right of [true, false]) normalized(`strip_${strip_left}_${strip_right}`, {type: 'Strip', strip_left, strip_right});
  }
  normalized('strip_accents', {type: 'StripAccents'});
  normalized('strip_accents_nfd', sequenceOf('normalizers', {type: 'NFD'}, {type: 'StripAccents'}));
  normalized('nmt', {type: 'Nmt'});
  all.byte_level_normalizer = {...base, normalizer: {type: 'ByteLevel'}, pre_tokenizer: null};
  for (const option of ['clean_text', 'handle_chinese_chars', 'strip_accents', 'lowercase']) {
    const off = {clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false};
    normalized(`bert_${option}`, {type: 'BertNormalizer', ...off, [option]: true});
  }
  decoded('decoder_bpe', {type: 'BPEDecoder', suffix: 'e'});
  decoded('decoder_ctc', {type: 'CTC', pad_token: '<|endoftext|>', word_delimiter_token: '\u0120', cleanup: true});
  decoded('decoder_ctc_raw', {type: 'CTC', pad_token: 'e', word_delimiter_token: '|', cleanup: false});
  decoded('decoder_wordpiece', {type: 'WordPiece', prefix: '\u0120', cleanup: true});
  decoded('decoder_metaspace', {type: 'Metaspace', replacement: '\u0120', prepend_scheme: 'always', split: true});
  decoded('decoder_metaspace_never', {type: 'Metaspace', replacement: '\u0120', prepend_scheme: 'never', split: true});
  return {...all, ...affixVariants(base)};
}

/// Byte-pair encoding with affixes, as CLIP has a suffix.
function affixVariants(base) {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const pairs = ['th', 'he', 'in', 'er', 'an', 're', 'on', 'at', 'en', 'nd', 'the', 'ing', 'ee'];
  const suffixed = ['<unk>', ...letters, ...letters.map((c) => `${c}</w>`), ...pairs, ...pairs.map((p) => `${p}</w>`)];
  const cut = (p, at) => [p.slice(0, at), p.slice(at)];
  const known = (list) => (merges) => merges.filter(([a, b]) => list.includes(a) && list.includes(b));
  const merges = known(suffixed)([...pairs.map((p) => cut(p, p.length - 1)), ...pairs.map((p) => cut(`${p}</w>`, p.length - 1)), ['t', 'he</w>']]);
  const model = (vocab, changes) => ({type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: null,
    fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab: Object.fromEntries(vocab.map((t, id) => [t, id])), ...changes});
  const prefixed = ['<unk>', ...letters, ...letters.map((c) => `##${c}`), ...pairs, ...pairs.map((p) => `##${p}`)];
  const prefixMerges = known(prefixed)([...pairs.map((p) => [p.slice(0, -1), `##${p.slice(-1)}`]),
    ...pairs.map((p) => [`##${p.slice(0, -1)}`, `##${p.slice(-1)}`]), ['t', '##he']]);
  const words = {normalizer: {type: 'Lowercase'}, pre_tokenizer: {type: 'Whitespace'}};
  return {
    suffix: tokenizer({...words, decoder: {type: 'BPEDecoder', suffix: '</w>'}, model: model(suffixed, {end_of_word_suffix: '</w>', merges})}),
    suffix_fused: tokenizer({...words, model: model(suffixed, {end_of_word_suffix: '</w>', merges, fuse_unk: true})}),
    prefix: tokenizer({...words, decoder: {type: 'WordPiece', prefix: '##', cleanup: false},
      model: model(prefixed, {continuing_subword_prefix: '##', merges: prefixMerges})}),
  };
}

/// Models over characters instead of bytes: unknown tokens, and bytes as a way out (the SentencePiece style of Llama 2).
function characterVariants(base) {
  const tokens = Object.keys(base.model.vocab).map((t) => t.replaceAll('\u0120', '\u2581')).filter((t) => /^[\x21-\x7e\u2581]+$/.test(t));
  const names = ['<unk>', ...Array.from({length: 256}, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`), ...tokens];
  const vocab = Object.fromEntries(names.map((t, id) => [t, id]));
  const merges = base.model.merges.map((m) => (Array.isArray(m) ? m : m.split(' ')).map((t) => t.replaceAll('\u0120', '\u2581')))
    .filter(([a, b]) => a in vocab && b in vocab && a + b in vocab);
  const model = {type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: true,
    byte_fallback: true, ignore_merges: false, vocab, merges};
  const llama = {version: '1.0', truncation: null, padding: null, added_tokens: [added(0, '<unk>', {special: true})],
    normalizer: {type: 'Sequence', normalizers: [{type: 'Prepend', prepend: '\u2581'}, {type: 'Replace', pattern: {String: ' '}, content: '\u2581'}]},
    pre_tokenizer: null, post_processor: null, model,
    decoder: {type: 'Sequence', decoders: [{type: 'Replace', pattern: {String: '\u2581'}, content: ' '}, {type: 'ByteFallback'}, {type: 'Fuse'},
      {type: 'Strip', content: ' ', start: 1, stop: 0}]}};
  const few = Object.fromEntries(Object.entries(vocab).filter(([t]) => !/^<0x[89A-F]/.test(t) || /^<0x(C3|A9|E2|80|99)>$/.test(t))
    .map(([t]) => t).sort((a, b) => vocab[a] - vocab[b]).map((t, id) => [t, id]));
  return {
    llama2: llama,
    llama2_few_bytes: {...llama, model: {...model, vocab: few}},
    llama2_few_bytes_apart: {...llama, model: {...model, vocab: few, fuse_unk: false}},
    unknown_fused: {...llama, model: {...model, byte_fallback: false}},
    unknown_apart: {...llama, model: {...model, byte_fallback: false, fuse_unk: false}},
    unknown_dropped: {...llama, model: {...model, byte_fallback: false, unk_token: null}},
  };
}
