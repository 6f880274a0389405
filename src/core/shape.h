#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kerf {

/// Dimensions, outermost first (row-major). Rank 0 is a scalar. Every dimension is >= 0.
using Shape = std::vector<std::int64_t>;

/// The largest rank that kerf accepts from a file.
inline constexpr std::size_t kMaxRank = 8;

/// Number of elements; the dimensions must already be known not to overflow (see checked_numel).
std::int64_t numel(std::span<const std::int64_t> shape);
/// Number of elements of a shape read from a file. nullopt if a dimension is negative or the product of the
/// non-zero dimensions overflows: a zero dimension does not excuse the others.
std::optional<std::int64_t> checked_numel(std::span<const std::int64_t> shape);
/// "[2, 24, 160]"
std::string to_string(std::span<const std::int64_t> shape);

}  // namespace kerf
