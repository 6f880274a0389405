#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace kerf::report {

/// Numbers as people read them; always with a point, whatever the locale.

/// "12.3456"; "inf" and "nan" by name.
std::string fixed(double value, int decimals);
/// "12.3456 +- 0.0789", with the sign for plus-minus.
std::string with_error(double value, double error, int decimals);
/// 0.9731 -> "97.31%"
std::string percent(double fraction);
/// A figure that may be absent: "-".
std::string or_dash(const std::optional<double>& value, std::string (*format)(double));
/// KL divergences in nats span decades: six decimals show int8 and int2 in one column.
std::string nats(double value);
/// 0.84 -> "0.84 s", 75 -> "1 min 15 s", 4000 -> "1 h 07 min"
std::string duration(double seconds);
/// "14,683,232 bytes (14.0 MiB)"
std::string exact_bytes(std::uint64_t bytes);
/// "256 x 688"; "scalar" for no dimensions.
std::string shape_text(std::span<const std::int64_t> shape);
/// 1 -> "1 layer", 4 -> "4 layers"
std::string counted(std::int64_t count, const std::string& singular);

}  // namespace kerf::report
