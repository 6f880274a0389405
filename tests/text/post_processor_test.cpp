#include "text/post_processor.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;

const std::string kTemplate = R"({"type": "TemplateProcessing",
  "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
  "pair": [],
  "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [2, 3], "tokens": ["[SEP]", "x"]}}})";

Ids processed(std::string_view description, Ids ids, bool add_special) {
  make_post_processor(test::cursor(description))->process(ids, add_special);
  return ids;
}

TEST(PostProcessor, Template) {
  EXPECT_EQ(processed(kTemplate, {7, 8}, true), (Ids{1, 7, 8, 2, 3}));
  EXPECT_EQ(processed(kTemplate, {7, 8}, false), (Ids{7, 8}));
  EXPECT_EQ(processed(kTemplate, {}, true), (Ids{1, 2, 3}));
  const auto processor = make_post_processor(test::cursor(kTemplate));
  EXPECT_EQ(processor->leading_token(), "[CLS]");
  EXPECT_EQ(processor->special_ids(), (Ids{1, 2, 3}));
}

TEST(PostProcessor, ByteLevelAddsNothing) {
  const std::string byte_level =
      R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true})";
  EXPECT_EQ(processed(byte_level, {7}, true), Ids{7});
  const std::string sequence = R"({"type": "Sequence", "processors": [)" + byte_level + "," + kTemplate + "]}";
  EXPECT_EQ(processed(sequence, {7}, true), (Ids{1, 7, 2, 3}));
  EXPECT_EQ(make_post_processor(test::cursor(sequence))->leading_token(), "[CLS]");
  EXPECT_EQ(make_post_processor(test::cursor(byte_level))->leading_token(), std::nullopt);
}

TEST(PostProcessor, TemplatesThatAreNone) {
  const auto refuse = [](std::string_view message, std::string_view single) {
    test::expect_error(ErrorCode::kInput, message, [&] {
      processed(
          R"({"type": "TemplateProcessing", "pair": [], "special_tokens": {}, "single": )" + std::string(single) + "}",
          {1}, true);
    });
  };
  refuse("found the text 0 times", "[]");
  refuse("found the text 2 times", R"([{"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}}])");
  refuse("found 'B', expected A", R"([{"Sequence": {"id": "B"}}])");
  refuse("special token '<s>' is not among special_tokens",
         R"([{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}])");
  refuse("found a string, expected an array", R"("$A")");
}

}  // namespace
}  // namespace kerf::text
