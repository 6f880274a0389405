#include "report/gate/checks.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/evaluation.h"
#include "report/gate/document.h"
#include "report/gate/gate.h"
#include "report/gate/measured.h"
#include "report/statistics_json.h"
#include "tests/report/sample.h"
#include "tests/support/expect_error.h"

namespace kerf::report {
namespace {

using testing::HasSubstr;

Evaluation measured() {
  Evaluation evaluation;
  evaluation.text = test::sample_text();
  evaluation.text.sha256 = "abc";
  evaluation.reference = test::sample_reference();
  evaluation.candidate = test::sample_candidate();
  evaluation.candidate.spec = "int8 & <\"co\">";
  evaluation.candidate.intervals["kl_mean"] = {0.0125, 0.001, 0.011, 0.014};
  evaluation.noise_floor = NoiseFloor{.tokens = 512, .windows = 2, .kl_mean = 1e-6, .kl_max = 1e-5, .log_ratio = 1e-6};
  return evaluation;
}

GateResult run(const std::string& policy, const Evaluation& evaluation = measured()) {
  return run_checks(parse_policy(policy, "policy.yaml"), measured_report(to_json(evaluation), "report.json"));
}

/// The last check, of a policy with one limit.
GateCheck last(const std::string& policy, const Evaluation& evaluation = measured()) {
  return run(policy, evaluation).checks.back();
}

TEST(Gate, ComparesTheFigureOrAnEndOfItsInterval) {
  EXPECT_TRUE(run("limits: {kl_mean: {max: 0.013}}").passed());
  EXPECT_TRUE(run("limits: {kl_mean: {max: 0.013, bound: lower}}").passed());
  EXPECT_FALSE(run("limits: {kl_mean: {max: 0.013, bound: upper}}").passed());
  EXPECT_TRUE(run("limits: {kl_mean: {max: 0.014, bound: upper}}").passed());
  EXPECT_FALSE(run("limits: {top1_agreement: {min: 98%}}").passed());
  EXPECT_TRUE(run("limits: {top1_agreement: {min: 97%}, bytes: {max: 2.1MB}}").passed());
  const GateCheck check = last("limits: {bytes: {max: 2000000}}");
  EXPECT_EQ(check.outcome, CheckOutcome::kFailed);
  EXPECT_EQ(check.reason, "found 2097152, at most 2000000");
}

TEST(Gate, WhatIsMissingDoesNotPass) {
  GateCheck check = last("limits: {accuracy: {min: 0}}");
  EXPECT_EQ(check.outcome, CheckOutcome::kNotChecked);
  EXPECT_EQ(check.reason, "the report has no accuracy for it");
  check = last("limits: {kl_max: {max: 100, bound: upper}}");
  EXPECT_EQ(check.outcome, CheckOutcome::kNotChecked);
  EXPECT_THAT(check.reason, HasSubstr("no 95% interval of kl_max"));
}

TEST(Gate, WhatIsNoNumberDoesNotPass) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Evaluation evaluation = measured();
    evaluation.candidate.kl->mean = bad;
    const GateCheck check = last("limits: {kl_mean: {max: 1}}", evaluation);
    EXPECT_EQ(check.outcome, CheckOutcome::kNotChecked);
    EXPECT_EQ(check.reason, "kl_mean is not a finite number in the report");
  }
}

TEST(Gate, ThresholdsBelowTheNoiseDoNotPass) {
  const GateCheck check = last("limits: {kl_mean: {max: 1e-7}}");
  EXPECT_EQ(check.outcome, CheckOutcome::kNotChecked);
  EXPECT_THAT(check.reason, HasSubstr("below the noise floor 1.00e-06"));
  Evaluation evaluation = measured();
  evaluation.candidate.kl->mean = 0;  // would be within it
  EXPECT_FALSE(run("limits: {kl_mean: {max: 0}}", evaluation).passed());
  evaluation.noise_floor.reset();
  EXPECT_THAT(last("limits: {kl_mean: {max: 1}}", evaluation).reason, HasSubstr("has no noise floor"));
}

TEST(Gate, TooLittleTextDecidesNothing) {
  Evaluation evaluation = measured();
  evaluation.candidate.tokens_scored = 999;
  const GateResult result = run("limits: {kl_mean: {max: 1}}", evaluation);
  EXPECT_FALSE(result.passed());
  EXPECT_EQ(result.checks.front().outcome, CheckOutcome::kInconclusive);
  EXPECT_EQ(result.checks.front().reason, "too little text: 999 scored, at least 1000 tokens scored");
  EXPECT_TRUE(run("limits: {kl_mean: {max: 1}}\nmin_tokens: 999", evaluation).passed());
}

TEST(Gate, APolicyForNobodyIsRefused) {
  test::expect_error(ErrorCode::kInput, "policy.yaml: candidates: no candidate of the report has such a name",
                     [] { run("limits: {kl_mean: {max: 1}}\ncandidates: [int5*]"); });
}

