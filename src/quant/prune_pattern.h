#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kerf::quant {

/// Which of the weights that are compared with each other become zero: a share of them, or all but N of each M
/// consecutive inputs.
struct PrunePattern {
  double share = 0;
  int keep = 0, of = 0;  ///< N and M; of is 0 where `share` says it

  bool by_group() const { return of > 0; }
  /// How many of `count` weights become zero by `share`: rounded down.
  std::int64_t zeros_of(std::int64_t count) const;
  /// "50%", "2:4"
  std::string name() const;

  bool operator==(const PrunePattern&) const = default;
};

/// "50%", "0.5" (above 0, below 1) or "N:M" with 1 <= N < M <= 64. Error(kUsage); `label` stands before the message.
PrunePattern parse_pattern(std::string_view text, const std::string& label);

/// Zeroes the `count` values of lowest score; of equal scores the first.
void zero_lowest(std::span<const float> scores, std::int64_t count, std::span<float> values);
/// The same within a row, as the pattern says; `values` begin at a multiple of M. Of a last group with fewer than M
/// values N may stay.
void zero_row(std::span<const float> scores, const PrunePattern& pattern, std::span<float> values);

}  // namespace kerf::quant
