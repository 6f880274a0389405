#include "description/tokenizer_json.h"

#include <utility>

namespace kerf::description {
namespace {

Json piece(std::string_view kind, std::string_view id, int type_id) {
  Json inner = Json::object();
  inner.set("id", id);
  inner.set("type_id", type_id);
  Json outer = Json::object();
  outer.set(std::string(kind), std::move(inner));
  return outer;
}

}  // namespace

Json added_token(std::string_view content, std::int64_t id, const TokenFlags& flags) {
  Json token = Json::object();
  token.set("id", id);
  token.set("content", content);
  token.set("single_word", flags.single_word);
  token.set("lstrip", flags.lstrip);
  token.set("rstrip", flags.rstrip);
  token.set("normalized", flags.normalized);
  token.set("special", flags.special);
  return token;
}

Json template_processing(const std::optional<FramingToken>& before, const std::optional<FramingToken>& after) {
  if (!before && !after) return {};
  Json specials = Json::object();
  const auto add_special = [&](const std::optional<FramingToken>& token) {
    if (!token) return;
    Json special = Json::object();
    special.set("id", token->text);
    special.set("ids", Json::Array{Json(token->id)});
    special.set("tokens", Json::Array{Json(token->text)});
    specials.set(token->text, std::move(special));
  };
  const auto add_text = [&](Json& pieces, std::string_view name, int type_id) {
    if (before) pieces.push_back(piece("SpecialToken", before->text, type_id));
    pieces.push_back(piece("Sequence", name, type_id));
    if (after) pieces.push_back(piece("SpecialToken", after->text, type_id));
  };
  Json single = Json::array(), pair = Json::array();
  add_special(before);
  add_special(after);
  add_text(single, "A", 0);
  add_text(pair, "A", 0);
  add_text(pair, "B", 1);
  return typed("TemplateProcessing",
               {{"single", std::move(single)}, {"pair", std::move(pair)}, {"special_tokens", std::move(specials)}});
}

Json byte_level(bool add_prefix_space, bool trim_offsets, bool use_regex) {
  return typed("ByteLevel",
               {{"add_prefix_space", add_prefix_space}, {"trim_offsets", trim_offsets}, {"use_regex", use_regex}});
}

Json typed(std::string_view type, std::vector<std::pair<std::string, Json>> keys) {
  Json part = Json::object();
  part.set("type", type);
  for (auto& [key, value] : keys) part.set(std::move(key), std::move(value));
  return part;
}

Json sentence_piece_decoder(bool strips_first_space) {
  Json pattern = Json::object();
  pattern.set("String", "\u2581");
  Json::Array steps = {typed("Replace", {{"pattern", std::move(pattern)}, {"content", " "}}), typed("ByteFallback"),
                       typed("Fuse")};
  if (strips_first_space) {
    steps.push_back(typed("Strip", {{"content", " "}, {"start", 1}, {"stop", 0}}));
  }
  return typed("Sequence", {{"decoders", std::move(steps)}});
}

Json bpe_model(Json vocab, Json merges, bool ignore_merges) {
  return typed("BPE", {{"dropout", Json()},
                       {"unk_token", Json()},
                       {"continuing_subword_prefix", Json()},
                       {"end_of_word_suffix", Json()},
                       {"fuse_unk", false},
                       {"byte_fallback", false},
                       {"ignore_merges", ignore_merges},
                       {"vocab", std::move(vocab)},
                       {"merges", std::move(merges)}});
}

Json tokenizer_json(TokenizerParts parts) {
  Json json = Json::object();
  json.set("version", "1.0");
  json.set("truncation", Json());
  json.set("padding", Json());
  json.set("added_tokens", std::move(parts.added_tokens));
  json.set("normalizer", std::move(parts.normalizer));
  json.set("pre_tokenizer", std::move(parts.pre_tokenizer));
  json.set("post_processor", std::move(parts.post_processor));
  json.set("decoder", std::move(parts.decoder));
  json.set("model", std::move(parts.model));
  return json;
}

}  // namespace kerf::description
