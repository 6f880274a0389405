#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace kerf::formats::gguf {

/// One of llama.cpp's ways to split text before byte-pair merging ("tokenizer.ggml.pre"), with the pre_tokenizer of
/// tokenizer.json that splits the same. A wrong one gives other tokens and ruins a model in silence, so nothing is
/// guessed: what is not in this table is refused.
struct PreTokenizer {
  std::string_view name;                  ///< as llama.cpp spells it
  std::string_view json;                  ///< tokenizer.json's pre_tokenizer
  bool ignore_merges;                     ///< a word that is a token is that token, whatever the merges say
  bool adds_bos;                          ///< llama.cpp's default when tokenizer.ggml.add_bos_token is absent
  std::vector<std::string_view> aliases;  ///< other names of the same
};

const std::vector<PreTokenizer>& pre_tokenizers();
/// The first that splits as the pre_tokenizer of a tokenizer.json does; nullptr if none does.
const PreTokenizer* find_pre_tokenizer(const Json& pre_tokenizer, bool ignore_merges);
/// By llama.cpp's name or an alias; nullptr if unknown.
const PreTokenizer* find_pre_tokenizer(std::string_view name);

}  // namespace kerf::formats::gguf
