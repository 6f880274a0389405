#pragma once

#include <cstdint>
#include <string_view>

namespace kerf::formats::gguf {

/// Values of tokenizer.ggml.token_type.
enum class TokenType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

inline constexpr std::string_view kTokenizerModelKey = "tokenizer.ggml.model";
inline constexpr std::string_view kPreTokenizerKey = "tokenizer.ggml.pre";
inline constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
inline constexpr std::string_view kTokenTypesKey = "tokenizer.ggml.token_type";
inline constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";
inline constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
inline constexpr std::string_view kSpacePrefixKey = "tokenizer.ggml.add_space_prefix";
inline constexpr std::string_view kExtraSpacesKey = "tokenizer.ggml.remove_extra_whitespaces";
inline constexpr std::string_view kCharsmapKey = "tokenizer.ggml.precompiled_charsmap";
inline constexpr std::string_view kAddBosKey = "tokenizer.ggml.add_bos_token";
inline constexpr std::string_view kAddEosKey = "tokenizer.ggml.add_eos_token";
inline constexpr std::string_view kChatTemplateKey = "tokenizer.chat_template";
inline constexpr std::string_view kChatTemplatesKey = "tokenizer.chat_templates";

/// A special token: tokenizer_config.json's key and the GGUF key of its id.
struct SpecialToken {
  std::string_view config_key, gguf_key;
};
inline constexpr SpecialToken kSpecialTokens[] = {
    {"bos_token", "tokenizer.ggml.bos_token_id"},     {"eos_token", "tokenizer.ggml.eos_token_id"},
    {"unk_token", "tokenizer.ggml.unknown_token_id"}, {"sep_token", "tokenizer.ggml.seperator_token_id"},
    {"pad_token", "tokenizer.ggml.padding_token_id"}, {"mask_token", "tokenizer.ggml.mask_token_id"},
};

}  // namespace kerf::formats::gguf
