#include "core/quantities.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/byte_size.h"
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

double parse_share(std::string_view option, std::string_view text, double low, double high) {
  constexpr double kLargestBare = 0.1;
  if (ends_with(text, "%")) {
    return parse_real(option, text.substr(0, text.size() - 1), 100 * low, 100 * high) / 100;
  }
  const double share = parse_real(option, text, low, high);
  if (share > kLargestBare) {
    throw_usage(fmt::format("{}: {} without a percent sign would be {:g} %; write {}% or {:g}%", option, quoted(text),
                            100 * share, text, 100 * share));
  }
  return share;
}

std::uint64_t parse_bytes(std::string_view option, std::string_view text) {
  constexpr std::string_view kExpected = "a size such as 4G, 512M or 1.5GiB";
  const auto bytes = parse_size(text);
  if (!bytes) refuse(option, text, kExpected);
  return *bytes;
}

std::string percent_text(double share) {
  const double percent = 100 * share;
  const int magnitude = percent > 0 ? static_cast<int>(std::floor(std::log10(percent))) : 0;
  return fmt::format("{:.{}f}%", percent, std::clamp(1 - magnitude, 0, 6));
}

}  // namespace kerf
