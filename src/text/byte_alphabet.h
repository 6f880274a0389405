#pragma once

#include <string>
#include <string_view>

namespace kerf::text {

/// The alphabet of byte-level tokenizers (Radford et al. 2019, GPT-2): each byte has a printable character, itself
/// where it is printable Latin-1 and otherwise the next free one from U+0100 on. All of them take one or two bytes of
/// UTF-8.
std::string_view character_of_byte(unsigned char byte);
/// The byte that a character stands for; -1 if it is not of the alphabet.
int byte_of_character(char32_t character);

/// Appends `bytes` written in the alphabet.
void append_byte_level(std::string& out, std::string_view bytes);

}  // namespace kerf::text