Json with_windows(const Evaluation& evaluation, double shift) {
  Evaluation copy = evaluation;
  for (std::int64_t w = 0; w < 12; ++w) {
    copy.candidate.by_window.index.push_back(w);
    copy.candidate.by_window.tokens.push_back(100);
    copy.candidate.by_window.nll.push_back(3 + 0.1 * static_cast<double>(w) + shift + (w % 2 == 0 ? 0.001 : -0.001));
    copy.candidate.by_window.kl.push_back(0.01 + shift);
  }
  return to_json(copy);
}

std::vector<GateCheck> against_baseline(double shift, const std::string& sha256 = "abc") {
  Evaluation evaluation = measured();
  const MeasuredReport before = measured_report(with_windows(evaluation, 0), "before.json");
  evaluation.text.sha256 = sha256;
  const MeasuredReport now = measured_report(with_windows(evaluation, shift), "now.json");
  Policy policy = parse_policy("baseline: before.json\nmargin: 0.5%", "policy.yaml");
  return check_baseline(policy, now.candidates.front(), now, before);
}

TEST(Gate, ABaselineIsComparedWindowByWindow) {
  for (const GateCheck& check : against_baseline(0.001))
    EXPECT_EQ(check.outcome, CheckOutcome::kPassed) << check.reason;
  for (const GateCheck& check : against_baseline(-1)) EXPECT_EQ(check.outcome, CheckOutcome::kPassed) << check.reason;
  for (const GateCheck& check : against_baseline(0.01)) {
    EXPECT_EQ(check.outcome, CheckOutcome::kFailed);
    EXPECT_THAT(check.reason, HasSubstr("worse than the baseline by +0.010000 nats per token"));
  }
  for (const GateCheck& check : against_baseline(0, "other")) {
    EXPECT_EQ(check.outcome, CheckOutcome::kNotChecked);
    EXPECT_THAT(check.reason, HasSubstr("another text"));
  }
}

TEST(Gate, ReportsThatAreNoneAreRefused) {
  const auto refused = [](const char* json, const char* part) {
    test::expect_error(ErrorCode::kInput, part, [&] { measured_report(Json::parse(json, "r.json"), "r.json"); });
  };
  refused("[]", "r.json: found an array, expected an object");
  refused("{}", "is no report of kerf eval or kerf compare");
  refused(R"({"text": 7, "tokens_scored": 1, "spec": "a"})", "text: found an integer, expected an object");
  refused(R"({"text": {}, "candidates": []})", "candidates: found an empty list");
  refused(R"({"text": {}, "candidates": [{"spec": "a"}]})", "tokens_scored");
  refused(R"({"text": {}, "tokens_scored": 1})", "spec");
}

TEST(GateDocuments, AreSafeFromNames) {
  const GateResult result = run("limits: {kl_mean: {max: 1e-3}, bytes: {max: 1MB}}");
  for (const GateDocument* document : gate_documents()) {
    const std::string text = document->write(result);
    EXPECT_EQ(text.find("<\"co\">"), std::string::npos) << text;
    EXPECT_THAT(text, testing::AnyOf(HasSubstr("kl_mean"), HasSubstr("kl\\_mean"))) << document->name;
  }
}

TEST(GateDocuments, JUnitCountsFailuresAndErrors) {
  const std::string text = junit_gate_writer().write(run("limits: {kl_mean: {max: 1e-3}, accuracy: {min: 1}}"));
  EXPECT_THAT(text, HasSubstr("<testsuites name=\"kerf gate\" tests=\"3\" failures=\"1\" errors=\"1\">"));
  EXPECT_THAT(text, HasSubstr("<failure type=\"failed\" message=\"found 0.0125, at most 0.001\">"));
}

TEST(GateDocuments, SarifPointsIntoThePolicy) {
  const Json json = Json::parse(sarif_gate_writer().write(run("limits:\n  kl_mean: {max: 1e-3}")), "sarif");
  const Json& run_ = json.find("runs")->as_array().at(0);
  const Json& found = run_.find("results")->as_array().at(0);
  EXPECT_EQ(found.find("ruleId")->as_string(), "kl_mean");
  const Json& place = *found.find("locations")->as_array().at(0).find("physicalLocation");
  EXPECT_EQ(place.find("artifactLocation")->find("uri")->as_string(), "policy.yaml");
  EXPECT_EQ(place.find("region")->find("startLine")->as_int64(), 2);
}

TEST(GateText, EndsWithHowItEnded) {
  EXPECT_THAT(to_text(run("limits: {kl_mean: {max: 1}}")), testing::EndsWith("passed: all 2 checks\n"));
  EXPECT_THAT(to_text(run("limits: {kl_mean: {max: 1e-3}}")), testing::EndsWith("not passed: 1 of 2 checks\n"));
}

}  // namespace
}  // namespace kerf::report
