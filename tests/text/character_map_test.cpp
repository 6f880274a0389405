#include "text/character_map.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using Units = std::vector<std::uint32_t>;

constexpr std::uint32_t unit(std::uint32_t offset, unsigned char label, bool ends = false) {
  return offset << 10 | (ends ? 1u << 8 : 0u) | label;
}
constexpr std::uint32_t kLeaf = 0x80000000;

std::string bytes_of(const Units& units, std::string_view replacements) {
  std::string bytes;
  const auto append = [&](std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xFF);
  };
  append(static_cast<std::uint32_t>(units.size() * 4));
  for (const std::uint32_t value : units) append(value);
  return bytes.append(replacements);
}

/// "a" becomes "x", "ab" becomes "yz", "b" has no end of its own and goes on to nothing.
Units table() {
  Units units(512, 0);
  units[0] = unit(1, 0);
  units[1 ^ 'a'] = unit(('a' ^ 1) ^ 256, 'a', true);
  units[256] = kLeaf | 0;
  units[256 ^ 'b'] = unit((256 ^ 'b') ^ 511, 'b', true);
  units[511] = kLeaf | 2;
  return units;
}
const std::string kReplacements("x\0yz\0", 5);

CharacterMap map_of(const Units& units, std::string_view replacements = kReplacements) {
  return CharacterMap(bytes_of(units, replacements), test::cursor("0"));
}

TEST(CharacterMap, TheShortestPrefixCounts) {
  const CharacterMap map = map_of(table());
  EXPECT_EQ(map.find("a"), "x");
  EXPECT_EQ(map.find("ab"), "x");
  EXPECT_EQ(map.find("ac"), "x");
  EXPECT_EQ(map.find("b"), std::nullopt);
  EXPECT_EQ(map.find(""), std::nullopt);
  EXPECT_EQ(map.find(std::string_view("\0a", 2)), std::nullopt);
  Units longer = table();
  longer[1 ^ 'a'] &= ~(1u << 8);
  EXPECT_EQ(map_of(longer).find("ab"), "yz");
  EXPECT_EQ(map_of(longer).find("a"), std::nullopt);
}

TEST(CharacterMap, TheLongestPrefix) {
  const CharacterMap map = map_of(table());
  const auto expect = [&](std::string_view text, std::size_t bytes, std::string_view replacement) {
    const auto match = map.longest_prefix(text);
    EXPECT_EQ(match.bytes, bytes) << text;
    EXPECT_EQ(match.replacement, replacement) << text;
  };
  expect("a", 1, "x");
  expect("abc", 2, "yz");
  expect("ac", 1, "x");
  expect("ba", 0, "");
  expect("", 0, "");
}

TEST(CharacterMap, OfSentencePiece) {
  const CharacterMap map(read_file(test::source_dir() + "/tests/golden/tokenizers/nmt_nfkc.charsmap", 1 << 20),
                         test::cursor("0"));
  EXPECT_EQ(map.find("\t"), " ");
  EXPECT_EQ(map.find("\x01"), "");
  EXPECT_EQ(map.find("\ufb01"), "fi");
  EXPECT_EQ(map.find("a"), std::nullopt);
}

TEST(CharacterMap, HostileTables) {
  const auto refuse = [](std::string_view message, const std::string& bytes) {
    test::expect_error(ErrorCode::kInput, message, [&] { CharacterMap(bytes, test::cursor("0")); });
  };
  refuse("without a table", "");
  refuse("without a table", std::string("\4\0\0\0\0\0\0", 7));
  refuse("has 0 bytes", std::string(8, '\0'));
  refuse("has 5 bytes", std::string("\5\0\0\0\0\0\0\0\0", 9));
  refuse("has 4294967295 bytes", std::string(8, '\xFF'));
  refuse("expected at most 4.0 MiB", std::string((4 << 20) + 1, 'a'));
  refuse("not valid UTF-8", bytes_of(table(), "x\xFF"));
  refuse("replacement at byte 2 of 1", bytes_of(table(), "x"));
  refuse("replacement at byte 0 of 0", bytes_of(table(), ""));
  refuse("inside of a character", bytes_of(table(), "x\u00e9z"));
  Units outside = table();
  outside[0] = unit(600, 0);
  refuse("leads to unit 600 of 512", bytes_of(outside, kReplacements));
  outside = table();
  outside[256 ^ 'b'] = unit(1 << 20, 'b', true);
  refuse("leads to unit", bytes_of(outside, kReplacements));
  Units circle = table();
  circle[256 ^ 'b'] = unit('b', 'b');
  refuse("leads in a circle", bytes_of(circle, kReplacements));
  circle[256 ^ 'b'] = unit((256 ^ 'b') ^ 1, 'b');
  refuse("leads in a circle", bytes_of(circle, kReplacements));
}

TEST(CharacterMap, StringsHaveAnEnd) {
  const auto chain = [](std::uint32_t levels) {
    Units units(256 * (levels + 1), 0);
    for (std::uint32_t level = 0; level < levels; ++level) {
      const std::uint32_t state = level * 256, next = state + 256;
      units[state ^ 'a'] = unit(state ^ 'a' ^ next, 'a');
    }
    return units;
  };
  EXPECT_NO_THROW(map_of(chain(1024)));
  test::expect_error(ErrorCode::kInput, "replaces a string of more than 1024 bytes", [&] { map_of(chain(1025)); });
}

// Paths that share states, as compilers make them, multiply: they are looked at once.
TEST(CharacterMap, SharedStatesTakeNoTime) {
  constexpr std::uint32_t kLevels = 200;
  Units units(256 * kLevels, 0);
  for (std::uint32_t level = 0; level + 1 < kLevels; ++level) {
    const std::uint32_t state = level * 256, next = state + 256;
    for (const unsigned char byte : {'a', 'b'}) units[state ^ byte] = unit(state ^ byte ^ next, byte);
  }
  EXPECT_EQ(map_of(units, "x").find("ab"), std::nullopt);
}

}  // namespace
}  // namespace kerf::text
