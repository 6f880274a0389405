#include "text/decoder.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using Strings = std::vector<std::string>;

Strings decoded(std::string_view description, Strings tokens) {
  make_decoder(test::cursor(description))->decode(tokens);
  return tokens;
}

TEST(Decoder, ByteLevel) {
  const std::string description =
      R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true})";
  EXPECT_EQ(decoded(description, {"Hello", "\u0120my", "\u00c3", "\u00a9"}), Strings{"Hello my\u00e9"});
  EXPECT_EQ(decoded(description, {"\u00c3"}), Strings{"\ufffd"});
  // A token with a character outside of the alphabet stands for itself.
  EXPECT_EQ(decoded(description, {"a", "\u65e5 \u0120", "b"}), Strings{"a\u65e5 \u0120b"});
}

// The library's own examples (decoders/byte_fallback.rs).
TEST(Decoder, ByteFallback) {
  const std::string description = R"({"type": "ByteFallback"})";
  EXPECT_EQ(decoded(description, {"Hey", "friend!"}), (Strings{"Hey", "friend!"}));
  EXPECT_EQ(decoded(description, {"<0xE5>", "<0x8f>", "<0xab>", "a"}), (Strings{"\u53eb", "a"}));
  EXPECT_EQ(decoded(description, {"<0xE5>", "<0x8f>", "a"}), (Strings{"\ufffd", "\ufffd", "a"}));
  EXPECT_EQ(decoded(description, {"<0xGG>", "<0x1>"}), (Strings{"<0xGG>", "<0x1>"}));
}

// decoders/strip.rs
TEST(Decoder, Strip) {
  EXPECT_EQ(decoded(R"({"type": "Strip", "content": "H", "start": 1, "stop": 0})", {"Hey", " friend!", "HHH"}),
            (Strings{"ey", " friend!", "HH"}));
  EXPECT_EQ(decoded(R"({"type": "Strip", "content": "y", "start": 0, "stop": 1})", {"Hey", "yy"}),
            (Strings{"He", "y"}));
  test::expect_error(ErrorCode::kInput, "content: found 'ab', expected one character",
                     [] { decoded(R"({"type": "Strip", "content": "ab", "start": 1, "stop": 0})", {}); });
}

TEST(Decoder, ChainOfLlama2) {
  const std::string chain =
      R"({"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "_"}, "content": " "},
      {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";
  EXPECT_EQ(decoded(chain, {"_a", "_b", "<0xC3>", "<0xA9>"}), Strings{"a b\u00e9"});
}

// decoders/wordpiece.rs, metaspace.rs, ctc.rs and results of tokenizers 0.23.2.
TEST(Decoder, WordPiece) {
  EXPECT_EQ(
      decoded(R"({"type": "WordPiece", "prefix": "##", "cleanup": false})", {"##uelo", "Ara", "##\u00faj", "##o", "."}),
      (Strings{"##uelo", " Ara", "\u00faj", "o", " ."}));
  EXPECT_EQ(decoded(R"({"type": "WordPiece", "prefix": "##", "cleanup": true})", {"a", ".", "n't", "##b"}),
            (Strings{"a", ".", "n't", "b"}));
}

TEST(Decoder, Metaspace) {
  const auto metaspace = [](std::string_view scheme) {
    return R"({"type": "Metaspace", "replacement": "_", "split": true, "prepend_scheme": ")" + std::string(scheme) +
           R"("})";
  };
  EXPECT_EQ(decoded(metaspace("always"), {"_a_b", "_c"}), (Strings{"ab", " c"}));
  EXPECT_EQ(decoded(metaspace("first"), {"_a_b", "_c"}), (Strings{"ab", " c"}));
  EXPECT_EQ(decoded(metaspace("never"), {"_a_b", "_c"}), (Strings{" a b", " c"}));
}

TEST(Decoder, BpeSuffix) {
  EXPECT_EQ(decoded(R"({"type": "BPEDecoder", "suffix": "</w>"})", {"a</w>b", "c</w>", "d</w>"}),
            (Strings{"a b", "c ", "d"}));
  EXPECT_EQ(decoded(R"({"type": "BPEDecoder", "suffix": "</w>"})", {}), Strings());
  test::expect_error(ErrorCode::kInput, "suffix: found an empty suffix",
                     [] { decoded(R"({"type": "BPEDecoder", "suffix": ""})", {}); });
}

TEST(Decoder, Ctc) {
  const std::string ctc = R"({"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": )";
  EXPECT_EQ(decoded(ctc + "true}", {"<pad>", "h", "h", "<pad>", "l", "<pad>", "l", "o", "|", "|"}),
            (Strings{"h", "l", "l", "o", " "}));
  EXPECT_EQ(decoded(ctc + "false}", {"a", "|", "|", "<pad>", "|"}), (Strings{"a", "|", "|"}));
  test::expect_error(ErrorCode::kInput, "pad_token: found an empty token", [] {
    decoded(R"({"type": "CTC", "pad_token": "", "word_delimiter_token": "|", "cleanup": true})", {});
  });
}

}  // namespace
}  // namespace kerf::text
