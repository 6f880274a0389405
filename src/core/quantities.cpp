#include "core/quantities.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/quantity.h"
#include "core/strings.h"

namespace kerf {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view text, std::string_view expected) {
  throw_usage(fmt::format("{}: found {}, expected {}", option, quoted(text), expected));
}

template <typename Number>
bool parse_all(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::int64_t parse_integer(std::string_view option, std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  if (!parse_all(text, value) || value < low || value > high) {
    refuse(option, text,
           high == std::numeric_limits<std::int64_t>::max() ? fmt::format("a whole number of at least {}", low)
                                                            : fmt::format("a whole number from {} to {}", low, high));
  }
  return value;
}

double parse_real(std::string_view option, std::string_view text, double low, double high) {
  double value = 0;
  // Negated, so that nan is refused too.
  if (!parse_all(text, value) || !(value >= low && value <= high)) {
    refuse(option, text, fmt::format("a number from {} to {}", low, high));
  }
  return value;
}

std::uint64_t parse_bytes(std::string_view option, std::string_view text) {
  if (const auto bytes = parse_byte_count(text)) return *bytes;
  refuse(option, text, "a size such as 4G, 512M or 1.5GiB");
}

}  // namespace kerf
