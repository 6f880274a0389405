#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

/// Parts of a tokenizer.json, for readers of files that say the same in other words.
namespace kerf::description {

struct TokenFlags {
  bool single_word = false, lstrip = false, rstrip = false, normalized = false, special = false;
};

/// An entry of `added_tokens`.
Json added_token(std::string_view content, std::int64_t id, const TokenFlags& flags);

/// A token that stands beside a text.
struct FramingToken {
  std::string text;
  std::int64_t id = 0;
};

/// The post-processor TemplateProcessing that puts tokens before and after a text; null without either.
Json template_processing(const std::optional<FramingToken>& before, const std::optional<FramingToken>& after);

/// A pre-tokenizer, post-processor or decoder of the type ByteLevel.
Json byte_level(bool add_prefix_space, bool trim_offsets, bool use_regex);

/// A part that is only its type and some keys: typed("WordPiece", {{"prefix", "##"}}).
Json typed(std::string_view type, std::vector<std::pair<std::string, Json>> keys = {});

/// SentencePiece's: the signs of spaces, and pieces of bytes, become text again.
Json sentence_piece_decoder(bool strips_first_space);

/// The model BPE without what few tokenizers have: dropout, affixes, byte fallback.
Json bpe_model(Json vocab, Json merges, bool ignore_merges);

/// The whole, from its parts; null where there is none.
struct TokenizerParts {
  Json added_tokens = Json::array(), normalizer{}, pre_tokenizer{}, post_processor{}, decoder{}, model{};
};
Json tokenizer_json(TokenizerParts parts);

}  // namespace kerf::description
