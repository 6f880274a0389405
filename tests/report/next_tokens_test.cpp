#include "report/next_tokens.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

const NextTokens kTokens = {{" of", 0.5}, {"\n", 0.0625}};

TEST(NextTokens, AsText) {
  EXPECT_EQ(next_tokens_text(kTokens),
            "probability  next token\n"
            "     50.00%  ' of'\n"
            "      6.25%  '\\x0A'\n");
}

TEST(NextTokens, AsJson) {
  const Json json = Json::parse(next_tokens_json(kTokens).dump(), "n.json");
  EXPECT_EQ(json.as_array().at(1).find("text")->as_string(), "\n");
  EXPECT_EQ(json.as_array().at(1).find("probability")->as_double(), 0.0625);
}

}  // namespace
}  // namespace kerf::report
