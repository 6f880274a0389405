#include "text/byte_alphabet.h"

#include <array>

namespace kerf::text {
namespace {

constexpr int kCharacters = 256 + 68;

struct Alphabet {
  std::array<std::array<char, 2>, 256> texts{};
  std::array<unsigned char, 256> lengths{};
  std::array<short, kCharacters> bytes{};
};

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (auto& byte : alphabet.bytes) byte = -1;
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const int character = stands_for_itself(byte) ? byte : next++;
    const auto at = static_cast<std::size_t>(byte);
    alphabet.bytes[static_cast<std::size_t>(character)] = static_cast<short>(byte);
    if (character < 0x80) {
      alphabet.texts[at] = {static_cast<char>(character), '\0'};
      alphabet.lengths[at] = 1;
    } else {
      alphabet.texts[at] = {static_cast<char>(0xC0 | character >> 6), static_cast<char>(0x80 | (character & 0x3F))};
      alphabet.lengths[at] = 2;
    }
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string_view character_of_byte(unsigned char byte) {
  return std::string_view(kAlphabet.texts[byte].data(), kAlphabet.lengths[byte]);
}

int byte_of_character(char32_t character) { return character < kCharacters ? kAlphabet.bytes[character] : -1; }

void append_byte_level(std::string& out, std::string_view bytes) {
  const std::size_t begin = out.size();
  out.resize(begin + bytes.size() * 2);
  char* to = out.data() + begin;
  for (const char c : bytes) {
    // Two bytes always, of which the second is overwritten if the character has one.
    const auto byte = static_cast<unsigned char>(c);
    to[0] = kAlphabet.texts[byte][0];
    to[1] = kAlphabet.texts[byte][1];
    to += kAlphabet.lengths[byte];
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

}  // namespace kerf::text
