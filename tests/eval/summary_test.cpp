#include "eval/summary.h"

#include <cmath>

#include <gtest/gtest.h>

namespace kerf::eval {
namespace {

Layout one_window_each(std::size_t places) {
  Layout layout;
  for (std::size_t i = 0; i < places; ++i) {
    layout.window.push_back(static_cast<std::int64_t>(i));
    layout.position.push_back(0);
    layout.batch.push_back(i);
  }
  layout.batches = places;
  return layout;
}

TEST(Summary, PerplexityAndItsErrorAreLlamaCpps) {
  Series series(4);
  series.nll = {1.0, 2.0, 3.0, 4.0};
  Measurement m;
  summarize(series, nullptr, m);
  // mean 2.5, mean of squares 7.5: sqrt((7.5 - 6.25) / 3) = 0.645497; times exp(2.5)
  EXPECT_NEAR(*m.perplexity, std::exp(2.5), 1e-12);
  EXPECT_NEAR(*m.perplexity_stderr, 0.6454972243679028 * std::exp(2.5), 1e-9);
  EXPECT_FALSE(m.kl.has_value());
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
  summarize(series, nullptr, m);
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

/// Log likelihoods of two models; what llama.cpp's --kl-divergence prints of them was computed by its formulas in
/// Python's decimal module.
TEST(Summary, TheChangeOfLikelihoodIsLlamaCpps) {
  Series reference(4), model(4, true);
  reference.nll = {1.0, 2.0, 3.0, 4.0};
  model.nll = {1.5, 2.0, 3.5, 4.5};
  Measurement m;
  summarize(model, &reference, m);
  ASSERT_TRUE(m.likelihood.has_value());
  // mean difference 0.375; variances 1.25 * 4/3 / 4 = 0.4166667 and 0.4739583, covariance 0.4375: of the difference
  // 0.0156250
  EXPECT_NEAR(m.likelihood->log_ratio, 0.375, 1e-12);
  EXPECT_NEAR(m.likelihood->log_ratio_error, 0.125, 1e-9);
  EXPECT_NEAR(m.likelihood->ratio, std::exp(0.375), 1e-12);
  EXPECT_NEAR(m.likelihood->ratio_error, 0.125 * std::exp(0.375), 1e-9);
  EXPECT_NEAR(m.likelihood->difference, std::exp(2.875) - std::exp(2.5), 1e-9);
  EXPECT_NEAR(m.likelihood->correlation, 0.4375 / std::sqrt(0.41666666666666669 * 0.47395833333333331), 1e-9);
}

TEST(Summary, DeltaPsErrorIsThatOfARoot) {
  Series reference(4), model(4, true);
  model.delta_p = {0.1, -0.1, 0.3, -0.3};
  Measurement m;
  summarize(model, &reference, m);
  // mean square 0.05, its standard error sqrt(4 * 0.04^2 / 4 / 3) = 0.0230940
  EXPECT_NEAR(*m.delta_p_rms, std::sqrt(0.05), 1e-12);
  EXPECT_NEAR(*m.delta_p_rms_error, 0.5 / std::sqrt(0.05) * 0.0230940107675850, 1e-9);
}

TEST(Summary, CandidatesArePairedTokenByToken) {
  Series a(4), b(4);
  a.nll = {1, 2, 3, 4};
  b.nll = {1.1, 2.1, 3.1, 4.1};
  a.kl = b.kl = {};
  const std::vector<const Series*> series = {&a, &b};
  const std::vector<std::string> specs = {"a", "b"};
  const auto pairs = pair_up(series, specs, one_window_each(4), 0.005);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].spec, "b");
  EXPECT_EQ(pairs[0].other, "a");
  // The models differ by 0.1 at every token: however much tokens vary, the difference is certain.
  EXPECT_NEAR(pairs[0].log_perplexity->difference.value, 0.1, 1e-12);
  EXPECT_EQ(pairs[0].log_perplexity->verdict, Verdict::kWorse);
  EXPECT_FALSE(pairs[0].kl.has_value());
}

TEST(Summary, TheNoiseFloorHoldsAbsoluteValues) {
  Series reference(2), again(2, true);
  reference.nll = {1, 2};
  again.nll = {1 - 2e-6, 2};
  again.kl = {-1e-8, 3e-8};
  again.delta_p = {3e-6, -3e-6};
  again.same_top1 = {1, 0};
  const NoiseFloor floor = noise_floor(again, reference, one_window_each(2));
  EXPECT_DOUBLE_EQ(floor.kl_mean, 2e-8);
  EXPECT_DOUBLE_EQ(floor.kl_max, 3e-8);
  EXPECT_NEAR(floor.log_ratio, 1e-6, 1e-12);
  EXPECT_NEAR(floor.delta_p_rms, 3e-6, 1e-12);
  EXPECT_DOUBLE_EQ(floor.top1_disagreement, 0.5);
  EXPECT_EQ(floor.windows, 2);
}

}  // namespace
}  // namespace kerf::eval
