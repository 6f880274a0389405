#include "formats/gguf/pieces.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/base64.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/merge_scores.h"

namespace kerf::formats::gguf {
namespace {

using Model = description::SentencePieceModel;

constexpr std::string_view kSpace = "\u2581";

PieceRules collect_file(const Model& model, const JsonCursor& json, Vocabulary& vocabulary,
                        std::vector<std::string>& notes) {
  const bool unigram = model.kind == Model::Kind::kUnigram;
  if (!unigram && model.kind != Model::Kind::kBpe)
    refuse_tokenizer(json, "found a SentencePiece model of words or characters");
  if (!model.escape_whitespaces || model.treat_whitespace_as_suffix) {
    refuse_tokenizer(json, "found a SentencePiece model that does not mark words by a sign before them");
  }
  if (!unigram && (!model.charsmap.empty() || model.remove_extra_whitespaces)) {
    refuse_tokenizer(json, "found a SentencePiece model of merged pairs that normalizes text");
  }
  if (!unigram && !model.byte_fallback) refuse_tokenizer(json, "found a SentencePiece model without byte fallback");
  const JsonCursor words = json.at("model");
  if (json.has("normalizer") || words.bool_or("splits_comma_after_digit", false)) {
    refuse_tokenizer(json, "found a tokenizer that changes text before its SentencePiece model");
  }
  for (const auto& [token, id] : words.at("vocab").as_object())
    vocabulary.add(token, id.as_int64(), TokenType::kControl);
  for (const Model::Piece& piece : model.pieces) {
    const auto id = vocabulary.id(piece.text);
    vocabulary.add(piece.text, *id, static_cast<TokenType>(piece.type));
    vocabulary.set_score(*id, piece.score);
  }
  vocabulary.add_all(json);
  const bool prefix = words.has("prefix");
  if (prefix) {
    notes.push_back(
        "tokenizer: llama.cpp puts a space before the text after a special token, where transformers does "
        "so at the beginning only (legacy: false)");
  }
  return {.model = unigram ? "t5" : "llama",
          .space_prefix = model.add_dummy_prefix || prefix,
          .removes_extra_spaces = unigram && model.remove_extra_whitespaces,
          .charsmap = model.charsmap};
}

bool is_replacement(const JsonCursor& step) {
  const auto pattern = step.get("pattern");
  return kind_of(step) == "Replace" && pattern && pattern->string_or("String", "") == " " &&
         step.string_or("content", "") == kSpace;
}

/// " " becomes the sign, with or without one before the text; nullopt if that is not all.
std::optional<bool> prefix_of_normalizer(const JsonCursor& normalizer) {
  if (is_replacement(normalizer)) return false;
  const auto steps = normalizer.get("normalizers");
  if (kind_of(normalizer) != "Sequence" || !steps || steps->as_array().size() != 2) return std::nullopt;
  const JsonCursor first = steps->at(std::size_t{0});
  if (kind_of(first) != "Prepend" || first.string_or("prepend", "") != kSpace) return std::nullopt;
  return is_replacement(steps->at(std::size_t{1})) ? std::optional(true) : std::nullopt;
}

std::optional<bool> prefix_of_metaspace(const JsonCursor& pre) {
  if (kind_of(pre) != "Metaspace" || pre.string_or("replacement", "") != kSpace || pre.bool_or("split", true)) {
    return std::nullopt;
  }
  return pre.string_or("prepend_scheme", pre.bool_or("add_prefix_space", true) ? "always" : "never") != "never";
}

/// After the normalizer there are no spaces that this could split at.
bool is_idle(const std::optional<JsonCursor>& pre) {
  if (!pre) return true;
  const auto pattern = pre->get("pattern");
  return kind_of(*pre) == "Split" && pattern && pattern->string_or("String", "") == " ";
}

bool space_prefix(const JsonCursor& json) {
  const auto normalizer = json.get("normalizer"), pre = json.get("pre_tokenizer");
  if (normalizer && is_idle(pre)) {
    if (const auto prefix = prefix_of_normalizer(*normalizer)) return *prefix;
  }
  if (!normalizer && pre) {
    if (const auto prefix = prefix_of_metaspace(*pre)) return *prefix;
  }
  refuse_tokenizer(normalizer ? *normalizer : json, "found rules for spaces that are not SentencePiece's");
}

bool is_byte(std::string_view token) {
  return token.size() == 6 && starts_with(token, "<0x") && token.back() == '>' &&
         token.find_first_not_of("0123456789ABCDEF", 3) == 5;
}

PieceRules collect_merges(const JsonCursor& json, Vocabulary& vocabulary) {
  const JsonCursor model = json.at("model"), words = model.at("vocab");
  const std::string unknown = model.string_or("unk_token", "");
  for (const auto& [token, id] : words.as_object()) {
    if (!id.is_integer())
      words.fail(fmt::format("found {} as the id of {}, expected an integer", id.kind(), quoted(token)));
    vocabulary.add(token, id.as_int64(),
                   token == unknown ? TokenType::kUnknown
                   : is_byte(token) ? TokenType::kByte
                                    : TokenType::kNormal);
  }
  const bool prefix = space_prefix(json);
  vocabulary.add_all(json);
  score_merges(model, vocabulary);
  return {.model = "llama", .space_prefix = prefix, .removes_extra_spaces = false, .charsmap = {}};
}

/// The table of characters, and whether runs of spaces become one, of a normalizer that transformers made of a
/// SentencePiece file; nullopt if it is another.
struct UnigramNormalizer {
  std::string charsmap;
  bool removes_extra_spaces = false;
};
std::optional<UnigramNormalizer> read_unigram_normalizer(const JsonCursor& json) {
  UnigramNormalizer result;
  const auto normalizer = json.get("normalizer");
  if (!normalizer) return result;
  std::vector<JsonCursor> steps;
  if (const auto list = normalizer->get("normalizers")) {
    for (std::size_t i = 0; i < list->as_array().size(); ++i) steps.push_back(list->at(i));
  } else {
    steps.push_back(*normalizer);
  }
  for (const JsonCursor& step : steps) {
    const auto pattern = step.get("pattern");
    if (kind_of(step) == "Precompiled") {
      auto bytes = decode_base64(step.at("precompiled_charsmap").as_string());
      if (!bytes) step.at("precompiled_charsmap").fail("is not base64");
      result.charsmap = *std::move(bytes);
    } else if (kind_of(step) == "Replace" && pattern && pattern->string_or("Regex", "") == " {2,}") {
      result.removes_extra_spaces = true;
    } else {
      return std::nullopt;
    }
  }
  return result;
}

/// Words end where spaces are, with or without the spaces before: nullopt if the pre-tokenizer is another.
std::optional<bool> splits_at_spaces(const JsonCursor& pre) {
  const auto is_metaspace = [](const JsonCursor& step) {
    return kind_of(step) == "Metaspace" && step.string_or("replacement", std::string(kSpace)) == kSpace &&
           step.string_or("prepend_scheme", "always") != "never" && step.bool_or("add_prefix_space", true);
  };
  if (is_metaspace(pre)) return false;
  const auto steps = pre.get("pretokenizers");
  if (kind_of(pre) != "Sequence" || !steps || steps->as_array().size() != 2) return std::nullopt;
  if (kind_of(steps->at(std::size_t{0})) != "WhitespaceSplit" || !is_metaspace(steps->at(std::size_t{1}))) {
    return std::nullopt;
  }
  return true;
}

PieceRules collect_unigrams(const JsonCursor& json, Vocabulary& vocabulary) {
  const JsonCursor model = json.at("model"), pieces = model.at("vocab");
  auto normalizer = read_unigram_normalizer(json);
  const auto pre = json.get("pre_tokenizer");
  const auto splits = pre ? splits_at_spaces(*pre) : std::nullopt;
  if (!normalizer || !splits || model.bool_or("byte_fallback", false)) {
    refuse_tokenizer(json, "found rules for a Unigram model that are not SentencePiece's");
  }
  const std::int64_t unknown = model.at("unk_id").as_int64();
  for (std::size_t i = 0; i < pieces.as_array().size(); ++i) {
    const JsonCursor piece = pieces.at(i);
    const auto id = static_cast<std::int64_t>(i);
    vocabulary.add(piece.at(std::size_t{0}).as_string(), id, id == unknown ? TokenType::kUnknown : TokenType::kNormal,
                   static_cast<float>(piece.at(std::size_t{1}).as_double()));
  }
  vocabulary.add_all(json);
  return {.model = "t5",
          .space_prefix = true,
          .removes_extra_spaces = *splits || normalizer->removes_extra_spaces,
          .charsmap = std::move(normalizer->charsmap)};
}

std::vector<float> read_scores(const MetadataReader& metadata, std::size_t count) {
  const Value* value = metadata.metadata().find(kScoresKey);
  const auto* array = value == nullptr ? nullptr : std::get_if<Array>(value);
  const auto* scores = array == nullptr ? nullptr : std::get_if<std::vector<float>>(&array->items);
  if (scores == nullptr) metadata.fail(kScoresKey, "found no array of f32");
  if (scores->size() != count) {
    metadata.fail(kScoresKey, fmt::format("found {} scores, expected {} as there are tokens", scores->size(), count));
  }
  const auto bad = std::find_if(scores->begin(), scores->end(), [](float score) { return !std::isfinite(score); });
  if (bad != scores->end()) {
    metadata.fail(kScoresKey, fmt::format("found {} at index {}, expected finite scores", *bad, bad - scores->begin()));
  }
  return *scores;
}

std::string read_charsmap(const MetadataReader& metadata) {
  const Value* value = metadata.metadata().find(kCharsmapKey);
  if (value == nullptr) return {};
  const auto* array = std::get_if<Array>(value);
  if (array != nullptr) {
    if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&array->items))
      return {bytes->begin(), bytes->end()};
    if (const auto* bytes = std::get_if<std::vector<std::int8_t>>(&array->items)) return {bytes->begin(), bytes->end()};
  }
  metadata.fail(kCharsmapKey, "found no array of bytes");
}

}  // namespace

