#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kerf {

/// Text from a file made safe to print: in single quotes, control bytes and invalid UTF-8 as \xNN, cut after
/// `limit` bytes with "...".
std::string quoted(std::string_view text, std::size_t limit = 80);

/// Offset of the first byte that is not valid UTF-8 (overlong forms and surrogates are invalid); nullopt if all is.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// Appends the UTF-8 form of a code point.
void append_utf8(std::string& out, char32_t code_point);
/// Code points of valid UTF-8.
std::u32string decode_utf8(std::string_view text);

std::string to_lower_ascii(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool starts_with(std::string_view text, std::string_view prefix);
bool ends_with(std::string_view text, std::string_view suffix);

/// Does `name` match a pattern in which * stands for any run and ? for one character?
bool glob_match(std::string_view pattern, std::string_view name);

/// The known name with the smallest edit distance to `name`, if it is near enough to be a likely typo.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> known);
/// "no scheme 'int5-g3'; did you mean ...?" or "...; this build has: a, b, c".
std::string unknown_name(std::string_view kind, std::string_view name, std::span<const std::string> known);

/// 1234567 -> "1,234,567"; used for counts that people read.
std::string with_commas(std::uint64_t value);
/// 14683232 -> "14.0 MiB".
std::string human_bytes(std::uint64_t bytes);

}  // namespace kerf
