#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "description/description.h"

/// Tokenizers of folders without a tokenizer.json, as the older files say them: vocab.json and merges.txt, vocab.txt,
/// tokenizer.model. They are put into the words of a tokenizer.json, as transformers' own converter does
/// (convert_slow_tokenizer.py), so that everything else knows one kind.
namespace kerf::formats::tokenizer_files {

/// The small files of a folder; a missing one is null.
class Folder {
 public:
  explicit Folder(std::string path);

  const std::string& path() const { return path_; }
  /// The path of one of its files.
  std::string file(std::string_view name) const;
  bool has(std::string_view name) const;

  JsonCursor tokenizer_config() const { return {tokenizer_config_, file("tokenizer_config.json")}; }
  JsonCursor special_tokens_map() const { return {special_tokens_map_, file("special_tokens_map.json")}; }
  JsonCursor added_tokens() const { return {added_tokens_, file("added_tokens.json")}; }

  /// tokenizer_config.json's tokenizer_class without "Fast", or else what config.json's model_type means for
  /// transformers; empty if neither says.
  std::string tokenizer_class() const;

 private:
  std::string path_;
  Json tokenizer_config_, special_tokens_map_, added_tokens_, config_;
};

/// Reads the whole of a vocabulary's file. Error(kInput) if it is larger than any, or what people have in place of one.
std::string read_vocabulary_file(const std::string& path);
/// Its lines, without their ends; the last may have none.
std::vector<std::string_view> lines_of(std::string_view text);

/// Fills `tokenizer` from vocab.json and merges.txt, vocab.txt, or tokenizer.model (spiece.model,
/// sentencepiece.bpe.model), the first of them that is there; leaves it alone if there is none. What is wrong with them
/// becomes its `refusal`, for a model can be read without its tokenizer: a class of tokenizers that kerf does not know,
/// or contents that make none.
void read_older_tokenizer(const std::string& folder, description::Tokenizer& tokenizer);

// One kind of files each; `folder` has them. Error(kInput) naming the file.
void read_byte_level_bpe(const Folder& folder, description::Tokenizer& tokenizer);
void read_word_piece(const Folder& folder, description::Tokenizer& tokenizer);
void read_sentence_piece(const Folder& folder, const std::string& model_file, description::Tokenizer& tokenizer);

}  // namespace kerf::formats::tokenizer_files