std::optional<PieceRules> collect_pieces(const description::Tokenizer& tokenizer, Vocabulary& vocabulary,
                                         std::vector<std::string>& notes) {
  const JsonCursor json(tokenizer.tokenizer_json, tokenizer.source_file);
  if (tokenizer.sentence_piece) return collect_file(*tokenizer.sentence_piece, json, vocabulary, notes);
  const JsonCursor model = json.at("model");
  if (kind_of(model) == "BPE" && model.bool_or("byte_fallback", false)) return collect_merges(json, vocabulary);
  if (kind_of(model) == "Unigram") return collect_unigrams(json, vocabulary);
  return std::nullopt;
}

void write_pieces(const PieceRules& rules, const Vocabulary& vocabulary, Metadata& metadata) {
  metadata.set(std::string(kTokenizerModelKey), std::string(rules.model));
  metadata.set(std::string(kPreTokenizerKey), std::string("default"));
  metadata.set(std::string(kScoresKey), Array{vocabulary.scores()});
  metadata.set(std::string(kSpacePrefixKey), rules.space_prefix);
  if (rules.model != "t5") return;
  metadata.set(std::string(kExtraSpacesKey), rules.removes_extra_spaces);
  if (rules.charsmap.empty()) return;
  metadata.set(std::string(kCharsmapKey),
               Array{std::vector<std::uint8_t>(rules.charsmap.begin(), rules.charsmap.end())});
}

