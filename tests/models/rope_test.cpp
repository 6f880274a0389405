#include "models/rope.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::models {
namespace {

Rope read(const std::string& text, std::int64_t head_dim = 8) {
  const Json config = Json::parse(text, "config.json");
  return read_rope(JsonCursor(config, "config.json"), head_dim);
}

void expect_refused(const std::string& text, const std::string& message, std::int64_t head_dim = 8) {
  test::expect_error(ErrorCode::kInput, message, [&] { read(text, head_dim); });
}

TEST(Rope, EverySpellingOfTheDefault) {
  for (const char* text : {R"({})", R"({"rope_theta": 10000.0})", R"({"rope_theta": 10000, "rope_scaling": null})",
                           R"({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}})",
                           R"({"rope_parameters": {"rope_theta": 10000.0}, "rope_theta": 5})"}) {
    const Rope rope = read(text);
    EXPECT_EQ(rope.type, "default") << text;
    EXPECT_EQ(rope.theta, 10000) << text;
    EXPECT_EQ(rope.rotary_dim(), 8) << text;
    EXPECT_EQ(rope.attention_factor, 1.0F);
    // 10000^(-i/4)
    EXPECT_EQ(rope.inverse_frequencies[0], 1.0F) << text;
    EXPECT_FLOAT_EQ(rope.inverse_frequencies[1], 0.1F) << text;
    EXPECT_FLOAT_EQ(rope.inverse_frequencies[3], 0.001F) << text;
  }
}

TEST(Rope, LinearDividesBothSpellings) {
  const auto plain = read("{}").inverse_frequencies;
  for (const char* text : {R"({"rope_scaling": {"type": "linear", "factor": 4.0}})",
                           R"({"rope_scaling": {"rope_type": "linear", "factor": 4}})",
                           R"({"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}})"}) {
    const Rope rope = read(text);
    EXPECT_EQ(rope.type, "linear");
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(rope.inverse_frequencies[i], plain[i] / 4) << text;
  }
}

/// Fast pairs stay, slow ones are divided by the factor, those between lie between.
TEST(Rope, Llama3StretchesSlowPairsOnly) {
  const Rope rope = read(R"({"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
      "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})",
                         128);
  const auto plain = default_inverse_frequencies(500000, 128);
  int kept = 0, stretched = 0, between = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double turns = 8192 * static_cast<double>(plain[i]) / (2 * std::acos(-1.0));
    const float ratio = plain[i] / rope.inverse_frequencies[i];
    if (turns > 4) {
      EXPECT_EQ(ratio, 1.0F) << i;
      ++kept;
    } else if (turns < 1) {
      EXPECT_FLOAT_EQ(ratio, 8.0F) << i;
      ++stretched;
    } else {
      EXPECT_GT(ratio, 1.0F) << i;
      EXPECT_LT(ratio, 8.0F) << i;
      ++between;
    }
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(stretched, 0);
  EXPECT_GT(between, 0);
}

TEST(Rope, PartOfAHead) {
  EXPECT_EQ(read(R"({"partial_rotary_factor": 0.5})").rotary_dim(), 4);
  EXPECT_EQ(read(R"({"rope_parameters": {"partial_rotary_factor": 0.25, "rope_theta": 10000}})").rotary_dim(), 2);
}

TEST(Rope, RefusesWhatItDoesNotUnderstand) {
  expect_refused(R"({"rope_scaling": {"type": "spiral", "factor": 2}})",
                 "config.json: rope_scaling.type: no rope type 'spiral'");
  expect_refused(R"({"rope_parameters": {"rope_type": "lineer", "factor": 2}})", "did you mean linear");
  expect_refused(R"({"rope_scaling": {"type": 3}})", "rope_scaling.type: found an integer, expected a string");
  expect_refused(R"({"rope_scaling": {"type": "linear"}})", "factor");
  expect_refused(R"({"rope_scaling": {"type": "linear", "factor": 0}})",
                 "rope_scaling.factor: found 0, expected a positive");
  expect_refused(R"({"rope_scaling": "linear"})", "rope_scaling: found a string, expected an object");
  expect_refused(R"({"rope_theta": -1})", "found rope_theta -1, expected a positive number");
  expect_refused(R"({"rope_theta": "10000"})", "rope_theta: found a string, expected a number");
  expect_refused("{}", "expected an even number", 7);
  expect_refused(R"({"partial_rotary_factor": 1.5})", "found 1.5 of 8 elements");
  expect_refused(R"({"partial_rotary_factor": 0.1})", "found 0.1 of 8 elements");
  expect_refused(R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1,
                     "original_max_position_embeddings": 8}})",
                 "expected a larger second");
  expect_refused(
      R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}})",
      "original_max_position_embeddings");
}

