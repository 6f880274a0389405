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

}  // namespace
}  // namespace kerf::text
