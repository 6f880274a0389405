#include "text/vocabulary.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

Vocabulary vocabulary_of(std::string_view text) { return Vocabulary::from_json(test::cursor(text)); }

TEST(Vocabulary, BothWaysAndWithGaps) {
  const Vocabulary vocabulary = vocabulary_of(R"({"a": 5, "": 0, "long token with spaces": 2})");
  EXPECT_EQ(vocabulary.size(), 3u);
  EXPECT_EQ(vocabulary.id_bound(), 6);
  EXPECT_EQ(vocabulary.id_of("a"), 5);
  EXPECT_EQ(vocabulary.id_of(""), 0);
  EXPECT_EQ(vocabulary.id_of("long token with spaces"), 2);
  EXPECT_EQ(vocabulary.id_of("b"), std::nullopt);
  EXPECT_EQ(vocabulary.token(2), "long token with spaces");
  for (const std::int64_t none : {-1, 1, 6, 1 << 30}) EXPECT_EQ(vocabulary.token(none), std::nullopt);
}

TEST(Vocabulary, OfAListTheLastOfEqualTokensCounts) {
  const Vocabulary vocabulary = Vocabulary::from_list({"a", "b", "a"}, test::cursor("[]"));
  EXPECT_EQ(vocabulary.size(), 3u);
  EXPECT_EQ(vocabulary.id_of("a"), 2);
  EXPECT_EQ(vocabulary.id_of("b"), 1);
  EXPECT_EQ(vocabulary.token(0), "a");
  EXPECT_EQ(vocabulary.token(2), "a");
  const std::vector<std::string_view> too_many(std::size_t{1} << 22, "a");
  test::expect_error(ErrorCode::kInput, "found 4194304 tokens, expected at most 4194303",
                     [&] { Vocabulary::from_list(too_many, test::cursor("[]")); });
}

TEST(Vocabulary, OneTokenIsEnough) { EXPECT_EQ(vocabulary_of(R"({"a": 0})").id_of("a"), 0); }

TEST(Vocabulary, HostileIds) {
  test::expect_error(ErrorCode::kInput, "found no token", [] { vocabulary_of("{}"); });
  test::expect_error(ErrorCode::kInput, "the id of token 'a' is -1, expected one from 0 to 4194303",
                     [] { vocabulary_of(R"({"a": -1})"); });
  test::expect_error(ErrorCode::kInput, "the id of token 'a' is 4194304,", [] { vocabulary_of(R"({"a": 4194304})"); });
  test::expect_error(ErrorCode::kInput, "is 18446744073709551615,",
                     [] { vocabulary_of(R"({"a": 18446744073709551615})"); });
  test::expect_error(ErrorCode::kInput, "is a number, expected an integer", [] { vocabulary_of(R"({"a": 1.0})"); });
  test::expect_error(ErrorCode::kInput, "tokens 'a' and 'b' both have id 3",
                     [] { vocabulary_of(R"({"a": 3, "b": 3})"); });
  test::expect_error(ErrorCode::kInput, "found an array, expected an object", [] { vocabulary_of(R"(["a"])"); });
}

TEST(Vocabulary, AMillionTokens) {
  Json::Object entries;
  constexpr std::int64_t kCount = 1000000;
  for (std::int64_t i = 0; i < kCount; ++i) entries.set("t" + std::to_string(i), i);
  const Json json(std::move(entries));
  const auto begin = std::chrono::steady_clock::now();
  const Vocabulary vocabulary = Vocabulary::from_json(JsonCursor(json, "test.json"));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(vocabulary.id_of("t999999"), 999999);
  // Measured: 0.1 s; a quadratic step would take hours. The bound leaves room for sanitizers and busy machines.
  EXPECT_LT(seconds.count(), 10);
}

}  // namespace
}  // namespace kerf::text
