#include "report/gate/policy.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::report {
namespace {

using test::expect_error;

void refuses(const std::string& text, const std::string& part) {
  expect_error(ErrorCode::kInput, part, [&] { parse_policy(text, "dir/policy.yaml"); });
}

TEST(Policy, AsTheDocumentationWritesIt) {
  const Policy policy = parse_policy(
      "about: for releases\n"
      "limits: {kl_mean: {max: 0.01, bound: upper}, bytes: {max: 14MB}, top1_agreement: {min: 95%, bound: lower}}\n"
      "baseline: last.json\nmargin: 0.5%\nmin_tokens: 2000\ncandidates: [\"int8*\", int4]\n",
      "dir/policy.yaml");
  ASSERT_EQ(policy.limits.size(), 3U);
  EXPECT_EQ(policy.limits[0].metric->key, "kl_mean");
  EXPECT_DOUBLE_EQ(*policy.limits[0].max, 0.01);
  EXPECT_EQ(policy.limits[0].bound, Bound::kUpper);
  EXPECT_EQ(policy.limits[0].line, 2);
  EXPECT_DOUBLE_EQ(*policy.limits[1].max, 14e6);
  EXPECT_DOUBLE_EQ(*policy.limits[2].min, 0.95);
  EXPECT_EQ(policy.baseline, "dir/last.json");
  EXPECT_DOUBLE_EQ(*policy.margin, 0.005);
  EXPECT_EQ(*policy.min_tokens, 2000);
  EXPECT_EQ(policy.candidates.size(), 2U);
}

TEST(Policy, ChangesAreSharesOrAmounts) {
  const Policy policy =
      parse_policy("limits: {bytes: {max_increase: 1%}, kl_mean: {max_decrease: 2}}\nbaseline: b.json\n", "p");
  EXPECT_TRUE(policy.limits[0].max_increase->relative);
  EXPECT_DOUBLE_EQ(policy.limits[0].max_increase->amount, 0.01);
  EXPECT_FALSE(policy.limits[1].max_decrease->relative);
}

TEST(Policy, WhatIsNotUnderstoodIsRefusedWithTheNearestName) {
  refuses("limit: {kl_mean: {max: 1}}", "line 1: no policy key 'limit'; did you mean limits?");
  refuses("limits: {kl_mena: {max: 1}}", "no metric 'kl_mena'; did you mean kl_mean?");
  refuses("limits:\n  kl_mean: {maks: 1}", "line 2: no key of a limit 'maks'; did you mean max?");
  refuses("limits: {kl_mean: {max: 1, bound: uper}}", "no bound 'uper'; did you mean upper?");
}

TEST(Policy, WhatLimitsNothingIsRefused) {
  refuses("", "is empty, expected a map of keys and values");
  refuses("limits:\n  kl_mean:\n", ": line ");
  refuses("[1]", "found something else, expected a map of keys and values");
  refuses("about: nothing", "limits nothing: everything would pass");
  refuses("limits: {}", "limits nothing: everything would pass");
  refuses("limits: {kl_mean: {bound: upper}}", "kl_mean: limits nothing");
  refuses("limits: {kl_mean: }", "kl_mean: found no map");
  refuses("limits: {kl_mean: 0.1}", "kl_mean: found no map");
  refuses("limits: {kl_mean: {max: 1, min: 2}}", "nothing is at most max and at least min");
  refuses("limits: {bytes: {max_increase: 1%}}", "a change needs a baseline");
}

TEST(Policy, NumbersAreNumbers) {
  for (const char* value : {"nan", "inf", "0,01", "'0.01 '", "1e", "0x10", "~", "[1]", "{a: 1}", "1 %%", "-"}) {
    refuses("limits: {kl_mean: {max: " + std::string(value) + "}}", "line 1");
  }
  refuses("limits: {kl_mean: {max: 14MB}}", "expected a number or a percentage");
  refuses("limits: {kl_mean: {max: 1}}\nmargin: -1", "margin: expected a number that is not negative");
  refuses("limits: {kl_mean: {max: 1}}\nmin_tokens: 1.5", "expected a whole number");
}

TEST(Policy, StructureIsPlain) {
  refuses("limits: {kl_mean: {max: 1}, kl_mean: {max: 2}}", "appears twice");
  refuses("limits: {kl_mean: {max: 1}}\nlimits: {kl_max: {max: 1}}", "appears twice");
  refuses("limits: &a {kl_mean: {max: 1}}", "anchors are not read in a policy");
  refuses("limits: {kl_mean: {max: 1}}\n---\nlimits: {}", "found a second document, expected one policy in the file");
  refuses("limits: {kl_mean: {max: 1}", "not valid YAML");
  refuses("candidates: []\nlimits: {kl_mean: {max: 1}}", "candidates: found an empty list");
  refuses("about: \xff", "not valid UTF-8");
}

}  // namespace
}  // namespace kerf::report
