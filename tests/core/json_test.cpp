#include "core/json.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"

namespace kerf {
namespace {

Json parse(std::string_view text) { return Json::parse(text, "f.json"); }

void expect_refused(std::string_view text, std::string_view part) {
  SCOPED_TRACE(text);
  test::expect_error(ErrorCode::kInput, part, [&] { parse(text); });
}

TEST(Json, IntegersStayIntegers) {
  EXPECT_TRUE(parse("18446744073709551615").is_integer());
  EXPECT_EQ(parse("18446744073709551615").as_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse("-9223372036854775808").as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(parse("1.0").is_integer());
  EXPECT_FALSE(parse("1e3").is_integer());
  // One more than 64 bits hold.
  EXPECT_FALSE(parse("18446744073709551616").is_integer());
}

TEST(Json, KeepsTheOrderOfKeys) {
  EXPECT_EQ(parse(R"({"b": 1, "a": [true, null], "c": {}})").dump(), R"({"b": 1, "a": [true, null], "c": {}})");
}

TEST(Json, StringsAreUnescaped) {
  EXPECT_EQ(parse(R"("\u00e9\ud83d\ude00\n\"\u0000")").as_string(), std::string("\u00e9\U0001F600\n\"\0", 9));
}

TEST(Json, DoublesReadBackExactly) {
  for (const double value : {0.1, 1e-05, 1e300, 5e-324, -0.0, 1.0 / 3}) {
    EXPECT_EQ(parse(Json(value).dump()).as_double(), value);
  }
}

TEST(Json, NumbersThatNoDoubleHolds) {
  for (const char* tiny : {"1e-400", "-1e-400", "0.0001e-330", "123e-99999999999999999999"}) {
    EXPECT_EQ(parse(tiny).as_double(), 0.0) << tiny;
  }
  EXPECT_EQ(parse("0." + std::string(400, '0') + "1").as_double(), 0.0);
  EXPECT_EQ(parse("1" + std::string(400, '0') + "e-400").as_double(), 1.0);
  for (const char* huge : {"1e400", "-1e400", "1e99999999999999999999"}) expect_refused(huge, "is out of range");
  expect_refused("1" + std::string(400, '0'), "is out of range");
  expect_refused("1" + std::string(400, '0') + "e-1", "is out of range");
  expect_refused("0." + std::string(400, '0') + "1e999", "is out of range");
}

TEST(Json, ManyKeysAreFoundAndDuplicatesToo) {
  Json object = Json::object();
  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"key " + std::to_string(i) + "\": " + std::to_string(i) + ",";
  object = parse(text + "\"last\": 0}");
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(object.find("key " + std::to_string(i))->as_int64(), i);
  EXPECT_EQ(object.find("key 5000"), nullptr);
  EXPECT_TRUE(object.as_object().erase("key 17"));
  EXPECT_EQ(object.find("key 17"), nullptr);
  EXPECT_EQ(object.find("key 4999")->as_int64(), 4999);
  for (const int again : {0, 16, 255, 256, 4999}) {
    expect_refused(text + "\"key " + std::to_string(again) + "\": 0}",
                   "'key " + std::to_string(again) + "' appears twice");
  }
}

TEST(Json, RefusesWhatRfc8259DoesNotAllow) {
  for (const std::string_view text :
       {"",    " ",        "{",   "[1,]", "{\"a\":1,}", "{a:1}",   "[01]",     "[+1]",      "[.5]",  "[1.]",
        "NaN", "Infinity", "'a'", "nul",  "[1] 2",      "// c\n1", "\"a\nb\"", "\"\\x41\"", "[1 2]", "{\"a\" 1}"}) {
    expect_refused(text, "f.json");
  }
}

TEST(Json, RefusesDuplicateKeysAfterUnescaping) {
  expect_refused(R"({"a": 1, "\u0061": 2})", "'a' appears twice");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\": 0, ";
  expect_refused(many + "\"k57\": 1}", "'k57' appears twice");
}

TEST(Json, RefusesBadText) {
  expect_refused("\"\xff\"", "UTF-8");
  expect_refused("\"\xed\xa0\x80\"", "UTF-8");
  for (const char* surrogates : {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\ud800x")", R"("\ud8")"}) {
    expect_refused(surrogates, "not valid JSON");
  }
  expect_refused(std::string_view("{}\0", 3), "NUL");
  expect_refused(std::string_view("[1]\0[", 5), "NUL");
}

TEST(Json, DepthIsLimited) {
  EXPECT_NO_THROW(parse(std::string(64, '[') + std::string(64, ']')));
  expect_refused(std::string(65, '[') + std::string(65, ']'), "deeper than 64");
  expect_refused(std::string(1000000, '['), "deeper than 64");
}

TEST(Json, ErrorsNameLineAndColumn) { expect_refused("{\n  \"a\": 1,\n  \"b\": x\n}", "line 3, column 8"); }

TEST(JsonCursor, ErrorsNameFileAndKey) {
  const Json json = parse(R"({"a": {"b": ["x"]}, "big": 9223372036854775808, "null": null})");
  const JsonCursor cursor(json, "config.json");
  const auto refused = [](std::string_view part, auto action) { test::expect_error(ErrorCode::kInput, part, action); };
  refused("config.json: a.b[0]", [&] { cursor.at("a").at("b").at(0).as_int64(); });
  refused("config.json: key 'missing' is missing", [&] { cursor.at("missing"); });
  refused("config.json: key 'null' is missing", [&] { cursor.at("null"); });
  refused("config.json: big", [&] { cursor.at("big").as_int64(); });
  refused("config.json: a.b", [&] { cursor.at("a").at("b").as_string(); });
}

TEST(JsonCursor, IntegersUpToTheirLimits) {
  const Json json = parse("[9223372036854775807, -9223372036854775808, 18446744073709551615, -1, 1.5]");
  const JsonCursor cursor(json, "f");
  EXPECT_EQ(cursor.at(0).as_int64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(cursor.at(1).as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(cursor.at(2).as_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_THROW(cursor.at(3).as_uint64(), Error);
  EXPECT_THROW(cursor.at(4).as_int64(), Error);
  EXPECT_THROW(cursor.at(0).as_int64_in(0, 100), Error);
}

TEST(JsonCursor, AbsentAndNullAreTheSame) {
  const Json json = parse(R"({"n": null, "x": 3})");
  const JsonCursor cursor(json, "f");
  EXPECT_EQ(cursor.int64_or("n", 7), 7);
  EXPECT_EQ(cursor.int64_or("absent", 7), 7);
  EXPECT_EQ(cursor.int64_or("x", 7), 3);
  EXPECT_FALSE(cursor.has("n"));
  EXPECT_FALSE(cursor.get("n").has_value());
}

}  // namespace
}  // namespace kerf
