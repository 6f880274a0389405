#include "formats/tokenizer_files/special_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::formats::tokenizer_files {
namespace {

/// In the order in which transformers gives ids to those that the vocabulary lacks.
constexpr std::array<std::string_view, 7> kRoles = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                    "pad_token", "cls_token", "mask_token"};
constexpr std::string_view kMore = "additional_special_tokens";

std::int64_t id_of_key(const JsonCursor& decoder, const std::string& key) {
  std::int64_t id = -1;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size() || id < 0) {
    decoder.fail(fmt::format("found the key {}, expected an id", quoted(key)));
  }
  return id;
}

/// "<s>" or {"content": "<s>", ...}.
std::string content_of(const JsonCursor& token) {
  return token.json().is_object() ? token.at("content").as_string() : token.as_string();
}

}  // namespace

Json with_mapped_roles(Json tokenizer_config, const JsonCursor& special_tokens_map) {
  for (const std::string_view role : kRoles) {
    const auto token = special_tokens_map.get(role);
    // A null says that there is none.
    if (!token || tokenizer_config.contains(role)) continue;
    if (tokenizer_config.is_null()) tokenizer_config = Json::object();
    tokenizer_config.set(std::string(role), content_of(*token));
  }
  return tokenizer_config;
}

SpecialTokens::SpecialTokens(const Folder& folder, const std::vector<DefaultToken>& defaults,
                             const std::function<std::optional<std::int64_t>(std::string_view)>& id_of,
                             std::int64_t vocab_size) {
  read_roles(folder, defaults);
  if (const auto decoder = folder.tokenizer_config().get("added_tokens_decoder")) {
    read_decoder(*decoder);
  } else if (!folder.added_tokens().json().is_null()) {
    read_added(folder.added_tokens());
  }
  for (const std::string_view key : kRoles) {
    const auto role = roles_.find(key);
    if (role != roles_.end()) add_special(role->second.first, role->second.second, id_of, vocab_size);
  }
  for (const Token& token : more_) add_special(token, false, id_of, vocab_size);
}

SpecialTokens::Token SpecialTokens::read_token(const JsonCursor& value) {
  Token token;
  token.flags.special = true;
  token.content = content_of(value);
  if (!value.json().is_object()) return token;
  token.flags.single_word = value.bool_or("single_word", false);
  token.flags.lstrip = value.bool_or("lstrip", false);
  token.flags.rstrip = value.bool_or("rstrip", false);
  token.flags.normalized = value.bool_or("normalized", false);
  return token;
}

void SpecialTokens::read_decoder(const JsonCursor& decoder) {
  for (const auto& [key, value] : decoder.as_object()) {
    const JsonCursor entry = decoder.at(key);
    Token token = read_token(entry);
    token.flags.special = entry.bool_or("special", false);
    insert(id_of_key(decoder, key), std::move(token), entry);
  }
}

void SpecialTokens::read_added(const JsonCursor& added) {
  for (const auto& [content, id] : added.as_object()) {
    Token token{content, {.normalized = true}};
    insert(added.at(content).as_int64_in(0, std::int64_t{1} << 40), std::move(token), added.at(content));
  }
}

void SpecialTokens::insert(std::int64_t id, Token token, const JsonCursor& where) {
  if (token.content.empty()) where.fail("found an empty token");
  if (!ids_.emplace(token.content, id).second) {
    where.fail(fmt::format("gives the token {} a second id", quoted(token.content)));
  }
  if (!by_id_.emplace(id, std::move(token)).second) where.fail(fmt::format("gives the id {} a second token", id));
}

void SpecialTokens::read_role(const std::string& key, const JsonCursor& value, bool replaces) {
  if (replaces || !roles_.contains(key)) roles_.insert_or_assign(key, std::pair(read_token(value), false));
}

void SpecialTokens::read_roles(const Folder& folder, const std::vector<DefaultToken>& defaults) {
  for (const std::string_view role : kRoles) {
    const std::string key(role);
    if (const auto value = folder.tokenizer_config().get(role)) read_role(key, *value, true);
    // As transformers has it: what the map says comes last.
    if (const auto value = folder.special_tokens_map().get(role)) read_role(key, *value, true);
  }
  for (const DefaultToken& token : defaults) {
    // A null says that there is none.
    const Json* named = folder.tokenizer_config().json().find(token.key);
    if (named != nullptr && named->is_null()) continue;
    const Token entry{std::string(token.content), {.lstrip = token.lstrip, .rstrip = token.rstrip, .special = true}};
    if (token.key == kMore) {
      more_.push_back(entry);
    } else {
      roles_.emplace(token.key, std::pair(entry, true));
    }
  }
  for (const JsonCursor& from : {folder.special_tokens_map(), folder.tokenizer_config()}) {
    const auto list = from.get(kMore);
    if (!list) continue;
    for (std::size_t i = 0; i < list->as_array().size(); ++i) more_.push_back(read_token(list->at(i)));
    break;
  }
}

void SpecialTokens::add_special(const Token& token, bool is_default,
                                const std::function<std::optional<std::int64_t>(std::string_view)>& id_of,
                                std::int64_t vocab_size) {
  if (token.content.empty()) return;
  if (const auto known = ids_.find(token.content); known != ids_.end()) {
    Token& entry = by_id_.at(known->second);
    // added_tokens.json has no flags; a decoder's stand.
    if (!entry.flags.special) entry.flags = token.flags;
    return;
  }
  auto id = id_of(token.content);
  if (!id) {
    if (is_default) return;
    id = by_id_.empty() ? vocab_size : std::max(vocab_size, by_id_.rbegin()->first + 1);
  }
  // A token of the decoder under another name keeps the id.
  if (by_id_.emplace(*id, token).second) ids_.emplace(token.content, *id);
}

Json SpecialTokens::added_tokens() const {
  Json list = Json::array();
  for (const auto& [id, token] : by_id_) list.push_back(description::added_token(token.content, id, token.flags));
  return list;
}

std::string SpecialTokens::name(std::string_view key) const {
  const auto role = roles_.find(key);
  return role == roles_.end() ? "" : role->second.first.content;
}

std::optional<description::FramingToken> SpecialTokens::find(std::string_view key) const {
  const auto id = ids_.find(name(key));
  if (id == ids_.end()) return std::nullopt;
  return description::FramingToken{id->first, id->second};
}

Json SpecialTokens::completed(Json tokenizer_config) const {
  if (!tokenizer_config.is_object()) tokenizer_config = Json::object();
  for (const auto& [key, role] : roles_) {
    if (ids_.contains(role.first.content)) tokenizer_config.set(key, role.first.content);
  }
  return tokenizer_config;
}

}  // namespace kerf::formats::tokenizer_files
