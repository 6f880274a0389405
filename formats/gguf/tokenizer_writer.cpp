#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/pieces.h"
#include "formats/gguf/pre_tokenizers.h"
#include "formats/gguf/token_types.h"
#include "formats/gguf/tokenizer.h"
#include "formats/gguf/vocabulary.h"
#include "formats/gguf/word_piece.h"

namespace kerf::formats::gguf {
namespace {

bool is_empty(const std::optional<JsonCursor>& value) {
  return !value || (value->json().is_string() && value->as_string().empty());
}

void check_model(const JsonCursor& model) {
  if (kind_of(model) != "BPE")
    refuse_tokenizer(model, fmt::format("found a tokenizer model of type {}", quoted(kind_of(model))));
  for (const std::string_view key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!is_empty(model.get(key))) refuse_tokenizer(model, fmt::format("found a value for {}", key));
  }
}

/// llama.cpp does not normalize text for BPE. NFC leaves text that is composed already, nearly all, as it is.
void check_normalizer(const JsonCursor& json, std::vector<std::string>& notes) {
  const auto normalizer = json.get("normalizer");
  if (!normalizer) return;
  if (kind_of(*normalizer) != "NFC") {
    refuse_tokenizer(*normalizer, fmt::format("found a normalizer of type {}", quoted(kind_of(*normalizer))));
  }
  notes.push_back("tokenizer: llama.cpp does not apply the NFC normalization of tokenizer.json");
}

const PreTokenizer& pre_tokenizer_of(const JsonCursor& json) {
  const JsonCursor pre = json.at("pre_tokenizer");
  const PreTokenizer* known = find_pre_tokenizer(pre.json(), json.at("model").bool_or("ignore_merges", false));
  if (known == nullptr) refuse_tokenizer(pre, "found a way to split text that is none of llama.cpp's known ones");
  return *known;
}

void collect_words(const JsonCursor& json, Vocabulary& vocabulary) {
  const JsonCursor words = json.at("model").at("vocab");
  for (const auto& [token, id] : words.as_object()) {
    if (!id.is_integer())
      words.fail(fmt::format("found {} as the id of {}, expected an integer", id.kind(), quoted(token)));
    vocabulary.add(token, id.as_int64(), TokenType::kNormal);
  }
  vocabulary.add_all(json);
}

std::string merge_text(const JsonCursor& merge) {
  if (merge.json().is_string()) return merge.as_string();
  if (merge.as_array().size() != 2) merge.fail(fmt::format("found {} parts, expected 2", merge.as_array().size()));
  const std::string left = merge.at(std::size_t{0}).as_string(), right = merge.at(std::size_t{1}).as_string();
  if (left.find(' ') != std::string::npos || right.find(' ') != std::string::npos) {
    refuse_tokenizer(merge, "found a space in a merge");
  }
  return left + " " + right;
}

std::vector<std::string> collect_merges(const JsonCursor& model) {
  const JsonCursor merges = model.at("merges");
  std::vector<std::string> result;
  result.reserve(merges.as_array().size());
  for (std::size_t i = 0; i < merges.as_array().size(); ++i) result.push_back(merge_text(merges.at(i)));
  return result;
}

/// Ids that the post-processor puts around a text.
struct Framing {
  std::optional<std::int64_t> bos, eos;
};

std::int64_t special_id(const JsonCursor& processor, const JsonCursor& piece) {
  const JsonCursor ids = processor.at("special_tokens").at(piece.at("SpecialToken").at("id").as_string()).at("ids");
  if (ids.as_array().size() != 1)
    refuse_tokenizer(ids, fmt::format("found {} ids for one token", ids.as_array().size()));
  return ids.at(std::size_t{0}).as_int64();
}

void read_template(const JsonCursor& processor, Framing& framing) {
  const JsonCursor pieces = processor.at("single");
  bool text_seen = false;
  for (std::size_t i = 0; i < pieces.as_array().size(); ++i) {
    const JsonCursor piece = pieces.at(i);
    if (piece.has("Sequence")) {
      if (text_seen) refuse_tokenizer(piece, "found the text twice");
      text_seen = true;
      continue;
    }
    std::optional<std::int64_t>& place = text_seen ? framing.eos : framing.bos;
    if (place) refuse_tokenizer(piece, "found more than one token on one side of the text");
    place = special_id(processor, piece);
  }
}

void read_post_processor(const JsonCursor& processor, Framing& framing) {
  const std::string_view kind = kind_of(processor);
  if (kind == "ByteLevel") return;
  if (kind == "BertProcessing" || kind == "RobertaProcessing") {
    framing.bos = processor.at("cls").at(std::size_t{1}).as_int64();
    framing.eos = processor.at("sep").at(std::size_t{1}).as_int64();
    return;
  }
  if (kind == "TemplateProcessing") return read_template(processor, framing);
  if (kind != "Sequence") refuse_tokenizer(processor, fmt::format("found a post-processor of type {}", quoted(kind)));
  const JsonCursor parts = processor.at("processors");
  for (std::size_t i = 0; i < parts.as_array().size(); ++i) read_post_processor(parts.at(i), framing);
}

/// "<s>", or {"content": "<s>", ...}.
std::optional<std::string> token_text(const JsonCursor& config, std::string_view key) {
  const auto value = config.get(key);
  if (!value) return std::nullopt;
  return value->json().is_object() ? value->at("content").as_string() : value->as_string();
}

/// The id that config.json gives a special token; -1: none.
std::int64_t model_id(const description::Model& model, std::string_view config_key) {
  if (config_key == "bos_token") return model.bos_id;
  if (config_key == "eos_token") return model.eos_id;
  return config_key == "pad_token" ? model.pad_id : -1;
}

/// tokenizer_config.json's word counts more than config.json's; what is put around every text counts most.
std::int64_t special_token_id(const SpecialToken& special, const JsonCursor& config, const description::Model& model,
                              const Vocabulary& vocabulary, const Framing& framing, bool separates) {
  if (special.config_key == "bos_token" && framing.bos) return *framing.bos;
  if (special.config_key == "eos_token" && framing.eos) return *framing.eos;
  // llama.cpp ends a text for BERT by the separator, whatever the end of a sequence is.
  if (special.config_key == "sep_token" && separates && framing.eos) return *framing.eos;
  if (const auto text = token_text(config, special.config_key)) {
    if (const auto id = vocabulary.id(*text)) return *id;
  }
  return model_id(model, special.config_key);
}

void write_special_id(const SpecialToken& special, std::int64_t id, std::int64_t vocab_size, const std::string& file,
                      Metadata& metadata) {
  if (id < 0) return;
  if (id >= vocab_size) {
    throw_input(file, special.config_key, fmt::format("found id {}, but there are only {} tokens", id, vocab_size));
  }
  metadata.set(std::string(special.gguf_key), static_cast<std::uint32_t>(id));
}

void write_no_tokenizer(std::string_view why, const description::Model& model, std::int64_t vocab_size,
                        Metadata& metadata, std::vector<std::string>& notes) {
  metadata.set(std::string(kTokenizerModelKey), std::string("no_vocab"));
  for (const SpecialToken& special : kSpecialTokens) {
    write_special_id(special, model_id(model, special.config_key), vocab_size, "config.json", metadata);
  }
  notes.push_back(fmt::format("{}: the GGUF file says tokenizer 'no_vocab' and takes token ids only", why));
}

void write_chat_template(const Json& templates, const std::string& file, Metadata& metadata) {
  if (templates.is_null()) return;
  const JsonCursor value(templates, file, "chat_template");
  if (templates.is_string()) {
    metadata.set(std::string(kChatTemplateKey), value.as_string());
    return;
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < value.as_array().size(); ++i) {
    const std::string name = value.at(i).at("name").as_string();
    const std::string text = value.at(i).at("template").as_string();
    if (name == "default") {
      metadata.set(std::string(kChatTemplateKey), text);
    } else {
      names.push_back(name);
      metadata.set(fmt::format("{}.{}", kChatTemplateKey, name), text);
    }
  }
  if (!names.empty()) metadata.set(std::string(kChatTemplatesKey), Array{std::move(names)});
}

}  // namespace

