#include "text/unknown_token.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

TEST(UnknownToken, IsMissedOnlyWhereItIsNeeded) {
  const auto vocabulary = Vocabulary::from_json(test::cursor(R"({"a": 0, "<u>": 3})"));
  const auto model = test::cursor("{}");
  EXPECT_EQ(UnknownToken(model, vocabulary, "<u>").id_for("x"), 3);
  const UnknownToken absent(model, vocabulary, "<v>");
  EXPECT_EQ(absent.id(), std::nullopt);
  test::expect_error(ErrorCode::kInput,
                     "unk_token: the text has 'x', which the vocabulary does not have, nor has it the "
                     "unknown token '<v>'",
                     [&] { absent.id_for("x"); });
  test::expect_error(ErrorCode::kInput,
                     "unk_id: the text has 'x', which the vocabulary does not have, and the model names "
                     "no unknown token",
                     [&] { UnknownToken(model, "unk_id", "", std::nullopt).id_for("x"); });
}

}  // namespace
}  // namespace kerf::text
