// JUnit's XML as CI servers read it: a suite a candidate, a case a check. What was found wanting is a failure, what
// could not be decided an error.

#include <fmt/format.h>

#include "report/gate/document.h"
#include "report/markup.h"

namespace kerf::report {
namespace {

std::string test_case(const GateCheck& check) {
  std::string out =
      fmt::format("    <testcase classname=\"kerf.gate.{}\" name=\"{}: {}\" time=\"0\"", escape_markup(check.candidate),
                  escape_markup(check.metric), escape_markup(check.limit));
  if (check.outcome == CheckOutcome::kPassed) return out + "/>\n";
  const char* element = check.outcome == CheckOutcome::kFailed ? "failure" : "error";
  return out + fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{2}</{0}>\n    </testcase>\n", element,
                           outcome_name(check.outcome), escape_markup(check.reason));
}

struct Suite {
  std::string name, cases;
  int tests = 0, failures = 0, errors = 0;
};

std::string write(const GateResult& result) {
  std::vector<Suite> suites;
  Suite total;
  for (const GateCheck& check : result.checks) {
    if (suites.empty() || suites.back().name != check.candidate) suites.push_back({check.candidate, "", 0, 0, 0});
    Suite& suite = suites.back();
    suite.cases += test_case(check);
    for (Suite* counts : {&suite, &total}) {
      ++counts->tests;
      counts->failures += check.outcome == CheckOutcome::kFailed;
      counts->errors += check.outcome == CheckOutcome::kInconclusive || check.outcome == CheckOutcome::kNotChecked;
    }
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites name=\"kerf gate\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n", total.tests,
                     total.failures, total.errors);
  for (const Suite& suite : suites) {
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\">\n{}  </testsuite>\n",
        escape_markup(suite.name), suite.tests, suite.failures, suite.errors, suite.cases);
  }
  return out + "</testsuites>\n";
}

}  // namespace

const GateDocument& junit_gate_writer() {
  static const GateDocument document{.name = "junit", .summary = "JUnit XML, for CI servers", .write = write};
  return document;
}

}  // namespace kerf::report
