#include "core/quantity.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/strings.h"

namespace kerf {
namespace {

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

std::optional<std::uint64_t> parse_byte_count(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const double unit = unit_bytes(text.substr(digits));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || unit == 0 || error != std::errc() || end != text.data() + digits) return std::nullopt;
  const double bytes = std::floor(number * unit);
  constexpr double kMost = 1e18;
  if (bytes < 1 || bytes > kMost) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace kerf