void write_tokenizer(const description::Tokenizer& tokenizer, const description::Model& model, std::int64_t vocab_size,
                     Metadata& metadata, std::vector<std::string>& notes) {
  if (tokenizer.tokenizer_json.is_null()) {
    const std::string why = tokenizer.refusal
                                ? fmt::format("the model's tokenizer is not read ({})", tokenizer.refusal->what())
                                : "the model has no tokenizer";
    return write_no_tokenizer(why, model, vocab_size, metadata, notes);
  }
  const JsonCursor json(tokenizer.tokenizer_json, tokenizer.source_file);
  const Json empty = Json::object();
  const JsonCursor config(tokenizer.tokenizer_config.is_null() ? empty : tokenizer.tokenizer_config,
                          tokenizer.source_file);
  Vocabulary vocabulary(vocab_size, json.file());
  std::optional<PieceRules> pieces = collect_pieces(tokenizer, vocabulary, notes);
  const bool words = !pieces && collect_word_piece(json, vocabulary);
  const bool bytes = !pieces && !words;
  if (bytes) {
    check_model(json.at("model"));
    check_normalizer(json, notes);
    collect_words(json, vocabulary);
  }
  Framing framing;
  if (const auto processor = json.get("post_processor")) read_post_processor(*processor, framing);
  const std::int64_t padded = vocabulary.pad();
  if (padded > 0)
    notes.push_back(fmt::format("tokenizer: {} of {} ids have no token and are unused", padded, vocab_size));
  if (pieces) {
    write_pieces(*pieces, vocabulary, metadata);
  } else if (words) {
    metadata.set(std::string(kTokenizerModelKey), std::string("bert"));
    metadata.set(std::string(kPreTokenizerKey), std::string("default"));
  } else {
    metadata.set(std::string(kTokenizerModelKey), std::string("gpt2"));
    metadata.set(std::string(kPreTokenizerKey), std::string(pre_tokenizer_of(json).name));
  }
  metadata.set(std::string(kTokensKey), Array{vocabulary.tokens()});
  metadata.set(std::string(kTokenTypesKey), Array{vocabulary.types()});
  if (bytes) metadata.set(std::string(kMergesKey), Array{collect_merges(json.at("model"))});
  for (const SpecialToken& special : kSpecialTokens) {
    const std::int64_t id = special_token_id(special, config, model, vocabulary, framing, words);
    write_special_id(special, id, vocab_size, tokenizer.source_file, metadata);
  }
  metadata.set(std::string(kAddBosKey), framing.bos.has_value());
  metadata.set(std::string(kAddEosKey), framing.eos.has_value());
  write_chat_template(description::chat_template_of(tokenizer), config.file(), metadata);
}

}  // namespace kerf::formats::gguf
