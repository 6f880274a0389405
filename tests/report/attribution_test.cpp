#include "report/attribution.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

Attribution sample() {
  Attribution attribution;
  attribution.spec = "int4-g32/rtn";
  attribution.text.windows = 8;
  attribution.text.tokens_scored = 2040;
  attribution.kl = {0.02, 0.001, 0.018, 0.022};
  attribution.sum_alone = 0.015;
  SiteAttribution& site = attribution.sites.emplace_back();
  site.name = "layers.0.down";
  site.role = "down";
  site.scheme = "int4-g32";
  site.layer = 0;
  site.bytes = 2048;
  site.alone = {0.015, 0.001, 0.013, 0.017};
  site.restored = {0.016, 0.001, 0.014, 0.018};
  attribution.roles = {{"down", 1, 2048, 0.015}};
  attribution.layers = {{"layer 0", 1, 2048, 0.015}};
  Widening& widening = attribution.widenings.emplace_back();
  widening.sentence = "down of layer 0 would help";
  return attribution;
}

TEST(AttributionText, SaysWhereTheLossIsAndWhatTheSumMisses) {
  const std::string text = to_text(sample());
  EXPECT_NE(text.find("where int4-g32/rtn loses: 8 windows, 2,040 tokens scored"), std::string::npos) << text;
  EXPECT_NE(text.find("layers.0.down"), std::string::npos);
  EXPECT_NE(text.find("alone they add up to 0.015000; together they cost 0.020000: 0.005000 more than the sum"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("suggestion: down of layer 0 would help\n"), std::string::npos);
}

TEST(AttributionJson, HasEverySite) {
  const Json json = to_json(sample());
  EXPECT_EQ(json.find("kl_mean")->as_double(), 0.02);
  const Json& site = json.find("sites")->as_array().at(0);
  EXPECT_EQ(site.find("kl_alone")->as_double(), 0.015);
  EXPECT_EQ(site.find("kl_restored_interval")->find("high")->as_double(), 0.018);
  EXPECT_FALSE(site.contains("output_error"));
  EXPECT_EQ(json.find("roles")->as_array().at(0).find("what")->as_string(), "down");
}

}  // namespace
}  // namespace kerf::report
