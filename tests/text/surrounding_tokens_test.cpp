#include "text/surrounding_tokens.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;

TEST(SurroundingTokens, OneBeforeAndOneAfter) {
  const std::string ends = R"("cls": ["[CLS]", 101], "sep": ["[SEP]", 102])";
  for (const std::string& description :
       {R"({"type": "BertProcessing", )" + ends + "}",
        R"({"type": "RobertaProcessing", "trim_offsets": true, "add_prefix_space": false, )" + ends + "}"}) {
    const auto processor = make_post_processor(test::cursor(description));
    Ids ids = {7, 8};
    processor->process(ids, false);
    EXPECT_EQ(ids, (Ids{7, 8}));
    processor->process(ids, true);
    EXPECT_EQ(ids, (Ids{101, 7, 8, 102}));
    EXPECT_EQ(processor->leading_token(), "[CLS]");
    EXPECT_EQ(processor->special_ids(), (Ids{101, 102}));
  }
}

TEST(SurroundingTokens, Hostile) {
  const auto refuse = [](std::string_view message, const std::string& ends) {
    test::expect_error(ErrorCode::kInput, message,
                       [&] { make_post_processor(test::cursor(R"({"type": "BertProcessing", )" + ends + "}")); });
  };
  refuse("key 'cls' is missing", R"("sep": ["a", 1])");
  refuse("cls: expected a token and its id", R"("cls": ["a"], "sep": ["a", 1])");
  refuse("cls[1]: found -1", R"("cls": ["a", -1], "sep": ["a", 1])");
  refuse("sep[0]: found an integer", R"("cls": ["a", 1], "sep": [1, "a"])");
  refuse("no option 'trim_offsets'", R"("cls": ["a", 1], "sep": ["b", 1], "trim_offsets": true)");
}

}  // namespace
}  // namespace kerf::text
