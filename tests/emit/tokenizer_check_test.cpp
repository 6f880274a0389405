#include "emit/tokenizer_check.h"

#include <gtest/gtest.h>

#include "formats/huggingface.h"
#include "tests/support/source_dir.h"

namespace kerf::emit {
namespace {

description::Tokenizer sample() { return formats::read_tokenizer(test::source_dir() + "/examples/tiny-llama"); }

std::vector<Finding> compare(const description::Tokenizer& candidate, std::int64_t& texts) {
  return compare_tokenizers(*text::Tokenizer::make(sample()), *text::Tokenizer::make(candidate), texts);
}

TEST(CompareTokenizers, TheSameCutsManyTextsAlike) {
  std::int64_t texts = 0;
  EXPECT_TRUE(compare(sample(), texts).empty());
  EXPECT_GT(texts, 20);
}

TEST(CompareTokenizers, ExchangedTokensAreNamed) {
  description::Tokenizer other = sample();
  Json::Object& vocabulary =
      other.tokenizer_json.find("model")->find("vocab") != nullptr
          ? other.tokenizer_json.as_object().find("model")->as_object().find("vocab")->as_object()
          : other.tokenizer_json.as_object();
  std::vector<std::string> names;
  for (const auto& [token, id] : vocabulary) {
    if (id.as_int64() == 700 || id.as_int64() == 701) names.push_back(token);
  }
  ASSERT_EQ(names.size(), 2U);
  const Json first = *vocabulary.find(names[0]), second = *vocabulary.find(names[1]);
  vocabulary.set(names[0], second);
  vocabulary.set(names[1], first);
  std::int64_t texts = 0;
  const auto found = compare(other, texts);
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(found[0].failure);
  EXPECT_NE(found[0].text.find("2 tokens differ from the original's, the first is 700"), std::string::npos)
      << found[0].text;
}

TEST(CompareTokenizers, AMissingMergeIsFoundByTheTextsItCuts) {
  description::Tokenizer other = sample();
  Json::Array& merges = other.tokenizer_json.as_object().find("model")->as_object().find("merges")->as_array();
  ASSERT_GT(merges.size(), 100U);
  merges.resize(50);
  std::int64_t texts = 0;
  const auto found = compare(other, texts);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].text.find("gets other ids than in the original"), std::string::npos);
}

}  // namespace
}  // namespace kerf::emit
