#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "description/tokenizer_json.h"
#include "formats/gguf/pieces.h"
#include "formats/gguf/pre_tokenizers.h"
#include "formats/gguf/token_types.h"
#include "formats/gguf/tokenizer.h"
#include "formats/gguf/word_piece.h"

namespace kerf::formats::gguf {
namespace {

const std::vector<std::string>& required_texts(const MetadataReader& metadata, std::string_view key) {
  const auto* items = metadata.texts(key);
  if (items == nullptr) metadata.fail(key, "found no such key");
  for (std::size_t i = 0; i < items->size(); ++i) {
    if (find_invalid_utf8((*items)[i])) {
      metadata.fail(key, fmt::format("found {} at index {}, expected valid UTF-8", quoted((*items)[i]), i));
    }
  }
  return *items;
}

TokenType token_type(const MetadataReader& metadata, const std::vector<std::int32_t>* types, std::size_t index) {
  if (types == nullptr) return TokenType::kNormal;
  const std::int32_t type = (*types)[index];
  if (type < 1 || type > 6) {
    metadata.fail(kTokenTypesKey, fmt::format("found type {} of token {}, expected 1 to 6", type, index));
  }
  return static_cast<TokenType>(type);
}

struct Tokens {
  Json vocab = Json::object();
  Json added = Json::array();
};

/// Unused tokens are left out: they are padding.
Tokens read_tokens(const MetadataReader& metadata) {
  const auto& texts = required_texts(metadata, kTokensKey);
  const auto* types = metadata.i32s(kTokenTypesKey);
  if (types != nullptr && types->size() != texts.size()) {
    metadata.fail(kTokenTypesKey,
                  fmt::format("found {} types, expected {} as there are tokens", types->size(), texts.size()));
  }
  Tokens tokens;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!seen.insert(texts[i]).second) {
      metadata.fail(kTokensKey, fmt::format("found token {} twice", quoted(texts[i])));
    }
    const TokenType type = token_type(metadata, types, i);
    const auto id = static_cast<std::int64_t>(i);
    if (type == TokenType::kUnused) continue;
    // As llama.cpp finds them in a text: the unknown token too.
    if (type == TokenType::kControl || type == TokenType::kUserDefined || type == TokenType::kUnknown) {
      tokens.added.push_back(description::added_token(texts[i], id, {.special = type != TokenType::kUserDefined}));
    }
    tokens.vocab.set(texts[i], id);
  }
  return tokens;
}

Json read_merges(const MetadataReader& metadata) {
  Json merges = Json::array();
  for (const std::string& merge : required_texts(metadata, kMergesKey)) {
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size()) {
      metadata.fail(kMergesKey, fmt::format("found {}, expected two tokens with a space between", quoted(merge)));
    }
    merges.push_back(Json::Array{Json(merge.substr(0, space)), Json(merge.substr(space + 1))});
  }
  return merges;
}

std::optional<std::string> special_text(const MetadataReader& metadata, std::string_view gguf_key) {
  const auto id = metadata.integer(gguf_key);
  if (!id) return std::nullopt;
  const auto& texts = *metadata.texts(kTokensKey);
  if (*id < 0 || *id >= static_cast<std::int64_t>(texts.size())) {
    metadata.fail(gguf_key, fmt::format("found {}, expected the id of one of {} tokens", *id, texts.size()));
  }
  return texts[static_cast<std::size_t>(*id)];
}

Json read_post_processor(const MetadataReader& metadata, bool adds_bos, bool adds_eos) {
  const auto framing_token = [&](std::string_view flag, bool fallback, const SpecialToken& special) {
    if (!metadata.flag(flag).value_or(fallback)) return std::optional<description::FramingToken>();
    const auto text = special_text(metadata, special.gguf_key);
    if (!text) metadata.fail(flag, fmt::format("found no key '{}', which this one needs", special.gguf_key));
    return std::optional<description::FramingToken>({*text, *metadata.integer(special.gguf_key)});
  };
  const auto bos = framing_token(kAddBosKey, adds_bos, kSpecialTokens[0]);
  const auto eos = framing_token(kAddEosKey, adds_eos, kSpecialTokens[1]);
  return description::template_processing(bos, eos);
}

Json read_chat_templates(const MetadataReader& metadata) {
  const auto main = metadata.text(kChatTemplateKey);
  const auto* names = metadata.texts(kChatTemplatesKey);
  if (names == nullptr) return main ? Json(*main) : Json();
  Json list = Json::array();
  const auto add = [&](const std::string& name, const std::optional<std::string>& text) {
    if (!text) return;
    Json entry = Json::object();
    entry.set("name", name);
    entry.set("template", *text);
    list.push_back(std::move(entry));
  };
  add("default", main);
  for (const std::string& name : *names) {
    if (find_invalid_utf8(name)) metadata.fail(kChatTemplatesKey, "found a name that is not valid UTF-8");
    add(name, metadata.text(fmt::format("{}.{}", kChatTemplateKey, name)));
  }
  return list;
}

Json read_tokenizer_config(const MetadataReader& metadata, bool adds_bos) {
  Json config = Json::object();
  config.set("tokenizer_class", "PreTrainedTokenizerFast");
  for (const SpecialToken& special : kSpecialTokens) {
    if (const auto text = special_text(metadata, special.gguf_key)) config.set(std::string(special.config_key), *text);
  }
  config.set("add_bos_token", metadata.flag(kAddBosKey).value_or(adds_bos));
  if (Json chat = read_chat_templates(metadata); !chat.is_null()) config.set("chat_template", std::move(chat));
  return config;
}

