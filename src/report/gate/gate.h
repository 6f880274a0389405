#pragma once

#include "kerf/gate.h"

#include "report/gate/measured.h"
#include "report/gate/policy.h"

namespace kerf::report {

/// Every check of a policy on every candidate of a report that it is about. Error(kInput) if it is about none, or if
/// the baseline cannot be read.
GateResult run_checks(const Policy& policy, const MeasuredReport& measured);

}  // namespace kerf::report
