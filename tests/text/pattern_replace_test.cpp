#include "text/pattern_replace.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

std::string replaced(std::string_view description, std::string_view text) {
  return PatternReplace(test::cursor(description)).apply(text);
}

TEST(PatternReplace, StringsAndExpressions) {
  EXPECT_EQ(replaced(R"({"pattern": {"String": "."}, "content": "!"})", "a.b.c"), "a!b!c");
  EXPECT_EQ(replaced(R"({"pattern": {"Regex": "\\s+"}, "content": " "})", "a \n b"), "a b");
}

// As tokenizers 0.23.2: every empty match is replaced, but not in an empty text.
TEST(PatternReplace, EmptyMatches) {
  EXPECT_EQ(replaced(R"({"pattern": {"Regex": "x*"}, "content": "-"})", "axxbc"), "-a-b-c-");
  EXPECT_EQ(replaced(R"({"pattern": {"String": ""}, "content": "-"})", "ab"), "-a-b-");
  EXPECT_EQ(replaced(R"({"pattern": {"Regex": "x*"}, "content": "-"})", ""), "");
}

TEST(PatternReplace, RefusesGroupsAndUnknownKeys) {
  const std::string with_group = R"json({"pattern": {"Regex": "(a)"}, "content": "$1"})json";
  test::expect_error(ErrorCode::kInput, "content: found '$1' with a $", [&] { replaced(with_group, "a"); });
  EXPECT_EQ(replaced(R"({"pattern": {"String": "a"}, "content": "$"})", "ab"), "$b");
  test::expect_error(ErrorCode::kInput, "no option 'count'",
                     [] { replaced(R"({"pattern": {"String": "a"}, "content": "", "count": 1})", "a"); });
}

TEST(PatternReplace, RefusesToMultiplyAText) {
  const std::string description = R"({"pattern": {"String": "a"}, "content": ")" + std::string(5000, 'a') + R"("})";
  test::expect_error(ErrorCode::kInput, "expected at most 16 times as much", [&] { replaced(description, "aa"); });
}

}  // namespace
}  // namespace kerf::text
