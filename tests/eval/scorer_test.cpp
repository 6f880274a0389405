#include "eval/scorer.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::eval {
namespace {

std::vector<float> random_logits(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> logits(count);
  for (float& l : logits) l = static_cast<float>(random.uniform() * 12 - 6);
  return logits;
}

/// Probabilities by the definition, in long double.
std::vector<long double> softmax(const std::vector<float>& logits) {
  long double sum = 0;
  std::vector<long double> p;
  for (const float l : logits) sum += std::exp(static_cast<long double>(l));
  for (const float l : logits) p.push_back(std::exp(static_cast<long double>(l)) / sum);
  return p;
}

class ScorerOfVocabulary : public testing::TestWithParam<std::size_t> {};

TEST_P(ScorerOfVocabulary, AgreesWithTheDefinitions) {
  const auto a = random_logits(GetParam(), 1), b = random_logits(GetParam(), 2);
  const auto p = softmax(a), q = softmax(b);
  Distribution reference, model;
  reference.set(a);
  model.set(b);
  long double kl = 0;
  for (std::size_t i = 0; i < p.size(); ++i) kl += p[i] * std::log(p[i] / q[i]);
  const std::size_t token = GetParam() / 2;
  // f32 logits and weights, sums in double: relative error of a few 2^-24.
  EXPECT_NEAR(reference.divergence_from(model), static_cast<double>(kl), 1e-6);
  EXPECT_NEAR(model.negative_log_likelihood(static_cast<std::int64_t>(token)), static_cast<double>(-std::log(q[token])),
              1e-6);
  EXPECT_NEAR(model.probability(static_cast<std::int64_t>(token)), static_cast<double>(q[token]), 1e-6);
  EXPECT_EQ(reference.divergence_from(reference), 0.0);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ScorerOfVocabulary, testing::Values(1, 2, 5, 15, 16, 17, 160, 8192));

TEST(Scorer, TopTokensAreOrderedAndTiesGoToTheLowerId) {
  Distribution d;
  const std::vector<float> logits = {1, 5, 3, 5, 2, 4, 0};
  d.set(logits);
  const auto top = d.top();
  EXPECT_EQ(std::vector<std::int32_t>(top.begin(), top.end()), (std::vector<std::int32_t>{1, 3, 5, 2, 4}));
}

TEST(Scorer, AgreementCountsSharedTokens) {
  Series series(1, true);
  Distribution reference, model;
  const std::vector<float> a = {9, 8, 7, 6, 5, 0, 0, 0}, b = {8, 9, 7, 0, 0, 6, 5, 0};
  reference.set(a);
  model.set(b);
  score(model, &reference, 0, 0, series);
  EXPECT_EQ(series.same_top1[0], 0);
  EXPECT_FLOAT_EQ(series.top5_overlap[0], 0.6f);  // 0, 1 and 2 of {0..4} are among {1, 0, 2, 5, 6}
  EXPECT_LT(series.delta_p[0], 0);
}

TEST(Scorer, SeriesOfTwoPartsAreOneSeries) {
  const std::vector<float> a = {1, 2, 3}, b = {3, 1, 2}, c = {0, 0, 4};
  for (const Measured measured : {Measured{.targets = true, .classes = 0}, Measured{.targets = true, .classes = 3},
                                  Measured{.targets = false, .classes = 3}}) {
    Series whole(3, true, measured), first(2, true, measured), last(1, true, measured);
    Distribution reference, model;
    reference.set(a);
    std::size_t at = 0;
    for (const auto* logits : {&a, &b, &c}) {
      model.set(*logits);
      score(model, &reference, 1, at, whole);
      score(model, &reference, 1, at % 2, at < 2 ? first : last);
      ++at;
    }
    first.append(last);
    EXPECT_EQ(first.nll, whole.nll);
    EXPECT_EQ(first.kl, whole.kl);
    EXPECT_EQ(first.best, whole.best);
    EXPECT_EQ(first.best_p, whole.best_p);
    EXPECT_EQ(first.delta_p, whole.delta_p);
    EXPECT_EQ(first.same_top1, whole.same_top1);
    EXPECT_EQ(first.top5_overlap, whole.top5_overlap);
    EXPECT_EQ(first.probabilities, whole.probabilities);
    EXPECT_EQ(first.predicted, whole.predicted);
    EXPECT_EQ(first.entropy, whole.entropy);
    EXPECT_EQ(first.right, whole.right);
    EXPECT_EQ(first.size(), 3U);
  }
}

}  // namespace
}  // namespace kerf::eval
