#include "eval/verdict.h"

#include <gtest/gtest.h>

namespace kerf::eval {
namespace {

Estimate around(double value, double half) { return {value, half / 2, value - half, value + half}; }

TEST(Judge, ByWhereTheIntervalLies) {
  constexpr double kMargin = 0.01;
  EXPECT_EQ(judge(around(0.002, 0.005), kMargin, 100).verdict, Verdict::kEquivalent);
  EXPECT_EQ(judge(around(0.008, 0.001), kMargin, 100).verdict, Verdict::kEquivalent);  // surely worse, by too little
  EXPECT_EQ(judge(around(0.02, 0.015), kMargin, 100).verdict, Verdict::kWorse);
  EXPECT_EQ(judge(around(-0.02, 0.015), kMargin, 100).verdict, Verdict::kBetter);
  EXPECT_EQ(judge(around(0.02, 0.03), kMargin, 100).verdict, Verdict::kInconclusive);
  EXPECT_EQ(judge(around(0, 0.02), kMargin, 100).verdict, Verdict::kInconclusive);
}

TEST(Judge, SaysHowManyMoreTokens) {
  // 0.02 +- 0.04 excludes zero once the interval is half as wide: four times the tokens.
  EXPECT_EQ(judge(around(0.02, 0.04), 0.01, 100).more_tokens, 300);
  // 0 +- 0.02 fits the margin once it is half as wide.
  EXPECT_EQ(judge(around(0, 0.02), 0.01, 100).more_tokens, 300);
  EXPECT_EQ(judge(around(0, 0.02), 0, 100).more_tokens, 0);  // would never end
  EXPECT_EQ(judge(around(0.02, 0.01), 0.01, 100).more_tokens, 0);
}

TEST(JudgePair, WithoutBatchesNothingIsCertain) {
  Layout layout;
  layout.batch = {0, 0};
  layout.batches = 1;
  const std::vector<double> a = {1, 2}, b = {0, 0};
  const Judgement judgement = judge_pair(a, b, layout, 0.01);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_DOUBLE_EQ(judgement.difference.value, 1.5);
  EXPECT_EQ(verdict_name(judgement.verdict), "inconclusive");
}

}  // namespace
}  // namespace kerf::eval