std::vector<TokenType> token_types(const MetadataReader& metadata, std::size_t count) {
  const auto* numbers = metadata.i32s(kTokenTypesKey);
  std::vector<TokenType> types;
  for (std::size_t i = 0; i < count; ++i) types.push_back(token_type(metadata, numbers, i));
  return types;
}

/// SentencePiece's, under the ids of its pieces.
void read_sentence_piece(const MetadataReader& metadata, bool unigram, description::Tokenizer& tokenizer) {
  const auto& texts = required_texts(metadata, kTokensKey);
  Tokens tokens = read_tokens(metadata);
  const std::vector<TokenType> types = token_types(metadata, texts.size());
  auto model = std::make_shared<description::SentencePieceModel>(read_pieces(metadata, unigram, texts, types));
  Json vocab = Json::object();
  for (std::size_t i = 0; i < texts.size(); ++i) vocab.set(texts[i], static_cast<std::int64_t>(i));
  tokenizer.tokenizer_json = description::tokenizer_json(
      {.added_tokens = std::move(tokens.added),
       .normalizer = {},
       .pre_tokenizer = {},
       .post_processor = read_post_processor(metadata, !unigram, unigram),
       .decoder = description::sentence_piece_decoder(model->add_dummy_prefix),
       .model = description::typed("SentencePiece", {{"vocab", std::move(vocab)},
                                                     {"id_offset", std::int64_t{0}},
                                                     {"keeps_spaces_after", Json()},
                                                     {"prefix", Json()},
                                                     {"splits_comma_after_digit", false}})});
  tokenizer.tokenizer_config = read_tokenizer_config(metadata, !unigram);
  tokenizer.sentence_piece = std::move(model);
}

/// BERT's; llama.cpp puts the first special token before a text and the separator behind it, whatever the flags say.
void read_word_piece(const MetadataReader& metadata, description::Tokenizer& tokenizer) {
  const auto& texts = required_texts(metadata, kTokensKey);
  Tokens tokens = read_tokens(metadata);
  const auto framing_token = [&](std::string_view key) -> std::optional<description::FramingToken> {
    const auto text = special_text(metadata, key);
    if (!text) return std::nullopt;
    return description::FramingToken{*text, *metadata.integer(key)};
  };
  auto begin = framing_token("tokenizer.ggml.bos_token_id"), end = framing_token("tokenizer.ggml.seperator_token_id");
  if (!begin) begin = framing_token("tokenizer.ggml.cls_token_id");
  auto parts = read_word_piece(texts, token_types(metadata, texts.size()),
                               special_text(metadata, "tokenizer.ggml.unknown_token_id").value_or("[UNK]"));
  tokenizer.tokenizer_json =
      description::tokenizer_json({.added_tokens = std::move(tokens.added),
                                   .normalizer = std::move(parts.normalizer),
                                   .pre_tokenizer = std::move(parts.pre_tokenizer),
                                   .post_processor = description::template_processing(begin, end),
                                   .decoder = std::move(parts.decoder),
                                   .model = std::move(parts.model)});
  tokenizer.tokenizer_config = read_tokenizer_config(metadata, begin.has_value());
}

}  // namespace

description::Tokenizer read_tokenizer(const MetadataReader& metadata, std::vector<std::string>& notes) {
  description::Tokenizer tokenizer;
  tokenizer.source_file = tokenizer.chat_template_file = metadata.file();
  const std::string model = metadata.text(kTokenizerModelKey).value_or("none");
  if (model == "none" || model == "no_vocab") return tokenizer;
  if (model == "llama" || model == "t5") {
    read_sentence_piece(metadata, model == "t5", tokenizer);
    return tokenizer;
  }
  if (model == "bert") {
    read_word_piece(metadata, tokenizer);
    return tokenizer;
  }
  if (model != "gpt2") {
    notes.push_back(fmt::format("the file's tokenizer is of kind {}, which this build does not read", quoted(model)));
    return tokenizer;
  }
  const std::string pre_name = metadata.text(kPreTokenizerKey).value_or("");
  const PreTokenizer* pre = find_pre_tokenizer(pre_name);
  if (pre == nullptr) {
    notes.push_back(fmt::format("the file's tokenizer splits text by {}, which this build does not know",
                                pre_name.empty() ? "an unnamed rule" : quoted(pre_name)));
    return tokenizer;
  }
  Tokens tokens = read_tokens(metadata);
  tokenizer.tokenizer_json = description::tokenizer_json(
      {.added_tokens = std::move(tokens.added),
       .normalizer = {},
       .pre_tokenizer = Json::parse(pre->json, pre->name),
       .post_processor = read_post_processor(metadata, pre->adds_bos, false),
       .decoder = description::byte_level(true, true, true),
       .model = description::bpe_model(std::move(tokens.vocab), read_merges(metadata), pre->ignore_merges)});
  tokenizer.tokenizer_config = read_tokenizer_config(metadata, pre->adds_bos);
  return tokenizer;
}

}  // namespace kerf::formats::gguf
