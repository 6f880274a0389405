#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "description/tokenizer_json.h"
#include "formats/tokenizer_files/folder.h"

namespace kerf::formats::tokenizer_files {

/// A special token that a class of tokenizers has unless its files name another: the key and the token.
struct DefaultToken {
  std::string_view key, content;  ///< "mask_token", "<mask>"
  bool lstrip = false, rstrip = false;
};

/// tokenizer_config.json (or null) with the tokens of roles, such as mask_token, that only special_tokens_map.json
/// names. Error(kInput) naming the key where that one is malformed.
Json with_mapped_roles(Json tokenizer_config, const JsonCursor& special_tokens_map);

/// The tokens that are found in a text before it is cut up, of all the places that name some: tokenizer_config.json's
/// added_tokens_decoder, or else added_tokens.json; the special tokens of special_tokens_map.json and
/// tokenizer_config.json, and those that the class has by itself.
class SpecialTokens {
 public:
  /// `id_of`: a token's id in the vocabulary. Tokens that are not in it come after `vocab_size`, unless a file gives
  /// them an id; those that only the class names are then left out. Error(kInput) naming the file and key.
  SpecialTokens(const Folder& folder, const std::vector<DefaultToken>& defaults,
                const std::function<std::optional<std::int64_t>(std::string_view)>& id_of, std::int64_t vocab_size);

  /// tokenizer.json's added_tokens, by id.
  Json added_tokens() const;
  /// The token of a role ("bos_token"), if there is one and it has an id.
  std::optional<description::FramingToken> find(std::string_view key) const;
  std::string name(std::string_view key) const;
  /// tokenizer_config.json with the names of all roles in it.
  Json completed(Json tokenizer_config) const;

 private:
  struct Token {
    std::string content;
    description::TokenFlags flags;
  };
  void read_decoder(const JsonCursor& decoder);
  void read_added(const JsonCursor& added);
  void read_roles(const Folder& folder, const std::vector<DefaultToken>& defaults);
  void read_role(const std::string& key, const JsonCursor& value, bool replaces);
  void add_special(const Token& token, bool is_default,
                   const std::function<std::optional<std::int64_t>(std::string_view)>& id_of, std::int64_t vocab_size);
  void insert(std::int64_t id, Token token, const JsonCursor& where);
  static Token read_token(const JsonCursor& value);

  std::map<std::int64_t, Token> by_id_;
  std::map<std::string, std::int64_t, std::less<>> ids_;
  std::map<std::string, std::pair<Token, bool>, std::less<>> roles_;  ///< and whether it is only the class's
  std::vector<Token> more_;                                           ///< additional_special_tokens
};

}  // namespace kerf::formats::tokenizer_files
