#include "report/metrics.h"

#include <set>

#include <gtest/gtest.h>

#include "kerf/gate.h"

namespace kerf::report {
namespace {

TEST(Metrics, HaveNamesOfTheirOwnAndAreExplained) {
  std::set<std::string_view> seen;
  for (const Metric& metric : all_metrics()) {
    EXPECT_TRUE(seen.insert(metric.key).second) << metric.key;
    EXPECT_FALSE(metric.summary.empty()) << metric.key;
    EXPECT_EQ(find_metric(metric.key), &metric);
  }
  EXPECT_EQ(find_metric("kl"), nullptr);
  EXPECT_EQ(metrics().size(), all_metrics().size());
}

TEST(Metrics, FloorsComeFromTheReport) {
  const Json floor = Json::parse(R"({"kl_mean": -1e-9, "kl_max": null})", "f");
  EXPECT_EQ(floor_of(*find_metric("kl_mean"), floor), 1e-9);
  EXPECT_EQ(floor_of(*find_metric("kl_p99"), floor), std::nullopt);
  EXPECT_EQ(floor_of(*find_metric("bytes"), Json()), 0);
  EXPECT_EQ(floor_of(*find_metric("top1_agreement"), Json()), std::nullopt);
}

}  // namespace
}  // namespace kerf::report
