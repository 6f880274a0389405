// Small tokenizers, each with one component that the models' own do not have.

const kBytes = {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true};
const kBytesOnly = {...kBytes, use_regex: false};
const kGpt4 = '(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const kGpt4o = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const split = (pattern, behavior, invert = false) => ({type: 'Split', pattern, behavior, invert});
const sequence = (...pretokenizers) => ({type: 'Sequence', pretokenizers});
const added = (id, content, options = {}) =>
  ({id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...options});

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
  return {...all, ...characterVariants(base)};
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
