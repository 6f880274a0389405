#include "text/normalizer.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using test::normalized;

TEST(Normalizer, Forms) {
  EXPECT_EQ(normalized(R"({"type": "NFC"})", "e\u0301\ufb01"), "\u00e9\ufb01");
  EXPECT_EQ(normalized(R"({"type": "NFD"})", "\u00e9\ufb01"), "e\u0301\ufb01");
  EXPECT_EQ(normalized(R"({"type": "NFKC"})", "e\u0301\ufb01"), "\u00e9fi");
  EXPECT_EQ(normalized(R"({"type": "NFKD"})", "\u00e9\ufb01"), "e\u0301fi");
}

// Single characters through tokenizers 0.23.2.
TEST(Normalizer, Lowercase) {
  EXPECT_EQ(normalized(R"({"type": "Lowercase"})", "AbC\u00c9\u0130\u03a3\u1e9e"), "abc\u00e9i\u0307\u03c3\u00df");
  EXPECT_EQ(normalized(R"({"type": "Lowercase"})", "\u1c89\ua7cb\ua7dc\U00010D50\U00016EA0"),
            "\u1c8a\u0264\u019b\U00010D70\U00016EBB");
}

TEST(Normalizer, PrependLeavesEmptyTextsEmpty) {
  EXPECT_EQ(normalized(R"({"type": "Prepend", "prepend": "_"})", "a"), "_a");
  EXPECT_EQ(normalized(R"({"type": "Prepend", "prepend": "_"})", ""), "");
  test::expect_error(ErrorCode::kInput, "prepend: found a string of 65 bytes",
                     [] { normalized(R"({"type": "Prepend", "prepend": ")" + std::string(65, 'x') + R"("})", "a"); });
}

TEST(Normalizer, SequenceAndReplace) {
  const std::string llama2 = R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "_"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "_"}]})";
  EXPECT_EQ(normalized(llama2, "a b"), "_a_b");
  EXPECT_EQ(normalized(R"({"type": "Sequence", "normalizers": []})", "a b"), "a b");
}

TEST(Normalizer, ChainsThatMultiplyATextAreRefused) {
  std::string steps;
  for (int i = 0; i < 40; ++i) steps += R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"},)";
  steps.pop_back();
  test::expect_error(ErrorCode::kInput, "expected at most 16 times as much",
                     [&] { normalized(R"({"type": "Sequence", "normalizers": [)" + steps + "]}", "aaaa"); });
}

}  // namespace
}  // namespace kerf::text
