#include "api/attribution_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::api {
namespace {

Attribution sample() {
  Attribution attribution;
  const auto add = [&](const char* name, const char* role, int layer, double kl) {
    SiteAttribution& site = attribution.sites.emplace_back();
    site.name = name;
    site.role = role;
    site.layer = layer;
    site.bytes = 1000;
    site.alone.value = kl;
  };
  add("q0", "q", 0, 0.01);
  add("down0", "down", 0, 0.05);
  add("down1", "down", 1, 0.03);
  add("head", "head", -1, 0.01);
  return attribution;
}

std::vector<WiderSite> wider(const Attribution& attribution, std::uint64_t more) {
  return std::vector<WiderSite>(attribution.sites.size(), {more, "int8-g32"});
}

TEST(SummarizeSites, SortsAndAddsUp) {
  Attribution attribution = sample();
  summarize_sites(attribution);
  EXPECT_EQ(attribution.sites[0].name, "down0");
  EXPECT_EQ(attribution.sites[1].name, "down1");
  EXPECT_DOUBLE_EQ(attribution.sum_alone, 0.1);
  ASSERT_EQ(attribution.roles.size(), 3U);
  EXPECT_EQ(attribution.roles[0].what, "down");
  EXPECT_EQ(attribution.roles[0].sites, 2);
  EXPECT_DOUBLE_EQ(attribution.roles[0].alone, 0.08);
  ASSERT_EQ(attribution.layers.size(), 3U);
  EXPECT_EQ(attribution.layers[0].what, "layer 0");
  EXPECT_EQ(attribution.layers[2].what, "outside the layers");
}

TEST(FindWidenings, TakeWhatBuysMostForTheBytes) {
  Attribution attribution = sample();
  summarize_sites(attribution);
  // 4000 bytes in all: 2 % are 80, 5 % are 200.
  const auto widenings = find_widenings(attribution, wider(attribution, 80));
  ASSERT_EQ(widenings.size(), 3U);
  EXPECT_THAT(widenings[0].names, testing::ElementsAre("down0"));
  EXPECT_NEAR(widenings[0].kl_share, 0.5, 1e-12);
  EXPECT_NEAR(widenings[0].bytes_share, 0.02, 1e-12);
  EXPECT_EQ(widenings[0].sentence,
            "down of layer 0 in int8-g32 would take away about 50 % of the KL for 2.0 % more bytes");
  EXPECT_THAT(widenings[1].names, testing::ElementsAre("down0", "down1"));
  EXPECT_NE(widenings[1].sentence.find("down of layers 0-1"), std::string::npos);
}

TEST(FindWidenings, NothingIsSuggestedWhereNothingIsWiderOrTooDear) {
  Attribution attribution = sample();
  summarize_sites(attribution);
  EXPECT_TRUE(find_widenings(attribution, wider(attribution, 100000)).empty());
  EXPECT_TRUE(find_widenings(attribution, std::vector<WiderSite>(attribution.sites.size())).empty());
}

}  // namespace
}  // namespace kerf::api
