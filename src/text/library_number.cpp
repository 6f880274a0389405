#include "text/library_number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace kerf::text {
namespace {

/// A decimal number: digits x 10^exponent.
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

Decimal shortest_decimal(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const std::size_t e = text.find('e');
  Decimal decimal;
  const std::size_t exponent_at = e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + exponent_at, text.data() + text.size(), decimal.exponent);
  for (std::size_t i = 0; i < e; ++i) {
    if (text[i] == '.') continue;
    decimal.digits = decimal.digits * 10 + static_cast<std::uint64_t>(text[i] - '0');
    if (i > 0) --decimal.exponent;
  }
  return decimal;
}

constexpr int kLargest = 308;

/// 10^0 to 10^308, correctly rounded.
const std::array<double, kLargest + 1>& powers_of_ten() {
  static const auto powers = [] {
    std::array<double, kLargest + 1> all{};
    for (int n = 0; n <= kLargest; ++n) {
      const std::string text = "1e" + std::to_string(n);
      std::from_chars(text.data(), text.data() + text.size(), all[static_cast<std::size_t>(n)]);
    }
    return all;
  }();
  return powers;
}

double power_of_ten(int n) { return powers_of_ten()[static_cast<std::size_t>(n)]; }

}  // namespace

double library_number(double value) {
  const Decimal decimal = shortest_decimal(std::fabs(value));
  auto result = static_cast<double>(decimal.digits);
  int exponent = decimal.exponent;
  for (; exponent < -kLargest; exponent += kLargest) result /= power_of_ten(kLargest);
  result = exponent < 0 ? result / power_of_ten(-exponent) : result * power_of_ten(exponent);
  return std::signbit(value) ? -result : result;
}

}  // namespace kerf::text
