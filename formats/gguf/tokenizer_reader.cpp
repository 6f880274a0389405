#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/pre_tokenizers.h"
#include "formats/gguf/token_types.h"
#include "formats/gguf/tokenizer.h"

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

Json added_token(const std::string& content, std::int64_t id, bool special) {
  Json token = Json::object();
  token.set("id", id);
  token.set("content", content);
  for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) token.set(flag, false);
  token.set("special", special);
  return token;
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
    if (type == TokenType::kControl || type == TokenType::kUserDefined) {
      tokens.added.push_back(added_token(texts[i], id, type == TokenType::kControl));
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

Json read_model(const MetadataReader& metadata, Json vocab, const PreTokenizer& pre) {
  Json model = Json::object();
  model.set("type", "BPE");
  for (const char* key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
    model.set(key, Json());
  }
  model.set("fuse_unk", false);
  model.set("byte_fallback", false);
  model.set("ignore_merges", pre.ignore_merges);
  model.set("vocab", std::move(vocab));
  model.set("merges", read_merges(metadata));
  return model;
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

Json piece(std::string_view kind, std::string_view id, int type_id) {
  Json inner = Json::object();
  inner.set("id", id);
  inner.set("type_id", type_id);
  Json outer = Json::object();
  outer.set(std::string(kind), std::move(inner));
  return outer;
}

/// TemplateProcessing that puts `bos` before and `eos` after a text.
Json framing(const MetadataReader& metadata, const std::optional<std::string>& bos,
             const std::optional<std::string>& eos) {
  Json single = Json::array(), pair = Json::array(), specials = Json::object();
  const auto add_special = [&](const std::optional<std::string>& text, std::string_view key) {
    if (!text) return;
    Json special = Json::object();
    special.set("id", *text);
    special.set("ids", Json::Array{Json(*metadata.integer(key))});
    special.set("tokens", Json::Array{Json(*text)});
    specials.set(*text, std::move(special));
  };
  const auto add_text = [&](Json& pieces, std::string_view name, int type_id) {
    if (bos) pieces.push_back(piece("SpecialToken", *bos, type_id));
    pieces.push_back(piece("Sequence", name, type_id));
    if (eos) pieces.push_back(piece("SpecialToken", *eos, type_id));
  };
  add_special(bos, kSpecialTokens[0].gguf_key);
  add_special(eos, kSpecialTokens[1].gguf_key);
  add_text(single, "A", 0);
  add_text(pair, "A", 0);
  add_text(pair, "B", 1);
  Json processor = Json::object();
  processor.set("type", "TemplateProcessing");
  processor.set("single", std::move(single));
  processor.set("pair", std::move(pair));
  processor.set("special_tokens", std::move(specials));
  return processor;
}

Json read_post_processor(const MetadataReader& metadata, const PreTokenizer& pre) {
  const auto framing_token = [&](std::string_view flag, bool fallback, const SpecialToken& special) {
    if (!metadata.flag(flag).value_or(fallback)) return std::optional<std::string>();
    auto text = special_text(metadata, special.gguf_key);
    if (!text) metadata.fail(flag, fmt::format("found no key '{}', which this one needs", special.gguf_key));
    return text;
  };
  const auto bos = framing_token(kAddBosKey, pre.adds_bos, kSpecialTokens[0]);
  const auto eos = framing_token(kAddEosKey, false, kSpecialTokens[1]);
  return bos || eos ? framing(metadata, bos, eos) : Json();
}

Json byte_level() {
  Json decoder = Json::object();
  decoder.set("type", "ByteLevel");
  for (const char* flag : {"add_prefix_space", "trim_offsets", "use_regex"}) decoder.set(flag, true);
  return decoder;
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

Json read_tokenizer_config(const MetadataReader& metadata, const PreTokenizer& pre) {
  Json config = Json::object();
  config.set("tokenizer_class", "PreTrainedTokenizerFast");
  for (const SpecialToken& special : kSpecialTokens) {
    if (const auto text = special_text(metadata, special.gguf_key)) config.set(std::string(special.config_key), *text);
  }
  config.set("add_bos_token", metadata.flag(kAddBosKey).value_or(pre.adds_bos));
  if (Json chat = read_chat_templates(metadata); !chat.is_null()) config.set("chat_template", std::move(chat));
  return config;
}

}  // namespace

description::Tokenizer read_tokenizer(const MetadataReader& metadata, std::vector<std::string>& notes) {
  description::Tokenizer tokenizer;
  tokenizer.source_file = metadata.file();
  const std::string model = metadata.text(kTokenizerModelKey).value_or("none");
  if (model == "none" || model == "no_vocab") return tokenizer;
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
  Json json = Json::object();
  json.set("version", "1.0");
  json.set("truncation", Json());
  json.set("padding", Json());
  json.set("added_tokens", std::move(tokens.added));
  json.set("normalizer", Json());
  json.set("pre_tokenizer", Json::parse(pre->json, pre->name));
  json.set("post_processor", read_post_processor(metadata, *pre));
  json.set("decoder", byte_level());
  json.set("model", read_model(metadata, std::move(tokens.vocab), *pre));
  tokenizer.tokenizer_json = std::move(json);
  tokenizer.tokenizer_config = read_tokenizer_config(metadata, *pre);
  return tokenizer;
}

}  // namespace kerf::formats::gguf
