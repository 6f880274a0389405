#include "text/byte_alphabet.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "text/unicode.h"

namespace kerf::text {
namespace {

TEST(ByteAlphabet, IsAOneToOneMapOntoPrintableCharacters) {
  std::set<std::string> seen;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string character(character_of_byte(static_cast<unsigned char>(byte)));
    EXPECT_TRUE(seen.insert(character).second);
    EXPECT_EQ(byte_of_character(code_point_at(character, 0).value), byte);
    EXPECT_FALSE(is_white_space(code_point_at(character, 0).value));
  }
}

// The corners of GPT-2's bytes_to_unicode().
TEST(ByteAlphabet, KnownCharacters) {
  EXPECT_EQ(character_of_byte(' '), "\u0120");
  EXPECT_EQ(character_of_byte('\n'), "\u010a");
  EXPECT_EQ(character_of_byte(0), "\u0100");
  EXPECT_EQ(character_of_byte('~'), "~");
  EXPECT_EQ(character_of_byte(0x7F), "\u0121");
  EXPECT_EQ(character_of_byte(0xA0), "\u0142");
  EXPECT_EQ(character_of_byte(0xAD), "\u0143");
  EXPECT_EQ(character_of_byte(0xFF), "\u00ff");
  EXPECT_EQ(byte_of_character(U' '), -1);
  EXPECT_EQ(byte_of_character(0x0144), -1);
  EXPECT_EQ(byte_of_character(0x10FFFF), -1);
}

TEST(ByteAlphabet, AppendsWholeStrings) {
  std::string out = "x";
  append_byte_level(out, "a \u00e9");
  EXPECT_EQ(out, "xa\u0120\u00c3\u00a9");
}

}  // namespace
}  // namespace kerf::text
