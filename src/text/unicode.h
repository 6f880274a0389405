#pragma once

#include <string>
#include <string_view>

namespace kerf::text {

/// Two letters: the general category of a code point in Unicode 16 ("Lu", "Nd"; "Cn" if unassigned).
std::string_view general_category(char32_t code_point);

/// Was the code point assigned after Unicode 14?
bool is_unicode_addition(char32_t code_point);

/// The property White_Space.
bool is_white_space(char32_t code_point);
/// \w of Unicode's regular expressions (UTS 18, annex C): Alphabetic, Mark, Decimal_Number, Connector_Punctuation,
/// Join_Control.
bool is_word(char32_t code_point);

/// The code point at `position` of valid UTF-8, and its length in bytes.
struct CodePoint {
  char32_t value;
  std::size_t bytes;
};
CodePoint code_point_at(std::string_view text, std::size_t position);
/// The last code point of valid, non-empty UTF-8.
CodePoint last_code_point(std::string_view text);

/// Bytes of white space at the two ends of valid UTF-8.
std::size_t white_space_at_begin(std::string_view text);
std::size_t white_space_at_end(std::string_view text);

/// Number of code points of valid UTF-8.
std::size_t count_code_points(std::string_view text);

/// Bytes as text: what is not valid UTF-8 becomes U+FFFD, one for each maximal part of a sequence (Unicode 16, 3.9,
/// "U+FFFD Substitution of Maximal Subparts").
std::string lossy_utf8(std::string_view bytes);

}  // namespace kerf::text
