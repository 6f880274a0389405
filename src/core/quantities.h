#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kerf {

/// Numbers as people write them on a command line. `option` ("--windows") names the place in the error, which is
/// Error(kUsage): what was found, what was expected. None depends on the locale.

/// A whole number within [low, high].
std::int64_t parse_integer(std::string_view option, std::string_view text, std::int64_t low, std::int64_t high);
/// A finite number within [low, high]: "0.01", "1e-2".
double parse_real(std::string_view option, std::string_view text, double low, double high);
/// A share within [low, high]: "0.005" or "0.5%". Above 10 % only with the percent sign: who writes "0.5" may mean
/// either.
double parse_share(std::string_view option, std::string_view text, double low, double high);
/// Bytes: a number with K, M, G or T, or KiB, MiB, GiB, TiB (powers of 1024), or KB, MB, GB, TB (powers of 1000); a
/// fraction may stand before a unit ("1.5G"). At least one byte.
std::uint64_t parse_bytes(std::string_view option, std::string_view text);

/// A share of 0 to 1 for a sentence, with two digits and no exponent: "100%", "4.2%", "0.013%".
std::string percent_text(double share);

}  // namespace kerf
