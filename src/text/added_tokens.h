#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "text/normalizer.h"
#include "text/token_matcher.h"
#include "text/vocabulary.h"

namespace kerf::text {

/// A token that is found in the text before the model sees it.
struct AddedToken {
  std::int64_t id = 0;
  std::string content;
  std::string matched;       ///< what it matches and decodes to: `content`, normalized if `normalized`
  bool special = false;      ///< left out of decoded text on request
  bool normalized = false;   ///< matches the normalized text, in its own normalized form
  bool single_word = false;  ///< only where neither neighbour is a word character
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space after it
};

/// The added tokens of a tokenizer: tokenizer.json's `added_tokens`.
class AddedTokens {
 public:
  AddedTokens() = default;
  /// `json` is the array; ids must be those that the tokenizers library would give: a token's id in the vocabulary, or
  /// else the next free one. Error(kInput) names the token.
  static AddedTokens from_json(const JsonCursor& json, const Vocabulary& vocabulary, const Normalizer* normalizer);

  /// A part of a text: an added token, or text between them (`token` null).
  struct Segment {
    std::string_view text;
    const AddedToken* token = nullptr;
  };
  /// Cuts a text (as it came) at the tokens that are not `normalized`.
  std::vector<Segment> split_raw(std::string_view text) const { return split(text, raw_, raw_tokens_); }
  /// Cuts a normalized text at the tokens that are.
  std::vector<Segment> split_normalized(std::string_view text) const {
    return split(text, normalized_, normalized_tokens_);
  }

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  const AddedToken* find(std::int64_t id) const;
  const AddedToken* find(std::string_view content) const;

 private:
  std::vector<Segment> split(std::string_view text, const TokenMatcher& matcher,
                             const std::vector<std::size_t>& of_pattern) const;
  void build_matchers(const JsonCursor& json, const Normalizer* normalizer);

  std::vector<AddedToken> tokens_;
  std::unordered_map<std::int64_t, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_content_;
  TokenMatcher raw_, normalized_;
  std::vector<std::size_t> raw_tokens_, normalized_tokens_;  ///< index in tokens_ of each pattern
};

}  // namespace kerf::text
