#include "formats/gguf/pre_tokenizers.h"

#include <gtest/gtest.h>

namespace kerf::formats::gguf {
namespace {

const PreTokenizer* find(const std::string& json, bool ignore_merges = false) {
  return find_pre_tokenizer(Json::parse(json, ""), ignore_merges);
}

TEST(GgufPreTokenizers, EachIsFoundByItsJsonAndItsNames) {
  for (const PreTokenizer& known : pre_tokenizers()) {
    EXPECT_EQ(find(std::string(known.json), known.ignore_merges), &known) << known.name;
    EXPECT_EQ(find_pre_tokenizer(known.name), &known);
    for (const std::string_view alias : known.aliases) EXPECT_EQ(find_pre_tokenizer(alias), &known) << alias;
  }
  EXPECT_EQ(find_pre_tokenizer("default"), nullptr);
  EXPECT_EQ(find_pre_tokenizer(""), nullptr);
}

TEST(GgufPreTokenizers, WhatDoesNotMatterIsIgnored) {
  const PreTokenizer* gpt2 = find(R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false})");
  ASSERT_NE(gpt2, nullptr);
  EXPECT_EQ(gpt2->name, "gpt-2");
  EXPECT_EQ(find(R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": false}]})"), gpt2);
}

TEST(GgufPreTokenizers, WhatSplitsDifferentlyIsNotFound) {
  for (const char* json :
       {R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": true})", R"({"type": "ByteLevel"})",
        R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})", R"({"type": "Metaspace"})",
        R"({"type": "Whitespace"})",
        R"({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": false},
               {"type": "ByteLevel", "add_prefix_space": false}]})",
        R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": false},
               {"type": "Digits", "individual_digits": true}]})",
        R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\p{N}"},
               "behavior": "Isolated", "invert": false}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})",
        R"({"type": "Sequence"})", R"({})", R"([])", R"(null)"}) {
    EXPECT_EQ(find(json), nullptr) << json;
  }
  // GPT-2's rule is not known together with whole words that skip the merges.
  EXPECT_EQ(find(R"({"type": "ByteLevel", "add_prefix_space": false})", true), nullptr);
}

TEST(GgufPreTokenizers, LlamaAndQwenDifferInDigits) {
  const auto json = [](const std::string& digits) {
    return R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|)" +
           digits +
           R"(| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": false},
           {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})";
  };
  const std::string three = R"(\\p{N}{1,3})", one = R"(\\p{N})";
  EXPECT_EQ(find(json(three), true)->name, "llama-bpe");
  EXPECT_EQ(find(json(three), false)->name, "smaug-bpe");
  EXPECT_EQ(find(json(one), false)->name, "qwen2");
  EXPECT_EQ(find(json(one), true), nullptr);
}

}  // namespace
}  // namespace kerf::formats::gguf
