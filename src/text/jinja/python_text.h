#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kerf::text::jinja {

/// What Python's str does, on UTF-8. Places and lengths are in code points.

std::int64_t length(std::string_view text);
/// Characters from `begin` on, every `step`th, until `end`; all three as a slice of `length` gives them.
std::string slice(std::string_view text, std::int64_t begin, std::int64_t end, std::int64_t step);
/// Each character as a text of its own.
std::vector<std::string> characters(std::string_view text);
/// Byte offset of a character.
std::size_t offset_of(std::string_view text, std::int64_t character);

bool is_space(char32_t c);
/// `set`: characters to take off; absent: white space.
std::string_view strip_left(std::string_view text, const std::optional<std::string>& set);
std::string_view strip_right(std::string_view text, const std::optional<std::string>& set);

/// At runs of white space, or at each separator. At most `limit` cuts; -1: all.
std::vector<std::string> split_spaces(std::string_view text, std::int64_t limit);
std::vector<std::string> split_spaces_right(std::string_view text, std::int64_t limit);
std::vector<std::string> split_at(std::string_view text, std::string_view separator, std::int64_t limit);
std::vector<std::string> split_at_right(std::string_view text, std::string_view separator, std::int64_t limit);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);
std::string capitalize(std::string_view text);

/// Does it hold for every character, of which there is at least one?
bool all_of(std::string_view text, bool (*is)(char32_t));
bool is_alphabetic(char32_t c);
bool is_decimal(char32_t c);
/// Is there a letter with case, and are all those with case of this one?
bool is_upper(std::string_view text);
bool is_lower(std::string_view text);

/// In quotes, as Python's repr() writes it.
std::string text_repr(std::string_view text);
/// "1.0", "1e+16", "inf".
std::string real_repr(double value);

/// Where a slice of something of `length` items goes; `step` is not zero.
struct Range {
  std::int64_t begin, end, step;
  std::int64_t count() const;
};
Range slice_range(std::int64_t length, std::optional<std::int64_t> begin, std::optional<std::int64_t> end,
                  std::int64_t step);

}  // namespace kerf::text::jinja
