#include "report/gate/document.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/json_strings.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {

const std::vector<const GateDocument*>& gate_documents() {
  static const std::vector<const GateDocument*> all = {
#define X(name) &name##_gate_writer(),
#include "report/gate_documents.def"
#undef X
  };
  return all;
}

std::string outcome_line(const GateResult& result) {
  const auto count = std::count_if(result.checks.begin(), result.checks.end(),
                                   [](const GateCheck& check) { return check.outcome == CheckOutcome::kPassed; });
  const auto all = std::ssize(result.checks);
  return result.passed() ? fmt::format("passed: all {} checks", all)
                         : fmt::format("not passed: {} of {} checks", all - count, all);
}

std::string to_text(const GateResult& result) {
  Table table;
  table.column("candidate").column("figure").column("limit").column("found", Table::Align::kRight).column("outcome");
  for (const GateCheck& check : result.checks) {
    table.row({printable(check.candidate), check.metric, check.limit,
               check.found ? fmt::format("{:.8g}", *check.found) : "-", outcome_name(check.outcome)});
  }
  std::string out = table.text() + "\n";
  for (const GateCheck& check : result.checks) {
    if (check.outcome == CheckOutcome::kPassed) continue;
    out += fmt::format("{}: {}: {}: {}\n", outcome_name(check.outcome), printable(check.candidate), check.metric,
                       check.reason);
  }
  out += notes_text(result.notes);
  return out + outcome_line(result) + "\n";
}

Json to_json(const GateResult& result) {
  Json::Object out;
  out.set("passed", result.passed());
  out.set("policy", utf8_text(result.policy));
  if (!result.about.empty()) out.set("about", utf8_text(result.about));
  if (!result.report.empty()) out.set("report", utf8_text(result.report));
  Json::Array checks;
  for (const GateCheck& check : result.checks) {
    Json::Object entry;
    entry.set("candidate", utf8_text(check.candidate));
    entry.set("metric", check.metric);
    entry.set("limit", check.limit);
    if (check.found) entry.set("found", *check.found);
    entry.set("outcome", outcome_name(check.outcome));
    if (!check.reason.empty()) entry.set("reason", check.reason);
    entry.set("line", check.line);
    checks.emplace_back(std::move(entry));
  }
  out.set("checks", std::move(checks));
  out.set("notes", strings_json(result.notes));
  return out;
}

}  // namespace kerf::report
