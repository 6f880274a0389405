// WordPiece (Schuster & Nakajima 2012; Devlin et al. 2018, arXiv:1810.04805): the longest token that a word begins
// with, then the longest continuing token that the rest begins with, and so on; a word that cannot be covered is
// unknown.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/strings.h"
#include "text/cached_words.h"
#include "text/model.h"
#include "text/token_trie.h"
#include "text/unicode.h"
#include "text/unknown_token.h"

namespace kerf::text {
namespace {

class WordPiece : public Model {
 public:
  explicit WordPiece(const JsonCursor& json)
      : vocabulary_(Vocabulary::from_json(json.at("vocab"))),
        unknown_(json, vocabulary_, json.at("unk_token").as_string()),
        max_characters_(json.at("max_input_chars_per_word").as_uint64()) {
    expect_keys(json, {"unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
    read_tokens(json.at("continuing_subword_prefix").as_string());
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void encode(const Pieces& pieces, EncodedIds& out) const override {
    encode_words(pieces, caches_, out, [&](std::string_view word) { encode_word(word, out); });
  }

 private:
  void read_tokens(const std::string& prefix) {
    std::vector<TokenTrie::Entry> initial, continuing;
    for (std::int64_t id = 0; id < vocabulary_.id_bound(); ++id) {
      const auto token = vocabulary_.token(id);
      if (!token) continue;
      const auto small_id = static_cast<std::int32_t>(id);
      initial.push_back({*token, small_id});
      if (starts_with(*token, prefix)) continuing.push_back({token->substr(prefix.size()), small_id});
    }
    initial_ = TokenTrie(initial);
    continuing_ = TokenTrie(continuing);
  }

  void encode_word(std::string_view word, EncodedIds& out) const {
    const std::size_t begin = out.ids.size();
    const auto characters = count_code_points(word);
    bool is_covered = characters <= max_characters_;
    for (std::size_t at = 0; is_covered && at < word.size();) {
      const TokenTrie::Match match = (at == 0 ? initial_ : continuing_).longest_prefix(word.substr(at));
      is_covered = match.bytes > 0;
      at += match.bytes;
      if (is_covered) out.ids.push_back(match.id);
    }
    if (is_covered) return;
    out.unknown += static_cast<std::int64_t>(characters);
    out.ids.resize(begin);
    out.ids.push_back(unknown_.id_for(word));
  }

  Vocabulary vocabulary_;
  UnknownToken unknown_;
  std::uint64_t max_characters_;  ///< a longer word is unknown
  TokenTrie initial_;             ///< tokens that a word may begin with
  TokenTrie continuing_;          ///< those that may follow, without their prefix
  mutable WordCachePool caches_;
};

std::unique_ptr<Model> make(const JsonCursor& json) { return std::make_unique<WordPiece>(json); }

}  // namespace

const ModelInfo& word_piece_model() {
  static const ModelInfo info{"WordPiece", "the longest token again and again", make};
  return info;
}

}  // namespace kerf::text
