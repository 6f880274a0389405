#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kerf {

/// Bytes as people write them: a number with K, M, G or T, or KiB, MiB, GiB, TiB (powers of 1024), or KB, MB, GB, TB
/// (powers of 1000); a fraction may stand before a unit. nullopt for anything else, and below one byte.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace kerf
