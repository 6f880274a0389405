#include "text/jinja/value.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"
#include "text/jinja/builtin.h"
#include "text/jinja/context.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_json.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(Value, IsTrueAsInPython) {
  for (const Value& value : {Value(), Value(nullptr), Value(0), Value(0.0), Value("")}) EXPECT_FALSE(value.truth());
  for (const Value& value : {Value(1), Value("0"), Value(true)}) EXPECT_TRUE(value.truth());
  EXPECT_TRUE(equal(Value(1), Value(true)));
  EXPECT_TRUE(equal(Value(1), Value(1.0)));
  EXPECT_FALSE(equal(Value("1"), Value(1)));
  EXPECT_EQ(order(Value("a"), Value(1)), std::nullopt);
}

TEST(Context, CountsWhatIsUsed) {
  Context context("t.jinja", {.steps = 10, .bytes = 1000, .calls = 1});
  context.step(10);
  expect_error(ErrorCode::kInput, "t.jinja: line 1: takes more than 10 steps", [&] { context.step(); });
  expect_error(ErrorCode::kInput, "makes more than", [&] { context.use_bytes(1001); });
}

TEST(Operators, AreThoseOfPython) {
  Context context("t.jinja", {});
  EXPECT_EQ(apply_binary(context, "//", -7, 2).integer(), -4);
  EXPECT_EQ(apply_binary(context, "%", -7, 3).integer(), 2);
  EXPECT_EQ(apply_binary(context, "*", "ab", 2).text(), "abab");
  EXPECT_EQ(slice_of(context, "abcdef", nullptr, nullptr, -2).text(), "fdb");
  EXPECT_TRUE(compare(context, "in", "b", "abc"));
  EXPECT_EQ(json_text(context, Value::from_json(Json::parse(R"({"a": [1, 2.0, null]})", "j")), {}),
            R"({"a": [1, 2.0, null]})");
  const Builtin* trim = find_builtin(BuiltinKind::kFilter, "trim");
  ASSERT_NE(trim, nullptr);
  expect_error(ErrorCode::kInput, "trim() has 2 arguments, expected at most 1", [&] {
    run_builtin(context, *trim, "x", {.positional = {1, 2}});
  });
}

}  // namespace
}  // namespace kerf::text::jinja
