#pragma once

#include "kerf/gate.h"

#include "report/gate/measured.h"
#include "report/gate/policy.h"

namespace kerf::report {

/// The checks of one limit on one candidate of a report; `baseline`: the baseline's candidate, or null.
std::vector<GateCheck> check_limit(const Limit& limit, const Json& candidate, const MeasuredReport& report,
                                   const Json* baseline);
/// Is there enough text for any decision? Passed unless there is not.
GateCheck check_text(const Policy& policy, const Json& candidate, const MeasuredReport& report);
/// Perplexity and KL against the baseline, window by window where both read the same text.
std::vector<GateCheck> check_baseline(const Policy& policy, const Json& candidate, const MeasuredReport& report,
                                      const MeasuredReport& baseline);

}  // namespace kerf::report
