#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kerf {

/// "4G", "512M" and "1.5GiB" in powers of 1024, "4GB" in powers of 1000, bytes without a unit; in any case. nullopt if
/// the text is no such size, or one below 1 or above 10^18.
std::optional<std::uint64_t> parse_byte_count(std::string_view text);

}  // namespace kerf
