#include "kerf/gate.h"

#include "report/evaluation.h"
#include "report/gate/gate.h"

namespace kerf {
namespace {

GateResult run(const report::Policy& policy, const report::MeasuredReport& measured) {
  GateResult result = report::run_checks(policy, measured);
  result.version = version();
  return result;
}

}  // namespace

void check_policy(const std::string& policy) {
  const report::Policy parsed = report::read_policy(policy);
  if (!parsed.baseline.empty()) report::read_measured_report(parsed.baseline);
}

GateResult gate(const std::string& report_file, const std::string& policy) {
  const report::Policy parsed = report::read_policy(policy);
  return run(parsed, report::read_measured_report(report_file));
}

GateResult gate(const Evaluation& evaluation, const std::string& policy) {
  return run(report::read_policy(policy), report::measured_report(report::to_json(evaluation), ""));
}

}  // namespace kerf
