#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kerf/kerf.h"

namespace kerf {

/// Figures that a policy can limit, by their JSON keys; `source`: "lower" or "higher" is better, or neither.
std::vector<Named> metrics();

/// How one check of a policy ended. Everything but kPassed keeps the gate shut.
enum class CheckOutcome {
  kPassed,
  kFailed,
  kInconclusive,  ///< the text is too short to tell
  kNotChecked,    ///< the report does not have what it takes
};
/// "passed", "failed", "inconclusive", "not checked"
std::string outcome_name(CheckOutcome outcome);

/// One limit on one candidate.
struct GateCheck {
  std::string candidate, metric;
  std::string limit{};            ///< "at most 0.01 (upper bound)"
  std::optional<double> found{};  ///< the value, or the bound of its interval, that was compared
  CheckOutcome outcome = CheckOutcome::kNotChecked;
  std::string reason{};  ///< one sentence; empty if passed
  int line = 1;          ///< of the policy
};

struct GateResult {
  std::string policy, report;  ///< their files; `report` is "" where the models were measured here
  std::string about;           ///< what the policy says of itself
  std::vector<GateCheck> checks;
  std::string version;
  std::vector<std::string> notes;
  /// Every check passed, and there was one.
  bool passed() const;
};

/// Error(kInput) naming file and line if the policy is malformed; to know before models are measured.
void check_policy(const std::string& policy);
/// Checks a JSON report of `kerf eval` with a reference or `kerf compare`. Error(kInput) if either file is malformed.
GateResult gate(const std::string& report, const std::string& policy);
/// The same of what was just measured.
GateResult gate(const Evaluation& evaluation, const std::string& policy);

}  // namespace kerf
