#include "text/tokenizer.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "text/pieces.h"
#include "text/sentence_piece.h"

namespace kerf::text {
namespace {

constexpr std::string_view kConfigFile = "tokenizer_config.json";

void check_utf8(std::string_view text) {
  if (const auto bad = find_invalid_utf8(text)) {
    throw_input("", "", fmt::format("the text is not valid UTF-8 at byte {}", *bad));
  }
}

/// "<s>" or {"content": "<s>", ...}; nullopt if absent or null.
std::optional<std::string> token_name(const JsonCursor& config, std::string_view key) {
  const auto value = config.get(key);
  if (!value) return std::nullopt;
  return value->json().is_object() ? value->at("content").as_string() : value->as_string();
}

/// The special tokens that a configuration names, by its keys.
Json template_tokens(const JsonCursor& config) {
  Json tokens = Json::object();
  if (!config.json().is_object()) return tokens;
  for (const auto& [key, value] : config.as_object()) {
    if (!ends_with(key, "_token") || !(value.is_string() || value.is_object())) continue;
    tokens.set(key, *token_name(config, key));
  }
  return tokens;
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::make(const description::Tokenizer& description) {
  const JsonCursor json(description.tokenizer_json, description.source_file);
  if (!description.tokenizer_json.is_object()) {
    json.fail(fmt::format("found {}, expected the object of a tokenizer.json", description.tokenizer_json.kind()));
  }
  std::shared_ptr<Tokenizer> tokenizer(new Tokenizer());
  tokenizer->read_components(json, description);
  tokenizer->notes_.insert(tokenizer->notes_.end(), description.notes.begin(), description.notes.end());
  const auto parent = description.source_file.rfind('/');
  const std::string config_file = parent == std::string::npos
                                      ? std::string(kConfigFile)
                                      : description.source_file.substr(0, parent + 1) + std::string(kConfigFile);
  tokenizer->read_special_tokens(description.tokenizer_config, config_file);
  tokenizer->chat_source_ = {
      .templates = description::chat_template_of(description),
      .file = description.chat_template_file.empty() ? config_file + ": chat_template" : description.chat_template_file,
      .tokens = template_tokens(JsonCursor(description.tokenizer_config, config_file))};
  return tokenizer;
}

void Tokenizer::read_components(const JsonCursor& json, const description::Tokenizer& description) {
  if (const auto version = json.get("version"); version && version->as_string() != "1.0") {
    version->fail(fmt::format("found version {}, expected '1.0'", quoted(version->as_string())));
  }
  if (const auto part = json.get("normalizer")) normalizer_ = make_normalizer(*part);
  if (const auto part = json.get("pre_tokenizer")) pre_tokenizer_ = make_pre_tokenizer(*part);
  if (const auto part = json.get("post_processor")) post_processor_ = make_post_processor(*part);
  if (const auto part = json.get("decoder")) decoder_ = make_decoder(*part);
  const JsonCursor model = json.at("model");
  model_ =
      description.sentence_piece ? make_sentence_piece_model(description.sentence_piece, model) : make_model(model);
  if (const auto part = json.get("added_tokens")) {
    added_ = AddedTokens::from_json(*part, model_->vocabulary(), normalizer_.get());
  }
  for (const std::string_view key : {"truncation", "padding"}) {
    if (json.has(key)) notes_.push_back(fmt::format("{}: the {} that it asks for is not applied", json.file(), key));
  }
  vocab_size_ = model_->vocabulary().id_bound();
  for (const AddedToken& token : added_.tokens()) vocab_size_ = std::max(vocab_size_, token.id + 1);
  check_special_ids(json);
  for (int byte = 0; byte < 256; ++byte) {
    if (const auto id = id_of(fmt::format("<0x{:02X}>", byte))) byte_tokens_.insert(*id);
  }
}

void Tokenizer::check_special_ids(const JsonCursor& json) const {
  if (!post_processor_) return;
  for (const std::int64_t id : post_processor_->special_ids()) {
    if (!token(id)) json.at("post_processor").fail(fmt::format("special token id {} is the id of no token", id));
  }
}

void Tokenizer::read_special_tokens(const Json& config, const std::string& file) {
  if (!config.is_null() && !config.is_object()) {
    throw_input(file, "", fmt::format("found {}, expected an object", config.kind()));
  }
  bos_id_ = special_id(config, file, "bos_token");
  if (!bos_id_) bos_id_ = special_id(config, file, "cls_token");
  eos_id_ = special_id(config, file, "eos_token");
  if (!eos_id_) eos_id_ = special_id(config, file, "sep_token");
  mask_id_ = special_id(config, file, "mask_token");
  for (const std::string_view usual : {"[MASK]", "<mask>"}) {
    if (!mask_id_) mask_id_ = id_of(usual);
  }
  const auto leading = post_processor_ ? post_processor_->leading_token() : std::nullopt;
  if (leading) {
    const auto id = id_of(*leading);
    if (config.is_null()) bos_id_ = id;
    const JsonCursor cursor(config, file);
    adds_bos_ = id && (id == bos_id_ || leading == token_name(cursor, "cls_token"));
    if (adds_bos_) bos_id_ = id;
  }
  if (const auto add = JsonCursor(config, file).get("add_bos_token")) {
    adds_bos_ = add->as_bool();
    if (adds_bos_ && !bos_id_) add->fail("found true, but bos_token names no token of the vocabulary");
  }
}

std::optional<std::int64_t> Tokenizer::special_id(const Json& config, const std::string& file, std::string_view key) {
  const auto name = token_name(JsonCursor(config, file), key);
  if (!name) return std::nullopt;
  const auto id = id_of(*name);
  if (!id) notes_.push_back(fmt::format("{}: {}: {} is not in the vocabulary", file, key, quoted(*name)));
  return id;
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view utf8, bool add_special) const {
  return encode_counted(utf8, add_special).ids;
}

EncodedIds Tokenizer::encode_counted(std::string_view utf8, bool add_special) const {
  check_text_size(utf8.size());
  check_utf8(utf8);
  EncodedIds out;
  for (const auto& segment : added_.split_raw(utf8)) {
    if (segment.token != nullptr) {
      out.ids.push_back(segment.token->id);
    } else {
      encode_between(segment.text, segment.text.data() == utf8.data(), out);
    }
  }
  if (post_processor_) post_processor_->process(out.ids, add_special);
  return out;
}

void Tokenizer::encode_between(std::string_view text, bool at_beginning, EncodedIds& out) const {
  std::string normalized(text);
  if (normalizer_) normalizer_->normalize(normalized);
  Pieces pieces;
  for (const auto& segment : added_.split_normalized(normalized)) {
    if (segment.token != nullptr) {
      out.ids.push_back(segment.token->id);
      continue;
    }
    pieces.assign(segment.text, at_beginning && segment.text.data() == normalized.data());
    if (pre_tokenizer_) pre_tokenizer_->split(pieces);
    model_->encode(pieces, out);
  }
}

std::string Tokenizer::decode(const std::vector<std::int64_t>& ids, bool skip_special) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const std::int64_t id : ids) {
    if (skip_special && is_special(id)) continue;
    if (const AddedToken* added = added_.find(id)) {
      tokens.push_back(added->matched);
    } else if (const auto text = model_->vocabulary().token(id)) {
      tokens.emplace_back(*text);
    }
  }
  if (!decoder_) return join(tokens, " ");
  decoder_->decode(tokens);
  return join(tokens, "");
}

Tokenizer::Frame Tokenizer::frame() const {
  constexpr std::int64_t kText = -1;  // stands for the text: no token has this id
  std::vector<std::int64_t> ids = {kText};
  if (post_processor_) post_processor_->process(ids, true);
  const auto text = std::find(ids.begin(), ids.end(), kText);
  return {{ids.begin(), text}, {text + 1, ids.end()}};
}

std::optional<std::string> Tokenizer::token(std::int64_t id) const {
  if (const AddedToken* added = added_.find(id)) return added->content;
  const auto text = model_->vocabulary().token(id);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

std::optional<std::int64_t> Tokenizer::id_of(std::string_view token) const {
  if (const AddedToken* added = added_.find(token)) return added->id;
  return model_->vocabulary().id_of(token);
}

std::int64_t Tokenizer::count_byte_tokens(const std::vector<std::int64_t>& ids) const {
  if (byte_tokens_.empty()) return 0;
  return std::count_if(ids.begin(), ids.end(), [&](std::int64_t id) { return byte_tokens_.contains(id); });
}

bool Tokenizer::is_special(std::int64_t id) const {
  const AddedToken* added = added_.find(id);
  return added != nullptr && added->special;
}

}  // namespace kerf::text
