#include "report/figures.h"

#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::report {

std::string fixed(double value, int decimals) {
  const std::string digits = fmt::format("{:.{}f}", value, decimals);
  // What rounds to zero has no sign.
  return digits.find_first_not_of("-0.") == std::string::npos && digits[0] == '-' ? digits.substr(1) : digits;
}

std::string with_error(double value, double error, int decimals) {
  return fmt::format("{} \u00B1 {}", fixed(value, decimals), fixed(error, decimals));
}

std::string percent(double fraction) { return fixed(100 * fraction, 2) + "%"; }

std::string or_dash(const std::optional<double>& value, std::string (*format)(double)) {
  return value ? format(*value) : "-";
}

std::string nats(double value) { return fixed(value, 6); }

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-";
  // Bounds where rounding would reach the next unit.
  if (seconds < 9.995) return fixed(seconds, 2) + " s";
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const std::int64_t minutes = whole / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string exact_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  return fmt::format("{} bytes ({})", with_commas(bytes), human_bytes(bytes));
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, " x "));
}

std::string counted(std::int64_t count, const std::string& singular) {
  const std::string digits = count < 0 ? std::to_string(count) : with_commas(static_cast<std::uint64_t>(count));
  return digits + " " + singular + (count == 1 ? "" : "s");
}

}  // namespace kerf::report
