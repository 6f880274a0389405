#include "eval/intervals.h"

#include <cmath>

#include <gtest/gtest.h>

#include "eval/estimate.h"

namespace kerf::eval {
namespace {

Series model_of(std::size_t places, double nll, bool drifts) {
  Series series(places, drifts);
  for (std::size_t i = 0; i < places; ++i) {
    const double wave = 0.1 * static_cast<double>(i % 7);
    series.nll[i] = nll + wave;
    if (!drifts) continue;
    series.kl[i] = 0.01 + 0.01 * wave;
    series.delta_p[i] = i % 2 == 0 ? 0.1 : -0.2;
    series.same_top1[i] = i % 10 != 0;
    series.top5_overlap[i] = 0.8F;
  }
  return series;
}

Layout batches_of(std::size_t places, std::size_t length) {
  Layout layout;
  for (std::size_t i = 0; i < places; ++i) {
    layout.window.push_back(static_cast<std::int64_t>(i / length));
    layout.position.push_back(static_cast<std::int64_t>(i % length));
    layout.batch.push_back(i / length);
  }
  layout.batches = places / length;
  return layout;
}

TEST(Intervals, OfEveryFigureThatHasOne) {
  const Series reference = model_of(200, 2, false), model = model_of(200, 2.1, true);
  const Layout layout = batches_of(200, 10);
  const auto found = intervals_of(model, &reference, layout);
  for (const char* key :
       {"perplexity", "perplexity_log_ratio", "perplexity_increase", "kl_mean", "kl_median", "kl_p90", "kl_p95",
        "kl_p99", "kl_p999", "top1_agreement", "top5_agreement", "delta_p_rms", "delta_p_mean"}) {
    ASSERT_TRUE(found.contains(key)) << key;
    EXPECT_LE(found.at(key).low, found.at(key).value) << key;
    EXPECT_GE(found.at(key).high, found.at(key).value) << key;
  }
  // The reference varies from token to token, the difference does not.
  EXPECT_NEAR(found.at("perplexity_increase").value, std::expm1(0.1), 1e-9);
  EXPECT_NEAR(found.at("perplexity_increase").high, std::expm1(0.1), 1e-9);
  EXPECT_GT(found.at("perplexity").error, 0);
  EXPECT_NEAR(found.at("delta_p_rms").value, std::sqrt((0.01 + 0.04) / 2), 1e-9);
}

TEST(Intervals, TheReferenceHasOnlyItsOwn) {
  const auto found = intervals_of(model_of(200, 2, false), nullptr, batches_of(200, 10));
  EXPECT_EQ(found.size(), 1U);
  EXPECT_TRUE(found.contains("perplexity"));
  EXPECT_TRUE(intervals_of(model_of(10, 2, false), nullptr, batches_of(10, 10)).empty());
}

}  // namespace
}  // namespace kerf::eval
