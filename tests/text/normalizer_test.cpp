#include "text/normalizer.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
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

std::string bert(std::string_view on) {
  std::string description = R"({"type": "BertNormalizer")";
  for (const std::string_view option : {"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"}) {
    description += ", \"" + std::string(option) + (option == on ? "\": true" : "\": false");
  }
  return description + "}";
}

// Results of tokenizers 0.23.2, here and below.
TEST(Normalizer, Bert) {
  EXPECT_EQ(
      normalized(bert("clean_text"), std::string("a\0b\ufffdc\td\x0b", 9) + "e\u0085f\u200bg\u00a0h\ue000i\u0890j"),
      "abc defg hi\u0890j");
  EXPECT_EQ(normalized(bert("handle_chinese_chars"), "a\u4e00\u3042\U00020000b"), "a \u4e00 \u3042 \U00020000 b");
  EXPECT_EQ(normalized(bert("strip_accents"), "\u00c9\u1734\u0898x\u0301"), "E\u0898x");
  EXPECT_EQ(normalized(bert("lowercase"), "\u00c9A"), "\u00e9a");
  const std::string both = R"({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
      "strip_accents": null, "lowercase": )";
  EXPECT_EQ(normalized(both + "true}", "\u00c9A"), "ea");
  EXPECT_EQ(normalized(both + "false}", "\u00c9A"), "\u00c9A");
}

TEST(Normalizer, StripsAndCleans) {
  EXPECT_EQ(normalized(R"({"type": "Strip", "strip_left": true, "strip_right": true})", " \u3000a b\n"), "a b");
  EXPECT_EQ(normalized(R"({"type": "Strip", "strip_left": true, "strip_right": false})", " a "), "a ");
  EXPECT_EQ(normalized(R"({"type": "Strip", "strip_left": true, "strip_right": true})", " \n"), "");
  EXPECT_EQ(normalized(R"({"type": "StripAccents"})", "e\u0301\u00e9\u0903\u0897\u1cf2"), "e\u00e9\u0897");
  EXPECT_EQ(normalized(R"({"type": "Nmt"})", "a\x01\tb\u200bc\u2581\u008fd\u0085"), "a b c d\u0085");
  EXPECT_EQ(normalized(R"({"type": "ByteLevel"})", " \u00e9"), "\u0120\u00c3\u00a9");
}

/// SentencePiece's rules nmt_nfkc. Base64 by hand: the decoder has tests of its own.
std::string precompiled() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string bytes = read_file(test::source_dir() + "/tests/golden/tokenizers/nmt_nfkc.charsmap", 1 << 20);
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) {
      return i < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) : 0;
    };
    const std::uint32_t bits = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    for (int i = 0; i < 4; ++i) text += kAlphabet[bits >> (18 - 6 * i) & 63];
  }
  const std::size_t padding = (3 - bytes.size() % 3) % 3;
  text.replace(text.size() - padding, padding, padding, '=');
  return R"({"type": "Precompiled", "precompiled_charsmap": ")" + text + R"("})";
}

TEST(Normalizer, Precompiled) {
  const std::string description = precompiled();
  EXPECT_EQ(normalized(description, "a\r\nb\tc\x01"), "a b c");
  EXPECT_EQ(normalized(description, "\u3000\u00a0\u200b."), "   .");
  EXPECT_EQ(normalized(description, "\ufdfa"),
            "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645");
  EXPECT_EQ(normalized(description, "\uff76\uff9e"), "\u30ab\u3099");
  EXPECT_EQ(normalized(description, "\u00e9e\u0301"), "\u00e9\u00e9");
}

// A short cluster becomes what its shortest known beginning becomes; of a long one each character by itself.
TEST(Normalizer, PrecompiledGoesByClusters) {
  const std::string description = precompiled();
  EXPECT_EQ(normalized(description, "\uff21\u0301x"), "Ax");
  EXPECT_EQ(normalized(description, "\u00bd\u0301"), "1\u20442");
  EXPECT_EQ(normalized(description, "e\u0323\u0301"), "\u1eb9");
  EXPECT_EQ(normalized(description, "\u2126\u0301\u0301"), "\u03a9\u0301\u0301");
  EXPECT_EQ(normalized(description, "\u0958\u0301"), "\u0915\u093c");
  EXPECT_EQ(normalized(description, "\u0915\u094d\u0958\u0301"), "\u0915\u094d\u0915\u093c\u0301");
}

TEST(Normalizer, HostilePrecompiled) {
  for (const std::string_view text : {"====", "AAA", "A$AA", "AAAB===="}) {
    test::expect_error(ErrorCode::kInput, "precompiled_charsmap: found a string that is not base64", [&] {
      normalized(R"({"type": "Precompiled", "precompiled_charsmap": ")" + std::string(text) + R"("})", "a");
    });
  }
  test::expect_error(ErrorCode::kInput, "precompiled_charsmap: found a character map without a table",
                     [] { normalized(R"({"type": "Precompiled", "precompiled_charsmap": ""})", "a"); });
}

}  // namespace
}  // namespace kerf::text
