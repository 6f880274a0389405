#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kerf/gate.h"

#include "core/json.h"

namespace kerf::report {

/// A file that tells of a gate, for machines or people: one file in gate_documents/, one line in gate_documents.def.
struct GateDocument {
  std::string_view name;     ///< of its option: "junit"
  std::string_view summary;  ///< what it is for
  std::string (*write)(const GateResult& result);
};

const std::vector<const GateDocument*>& gate_documents();

#define X(name) const GateDocument& name##_gate_writer();
#include "report/gate_documents.def"
#undef X

/// A table of the checks and a last line that says how it ended.
std::string to_text(const GateResult& result);
/// passed, policy, report, checks with candidate, metric, limit, found, outcome, reason, line.
Json to_json(const GateResult& result);
/// "not passed: 2 of 6 checks"
std::string outcome_line(const GateResult& result);

}  // namespace kerf::report
