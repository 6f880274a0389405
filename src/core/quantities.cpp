#include "core/quantities.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
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

/// 0 if `unit` is none.
double unit_bytes(std::string_view unit) {
  const std::string lower = to_lower_ascii(unit);
  if (lower.empty() || lower == "b") return 1;
  const std::size_t power = std::string_view("kmgt").find(lower[0]) + 1;
  if (power == 0) return 0;  // npos + 1
  const std::string rest = lower.substr(1);
  if (rest.empty() || rest == "ib") return std::pow(1024.0, static_cast<double>(power));
  return rest == "b" ? std::pow(1000.0, static_cast<double>(power)) : 0;
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
  constexpr std::string_view kExpected = "a size such as 4G, 512M or 1.5GiB";
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const double unit = unit_bytes(text.substr(digits));
  double number = 0;
  if (digits == 0 || unit == 0 || !parse_all(text.substr(0, digits), number)) refuse(option, text, kExpected);
  const double bytes = std::floor(number * unit);
  constexpr double kMost = 1e18;
  if (bytes < 1 || bytes > kMost) refuse(option, text, kExpected);
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace kerf
