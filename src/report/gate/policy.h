#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/metrics.h"

namespace kerf::report {

/// Which end of a figure's 95 % interval is compared; kValue: the figure itself.
enum class Bound { kValue, kLower, kUpper };

/// How much a figure may differ from the baseline's.
struct Change {
  double amount = 0;
  bool relative = false;
};

/// What a policy asks of one metric. At least one of the four is set.
struct Limit {
  const Metric* metric = nullptr;
  std::optional<double> max{}, min{};
  std::optional<Change> max_increase{}, max_decrease{};
  Bound bound = Bound::kValue;
  int line = 1;
};

/// When a candidate is good enough:
///   about: a line of text
///   limits:
///     kl_mean: {max: 0.01, bound: upper}
///     top1_agreement: {min: 95%, bound: lower}
///     bytes: {max: 14MB, max_increase: 1%}
///   baseline: last_release.json      # beside the policy; perplexity and KL may not get worse by more than
///   margin: 0.5%                     # this, as far as the text can tell
///   min_tokens: 1000                 # scored, else nothing is decided
///   candidates: ["int8*"]            # of a comparison; all without it
struct Policy {
  std::string file, about;
  std::vector<Limit> limits;
  std::string baseline;  ///< path; empty: none
  int baseline_line = 1;
  std::optional<double> margin;  ///< nats per token, or as a share of the perplexity; absent: the report's
  std::optional<std::int64_t> min_tokens;
  std::vector<std::string> candidates;  ///< patterns on specs; empty: all
};

/// Strict: Error(kInput) naming file and line for unknown keys and metrics (with the nearest), for values that are no
/// numbers, and for a policy that limits nothing.
Policy read_policy(const std::string& path);
Policy parse_policy(const std::string& text, const std::string& path);

}  // namespace kerf::report
