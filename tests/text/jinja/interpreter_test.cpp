#include "text/jinja/interpreter.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"
#include "text/jinja/loop.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(Interpreter, ScopesAreThoseOfJinja) {
  EXPECT_EQ(render("{% set x = 0 %}{% for i in [1, 2] %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}"), "01020");
  EXPECT_EQ(
      render("{% if true %}{% set y = 1 %}{% endif %}{{ y }}{% with z = 2 %}{{ z }}{% endwith %}{{ z is defined }}"),
      "12False");
  EXPECT_EQ(render("{% macro m(a, b=a) %}{{ a }}{{ b }}{{ late }}{% endmacro %}{% set late = 3 %}{{ m(1) }}"), "113");
}

TEST(Interpreter, LoopsKnowWhereTheyAre) {
  const List items{1, 2};
  Context context("t.jinja", {});
  const auto loop = make_loop(context, items, 0, nullptr);
  loop->move_to(1);
  EXPECT_EQ(loop->attribute("index")->integer(), 2);
  EXPECT_TRUE(loop->attribute("last")->truth());
  EXPECT_EQ(loop->attribute("previtem")->integer(), 1);
  EXPECT_FALSE(loop->attribute("width").has_value());
  expect_error(ErrorCode::kInput, "calls a loop that is not recursive",
               [&] { loop->call(context, {.positional = {1}}); });
}

TEST(Interpreter, BreaksAreNoErrors) {
  EXPECT_EQ(render("{% for i in [1, 2, 3, 4] %}{% if i == 2 %}{% continue %}{% elif i == 4 %}{% break %}{% endif %}{{ "
                   "i }}{% endfor %}"),
            "13");
}

}  // namespace
}  // namespace kerf::text::jinja
