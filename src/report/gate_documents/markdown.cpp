// Markdown that fits a comment on a pull request or a step's summary: what was wanting first, all checks below.

#include <fmt/format.h>

#include "report/gate/document.h"
#include "report/markup.h"

namespace kerf::report {
namespace {

/// Comments hold 65,536 characters.
constexpr std::size_t kMostRows = 150;

std::string write(const GateResult& result) {
  std::string out = fmt::format("### kerf gate: {}\n\n", outcome_line(result));
  if (!result.about.empty()) out += escape_markdown(result.about) + "\n\n";
  std::size_t listed = 0;
  for (const GateCheck& check : result.checks) {
    if (check.outcome == CheckOutcome::kPassed || ++listed > kMostRows) continue;
    out += fmt::format("- **{}** {}: {}: {}\n", outcome_name(check.outcome), escape_markdown(check.candidate),
                       escape_markdown(check.metric), escape_markdown(check.reason));
  }
  if (listed > 0) out += "\n";
  std::vector<std::vector<std::string>> rows;
  for (const GateCheck& check : result.checks) {
    if (rows.size() == kMostRows) break;
    rows.push_back({escape_markdown(check.candidate), escape_markdown(check.metric), escape_markdown(check.limit),
                    check.found ? fmt::format("{:.6g}", *check.found) : "-", outcome_name(check.outcome)});
  }
  out += markdown_table({"candidate", "figure", "limit", "found", "outcome"}, {false, false, false, true, false}, rows);
  if (result.checks.size() > kMostRows) out += fmt::format("\n{} more checks\n", result.checks.size() - kMostRows);
  return out;
}

}  // namespace

const GateDocument& markdown_gate_writer() {
  static const GateDocument document{
      .name = "markdown", .summary = "Markdown, for a comment on a pull request", .write = write};
  return document;
}

}  // namespace kerf::report
