#include "cli/arguments.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::cli {
namespace {

using test::expect_error;
using Strings = std::vector<std::string>;

class ArgumentsTest : public ::testing::Test {
 protected:
  void parse(Strings words) {
    std::reverse(words.begin(), words.end());
    app_.parse(std::move(words));
  }
  CLI::App app_;
};

TEST_F(ArgumentsTest, AbsentOptionsHaveTheFallback) {
  const CLI::Option* option = add_value(app_, "--n", "N", "a number", "5");
  parse({});
  EXPECT_EQ(value_of(option), std::nullopt);
  EXPECT_EQ(value_or(option, "x"), "x");
  EXPECT_EQ(integer_or(option, 7, 0), 7);
}

TEST_F(ArgumentsTest, ValuesAreReadWithTheirBounds) {
  const CLI::Option* option = add_value(app_, "--n,--number", "N", "a number");
  parse({"--number", "12"});
  EXPECT_EQ(integer_or(option, 7, 0), 12);
  expect_error(ErrorCode::kUsage, "--n: found '12'", [&] { integer_or(option, 7, 0, 10); });
}

TEST_F(ArgumentsTest, AValueGivenTwiceIsRefused) {
  const CLI::Option* option = add_value(app_, "--n", "N", "a number");
  parse({"--n", "1", "--n=2"});
  expect_error(ErrorCode::kUsage, "--n is given twice: '1' and '2'", [&] { value_of(option); });
}

TEST_F(ArgumentsTest, RepeatableOptionsTakeOneValueEach) {
  const CLI::Option* file = add_repeatable(app_, "--file", "FILE", "files");
  const CLI::Option* model = add_positional(app_, "MODEL", "a model", true);
  parse({"--file", "a", "m", "--file=b"});
  EXPECT_EQ(values_of(file), (Strings{"a", "b"}));
  EXPECT_EQ(value_of(model), "m");
}

TEST_F(ArgumentsTest, ListsTakeSeveralAndLeaveTheRequiredArgument) {
  const CLI::Option* list = add_list(app_, "--item", "X", "items");
  const CLI::Option* model = add_positional(app_, "MODEL", "a model", true);
  parse({"--item", "a", "b", "m"});
  EXPECT_EQ(values_of(list), (Strings{"a", "b"}));
  EXPECT_EQ(value_of(model), "m");
}

TEST_F(ArgumentsTest, FlagsTakeNoValue) {
  const CLI::Option* flag = add_flag(app_, "--force", "by force");
  const CLI::Option* other = add_flag(app_, "--other", "not given");
  parse({"--force"});
  EXPECT_TRUE(is_set(flag));
  EXPECT_FALSE(is_set(other));
  parse({"--force=no"});
  expect_error(ErrorCode::kUsage, "--force takes no value; found 'no'", [&] { is_set(flag); });
}

TEST_F(ArgumentsTest, NamesAreThoseThatPeopleType) {
  EXPECT_EQ(name_of(*add_value(app_, "-o,--output", "OUT", "")), "--output");
  EXPECT_EQ(name_of(*add_flag(app_, "-q", "")), "-q");
  EXPECT_EQ(name_of(*add_positional(app_, "MODEL", "", true)), "MODEL");
}

}  // namespace
}  // namespace kerf::cli
