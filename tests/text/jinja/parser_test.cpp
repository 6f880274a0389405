#include "text/jinja/parser.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"
#include "text/jinja/expression_parser.h"
#include "text/jinja/lexer.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(Parser, BindsAsJinjaDoes) {
  EXPECT_EQ(
      render("{{ 2 * 3 ~ \"x\" }} {{ -2 ** 2 }} {{ \"a\" + \"b\" | upper }} {{ not true == false }} {{ 1 < 2 < 3 }}"),
      "6x 4 aB True True");
  EXPECT_EQ(parse_template("a{% if x %}b{% elif y %}c{% endif %}", "t").size(), 2u);
}

TEST(Lexer, TakesAwayWhiteSpaceAroundTags) {
  const auto tokens = cut_template("a\n  {% if x %}\nb {#- c -#}\n d", "t");
  EXPECT_EQ(tokens.front().text, "a\n");  // then {%, if, x, %}
  ASSERT_EQ(tokens.size(), 8u);
  EXPECT_EQ(tokens[5].text, "b");
  EXPECT_EQ(tokens[6].text, "d");
  EXPECT_EQ(tokens.back().kind, TokenKind::kEnd);
  expect_error(ErrorCode::kInput, "t: line 2: found a string that does not end",
               [] { cut_template("\n{{ \"x }}", "t"); });
}

}  // namespace
}  // namespace kerf::text::jinja