struct YarnCase {
  const char* config;
  std::vector<double> frequencies;
  double attention_factor;
};

/// As transformers 5.17.0 computes them (modeling_rope_utils.ROPE_INIT_FUNCTIONS), heads of 16.
TEST(Rope, YarnIsThatOfTransformers) {
  const std::vector<YarnCase> cases = {
      {R"({"max_position_embeddings": 32768, "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0,
           "factor": 4.0, "original_max_position_embeddings": 8192}})",
       {1.0, 0.316227764, 0.100000001, 0.0316227786, 0.0081249997, 0.00197642366, 0.000437500014, 7.90569466e-05},
       1.138629436111989},
      {R"({"max_position_embeddings": 4096, "rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000.0,
           "factor": 8.0, "beta_fast": 16, "beta_slow": 2, "mscale": 0.7, "mscale_all_dim": 1.0,
           "original_max_position_embeddings": 512}})",
       {1.0, 0.125961453, 0.0131761581, 0.000702926656, 0.000125000006, 2.22284925e-05, 3.95284678e-06, 7.02926684e-07},
       0.9483558523503399},
      {R"({"max_position_embeddings": 4096, "rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0,
           "factor": 2.0, "attention_factor": 1.5, "truncate": false, "original_max_position_embeddings": 2048}})",
       {1.0, 0.316227764, 0.100000001, 0.026454391, 0.00670464756, 0.00159495289, 0.000500000024, 0.000158113893},
       1.5}};
  for (const YarnCase& yarn : cases) {
    const Rope rope = read(yarn.config, 16);
    EXPECT_NEAR(rope.attention_factor, yarn.attention_factor, 1e-6);
    for (std::size_t i = 0; i < yarn.frequencies.size(); ++i) {
      EXPECT_NEAR(rope.inverse_frequencies[i] / yarn.frequencies[i], 1, 2e-6) << yarn.config << i;
    }
  }
}

TEST(Rope, LongropeNeedsAFactorForEachPair) {
  const std::string head = R"({"max_position_embeddings": 64, "original_max_position_embeddings": 16, "rope_scaling":)";
  const Rope rope = read(head + R"({"type": "su", "short_factor": [1, 2, 4, 8], "long_factor": [2, 4, 8, 16]}})");
  EXPECT_EQ(rope.long_from, 16);
  EXPECT_FLOAT_EQ(rope.inverse_frequencies[1], 0.05F);
  EXPECT_FLOAT_EQ(rope.long_inverse_frequencies[1], 0.025F);
  EXPECT_NEAR(rope.attention_factor, std::sqrt(1 + std::log(4.0) / std::log(16.0)), 1e-6);
  expect_refused(head + R"({"type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1]}})",
                 "long_factor: found 3 factors, expected one for each of 4 pairs");
  expect_refused(head + R"({"type": "longrope", "short_factor": [1, 1, 0, 1], "long_factor": [1, 1, 1, 1]}})",
                 "expected a positive number");
}

/// The graph slows it down with the length of the text; the golden variant llama-dynamic shows by how much.
TEST(Rope, DynamicGrowsFromTheTrainedLength) {
  const std::string head = R"({"max_position_embeddings": 64, "rope_scaling": {"type": "dynamic")";
  const Rope rope = read(head + R"(, "factor": 2.5}})");
  EXPECT_EQ(rope.grows_from, 64);
  EXPECT_EQ(rope.growth, 2.5);
  EXPECT_EQ(rope.inverse_frequencies, read("{}").inverse_frequencies);
  expect_refused(head + "}}", "factor");
  expect_refused(head + R"(, "factor": 0.5}})", "found 0.5, expected 1 or more");
  expect_refused(head + R"(, "factor": 2}})", "expected more", 2);
}

TEST(Rope, TypesDescribeThemselves) {
  for (const RopeType* type : rope_types()) {
    EXPECT_FALSE(type->name.empty());
    EXPECT_FALSE(type->summary.empty()) << type->name;
    EXPECT_FALSE(type->source.empty()) << type->name;
    EXPECT_NE(type->apply, nullptr) << type->name;
  }
}

}  // namespace
}  // namespace kerf::models