Model read_pieces(const MetadataReader& metadata, bool unigram, const std::vector<std::string>& texts,
                  const std::vector<TokenType>& types) {
  const std::vector<float> scores = read_scores(metadata, texts.size());
  Model model;
  model.kind = unigram ? Model::Kind::kUnigram : Model::Kind::kBpe;
  model.add_dummy_prefix = metadata.flag(kSpacePrefixKey).value_or(true);
  model.remove_extra_whitespaces = metadata.flag(kExtraSpacesKey).value_or(false);
  if (unigram) model.charsmap = read_charsmap(metadata);
  std::optional<std::int64_t> unknown;
  for (std::size_t id = 0; id < texts.size(); ++id) {
    if (texts[id].empty() || texts[id].find('\0') != std::string::npos) {
      metadata.fail(kTokensKey, fmt::format("found {} at index {}, expected a text", quoted(texts[id]), id));
    }
    if (types[id] == TokenType::kUnknown) {
      if (unknown)
        metadata.fail(kTokenTypesKey, fmt::format("found unknown tokens {} and {}, expected one", *unknown, id));
      unknown = static_cast<std::int64_t>(id);
    }
    if (types[id] == TokenType::kByte) model.byte_fallback = true;
    model.pieces.push_back({texts[id], scores[id], static_cast<Model::Type>(types[id])});
  }
  if (!unknown) {
    unknown = metadata.integer_in("tokenizer.ggml.unknown_token_id", 0, std::ssize(texts) - 1).value_or(0);
    model.pieces[static_cast<std::size_t>(*unknown)].type = Model::Type::kUnknown;
  }
  model.unknown_id = *unknown;
  return model;
}

}  // namespace kerf::formats::gguf
