#include "text/component.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"
#include "text/decoder.h"
#include "text/model.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"

namespace kerf::text {
namespace {

template <typename Info>
void expect_described(const std::vector<const Info*>& all) {
  std::set<std::string_view> types;
  for (const auto* info : all) {
    EXPECT_FALSE(info->type.empty());
    EXPECT_FALSE(info->summary.empty());
    EXPECT_TRUE(types.insert(info->type).second) << info->type;
  }
  EXPECT_FALSE(types.empty());
}

TEST(Component, EveryTypeDescribesItself) {
  expect_described(normalizers());
  expect_described(pre_tokenizers());
  expect_described(models());
  expect_described(post_processors());
  expect_described(decoders());
}

template <typename Info>
void expect_options_refused(const std::vector<const Info*>& all) {
  for (const auto* info : all) {
    // Whatever else is missing or wrong, a type never passes over an option that it does not know.
    EXPECT_THROW(info->make(test::cursor(R"({"type": ")" + std::string(info->type) + R"(", "surprise": 1})")), Error)
        << info->type;
  }
}

TEST(Component, EveryTypeRefusesUnknownOptions) {
  expect_options_refused(normalizers());
  expect_options_refused(pre_tokenizers());
  expect_options_refused(models());
  expect_options_refused(post_processors());
  expect_options_refused(decoders());
}

TEST(Component, UnknownTypesAreNamed) {
  test::expect_error(ErrorCode::kInput, "test.json: type: no normalizer 'NFX'; did you mean NFC?",
                     [] { make_normalizer(test::cursor(R"({"type": "NFX"})")); });
  test::expect_error(ErrorCode::kInput, "no pre-tokenizer 'Metaspaces'",
                     [] { make_pre_tokenizer(test::cursor(R"({"type": "Metaspaces"})")); });
  test::expect_error(ErrorCode::kInput, "no tokenizer model 'Morfessor'",
                     [] { make_model(test::cursor(R"({"type": "Morfessor"})")); });
  test::expect_error(ErrorCode::kInput, "no post-processor 'X'",
                     [] { make_post_processor(test::cursor(R"({"type": "X"})")); });
  test::expect_error(ErrorCode::kInput, "no decoder 'X'", [] { make_decoder(test::cursor(R"({"type": "X"})")); });
  test::expect_error(ErrorCode::kInput, "key 'type' is missing", [] { make_decoder(test::cursor("{}")); });
  test::expect_error(ErrorCode::kInput, "found an integer, expected an object",
                     [] { make_decoder(test::cursor("3")); });
}

TEST(Component, ExpectKeysNamesTheNearest) {
  test::expect_error(ErrorCode::kInput, "no option 'add_prefix_spaces'; did you mean add_prefix_space?",
                     [] { expect_keys(test::cursor(R"({"add_prefix_spaces": 1})"), {"add_prefix_space"}); });
}

}  // namespace
}  // namespace kerf::text
