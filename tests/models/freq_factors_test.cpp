#include <gtest/gtest.h>

#include "models/rope.h"
#include "tests/support/expect_error.h"

namespace kerf::models {
namespace {

Rope rope_of(const std::string& parameters) {
  return read_rope(JsonCursor(Json::parse("{\"rope_parameters\": " + parameters + "}", ""), "config.json"), 16);
}

TEST(FreqFactorsRope, DividesEachFrequencyByItsFactor) {
  const Rope plain = rope_of(R"({"rope_type": "default", "rope_theta": 500000.0})");
  const Rope rope =
      rope_of(R"({"rope_type": "freq_factors", "rope_theta": 500000.0, "factors": [1, 2, 3.5, 4, 8, 8, 8, 16]})");
  const float factors[] = {1, 2, 3.5F, 4, 8, 8, 8, 16};
  EXPECT_EQ(rope.rotary_dim(), 16);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(rope.inverse_frequencies[i], plain.inverse_frequencies[i] / factors[i]) << i;
  }
}

TEST(FreqFactorsRope, RefusesOtherNumbersOfFactorsAndOtherSigns) {
  test::expect_error(ErrorCode::kInput, "rope_parameters.factors: found 2 factors, expected one for each of 8 pairs",
                     [] { rope_of(R"({"rope_type": "freq_factors", "factors": [1, 2]})"); });
  test::expect_error(ErrorCode::kInput, "found 0, expected a positive number",
                     [] { rope_of(R"({"rope_type": "freq_factors", "factors": [1, 1, 1, 1, 1, 1, 1, 0]})"); });
  test::expect_error(ErrorCode::kInput, "factors", [] { rope_of(R"({"rope_type": "freq_factors"})"); });
}

}  // namespace
}  // namespace kerf::models
