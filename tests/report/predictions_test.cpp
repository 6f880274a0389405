#include "report/predictions.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

const std::vector<Prediction> kTokens = {{"next token", 0, {{" of", 0.5}, {"\n", 0.0625}}}};
const std::vector<Prediction> kLabels = {{"label", 0, {{"positive", 0.75}, {"negative", 0.25}}}};
const std::vector<Prediction> kMasks = {{"token at mask 1", 1, {{"a", 0.5}}}, {"token at mask 2", 2, {{"b", 0.25}}}};

TEST(Predictions, AsText) {
  EXPECT_EQ(predictions_text(kTokens),
            "probability  next token\n"
            "     50.00%  ' of'\n"
            "      6.25%  '\\x0A'\n");
  EXPECT_EQ(predictions_text(kLabels),
            "probability  label\n"
            "     75.00%  'positive'\n"
            "     25.00%  'negative'\n");
  EXPECT_EQ(predictions_text(kMasks),
            "probability  token at mask 1\n"
            "     50.00%  'a'\n"
            "\n"
            "probability  token at mask 2\n"
            "     25.00%  'b'\n");
}

TEST(Predictions, AsJson) {
  const Json json = Json::parse(predictions_json(kTokens).dump(), "n.json");
  EXPECT_EQ(json.as_array().at(1).find("text")->as_string(), "\n");
  EXPECT_EQ(json.as_array().at(1).find("probability")->as_double(), 0.0625);
  EXPECT_EQ(json.as_array().at(0).find("mask"), nullptr);
  const Json labels = predictions_json(kLabels), masks = predictions_json(kMasks);
  EXPECT_EQ(labels.as_array().at(0).find("label")->as_string(), "positive");
  EXPECT_EQ(labels.as_array().at(0).find("text"), nullptr);
  EXPECT_EQ(masks.as_array().at(1).find("mask")->as_int64(), 2);
  EXPECT_EQ(masks.as_array().at(1).find("text")->as_string(), "b");
}

}  // namespace
}  // namespace kerf::report
