#include "models/rope.h"

#include <cmath>

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
