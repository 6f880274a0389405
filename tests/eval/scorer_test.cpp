#include "eval/scorer.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"
#include "eval/summary.h"

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

TEST(Summary, PerplexityAndItsErrorAreLlamaCpps) {
  Series series(4);
  series.nll = {1.0, 2.0, 3.0, 4.0};
  Measurement m;
  summarize(series, m);
  // mean 2.5, mean of squares 7.5: sqrt((7.5 - 6.25) / 3) = 0.645497; times exp(2.5)
  EXPECT_NEAR(*m.perplexity, std::exp(2.5), 1e-12);
  EXPECT_NEAR(*m.perplexity_stderr, 0.6454972243679028 * std::exp(2.5), 1e-9);
  EXPECT_FALSE(m.kl_mean.has_value());
}

TEST(Summary, ClassesHaveSharesAndNoPerplexity) {
  Series series(4, false, {.targets = true, .classes = 2});
  Distribution distribution;
  // p = 1/4 and 3/4 three times, then even: the tie goes to class 0.
  const std::vector<float> uneven = {0, std::log(3.0F)}, even = {2, 2};
  for (std::size_t at = 0; at < 4; ++at) {
    distribution.set(at < 3 ? uneven : even);
    score(distribution, nullptr, at == 0 ? 0 : 1, at, series);
  }
  Measurement m;
  summarize(series, m);
  EXPECT_FALSE(m.perplexity.has_value());
  EXPECT_EQ(m.tokens_scored, 4);
  ASSERT_EQ(m.classes.size(), 2U);
  EXPECT_NEAR(m.classes[0].probability, (3 * 0.25 + 0.5) / 4, 1e-6);
  EXPECT_NEAR(m.classes[1].probability, (3 * 0.75 + 0.5) / 4, 1e-6);
  EXPECT_DOUBLE_EQ(m.classes[0].predicted, 0.25);
  EXPECT_DOUBLE_EQ(m.classes[1].predicted, 0.75);
  // 0.25 log 4 + 0.75 log 4/3 = 0.562335; log 2
  EXPECT_NEAR(*m.entropy, (3 * 0.5623351446 + std::log(2.0)) / 4, 1e-6);
  EXPECT_DOUBLE_EQ(*m.accuracy, 0.5);  // of 1, 1, 1, 0 against 0, 1, 1, 1
  EXPECT_NEAR(*m.accuracy_stderr, std::sqrt(0.25 / 3), 1e-12);
}

TEST(Summary, QuantilesLieBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({0, 1, 2, 3}, 0.5), 1.5);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.99), 9.9);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.5), 7);
}

}  // namespace
}  // namespace kerf::eval
