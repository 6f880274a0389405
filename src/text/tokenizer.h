#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "description/description.h"
#include "text/added_tokens.h"
#include "text/decoder.h"
#include "text/model.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"

namespace kerf::text {

/// A tokenizer as tokenizer.json describes it. Ids and decoded text are those of Hugging Face's tokenizers library
/// 0.23 (tests/interop compares them). Const and thread-safe.
///
/// Truncation and padding that tokenizer.json may ask for are not applied: kerf cuts texts into windows itself.
class Tokenizer {
 public:
  /// Error(kInput) naming the file and the key of whatever is malformed or not supported.
  static std::shared_ptr<const Tokenizer> make(const description::Tokenizer& description);

  /// Ids of a text, which must be valid UTF-8 (Error(kInput) with the offset of the first bad byte). `add_special`:
  /// with the special tokens that the post-processor puts around it. Special tokens that stand in the text are found
  /// either way.
  std::vector<std::int64_t> encode(std::string_view utf8, bool add_special) const;
  /// As encode(), with the number of characters that the vocabulary does not have.
  EncodedIds encode_counted(std::string_view utf8, bool add_special) const;

  /// Text of ids. Ids without a token are passed over. `skip_special`: without special tokens.
  std::string decode(const std::vector<std::int64_t>& ids, bool skip_special) const;

  /// One more than the largest id: what the rows of an embedding are compared with.
  std::int64_t vocab_size() const { return vocab_size_; }
  /// As it stands in the vocabulary, not decoded.
  std::optional<std::string> token(std::int64_t id) const;
  std::optional<std::int64_t> id_of(std::string_view token) const;
  bool is_special(std::int64_t id) const;
  /// How many of these ids stand for single bytes of what the vocabulary does not have (<0x41>).
  std::int64_t count_byte_tokens(const std::vector<std::int64_t>& ids) const;

  /// tokenizer_config.json's (or special_tokens_map.json's) bos_token and eos_token; cls_token and sep_token where
  /// there are only those.
  std::optional<std::int64_t> bos_id() const { return bos_id_; }
  std::optional<std::int64_t> eos_id() const { return eos_id_; }
  /// The mask_token of the same files, or else the token that BERT's or RoBERTa's relatives have.
  std::optional<std::int64_t> mask_id() const { return mask_id_; }
  /// Does a text begin with BOS? As llama.cpp's converter decides it: tokenizer_config.json's add_bos_token, or else
  /// whether the post-processor puts that token in front. Then bos_id() has a value.
  bool adds_bos() const { return adds_bos_; }

  /// The special tokens that encode() puts before and behind a text.
  struct Frame {
    std::vector<std::int64_t> before, after;
  };
  Frame frame() const;

  /// What conversations become text with (text/chat_template.h).
  struct ChatSource {
    Json templates;    ///< a string, or a list of {"name", "template"}; null: there is none
    std::string file;  ///< for errors
    Json tokens;       ///< what templates know: "bos_token" and the like, as text
  };
  const ChatSource& chat_source() const { return chat_source_; }

  /// What was noticed and is harmless, one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  Tokenizer() = default;
  void read_components(const JsonCursor& json, const description::Tokenizer& description);
  void read_special_tokens(const Json& config, const std::string& file);
  void check_special_ids(const JsonCursor& json) const;
  std::optional<std::int64_t> special_id(const Json& config, const std::string& file, std::string_view key);
  void encode_between(std::string_view text, bool at_beginning, EncodedIds& out) const;

  std::unique_ptr<Normalizer> normalizer_;       ///< may be null
  std::unique_ptr<PreTokenizer> pre_tokenizer_;  ///< may be null
  std::unique_ptr<Model> model_;
  std::unique_ptr<PostProcessor> post_processor_;  ///< may be null
  std::unique_ptr<Decoder> decoder_;               ///< may be null
  AddedTokens added_;
  std::int64_t vocab_size_ = 0;
  std::optional<std::int64_t> bos_id_, eos_id_, mask_id_;
  bool adds_bos_ = false;
  ChatSource chat_source_;
  std::unordered_set<std::int64_t> byte_tokens_;
  std::vector<std::string> notes_;
};

}  // namespace kerf::text
