#include "report/gate/gate.h"

#include <algorithm>

#include "core/error.h"
#include "core/strings.h"
#include "report/gate/checks.h"

namespace kerf {
namespace {

bool is_asked_for(const report::Policy& policy, const std::string& spec) {
  return policy.candidates.empty() ||
         std::any_of(policy.candidates.begin(), policy.candidates.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, spec); });
}

}  // namespace

std::string outcome_name(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::kPassed:
      return "passed";
    case CheckOutcome::kFailed:
      return "failed";
    case CheckOutcome::kInconclusive:
      return "inconclusive";
    case CheckOutcome::kNotChecked:
      break;
  }
  return "not checked";
}

bool GateResult::passed() const {
  return !checks.empty() && std::all_of(checks.begin(), checks.end(),
                                        [](const GateCheck& check) { return check.outcome == CheckOutcome::kPassed; });
}

namespace report {

GateResult run_checks(const Policy& policy, const MeasuredReport& measured) {
  GateResult result;
  result.policy = policy.file;
  result.about = policy.about;
  result.report = measured.file;
  std::optional<MeasuredReport> baseline;
  if (!policy.baseline.empty()) baseline = read_measured_report(policy.baseline);
  const auto add = [&](std::vector<GateCheck> checks) {
    for (GateCheck& one : checks) result.checks.push_back(std::move(one));
  };
  for (const Json& candidate : measured.candidates) {
    const std::string spec = candidate.find("spec")->as_string();
    if (!is_asked_for(policy, spec)) continue;
    add({check_text(policy, candidate, measured)});
    const Json* before = baseline ? baseline->find(spec) : nullptr;
    for (const Limit& limit : policy.limits) add(check_limit(limit, candidate, measured, before));
    if (baseline) add(check_baseline(policy, candidate, measured, *baseline));
  }
  if (result.checks.empty()) {
    throw_input(policy.file, "candidates", "no candidate of the report has such a name");
  }
  return result;
}

}  // namespace report
}  // namespace kerf
