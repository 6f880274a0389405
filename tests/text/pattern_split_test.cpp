#include "text/pattern_split.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

// "the-final--countdown" cut at "-", with the results that the library's documentation of the behaviors gives.
TEST(PatternSplit, TheFiveBehaviors) {
  const std::vector<Part> parts = {{{0, 3}, false}, {{3, 4}, true},   {{4, 9}, false},
                                   {{9, 10}, true}, {{10, 11}, true}, {{11, 20}, false}};
  const auto pieces = [&](SplitBehavior behavior) {
    std::vector<Span> out;
    append_pieces(parts, behavior, out);
    return out;
  };
  using Spans = std::vector<Span>;
  EXPECT_EQ(pieces(SplitBehavior::kRemoved), (Spans{{0, 3}, {4, 9}, {11, 20}}));
  EXPECT_EQ(pieces(SplitBehavior::kIsolated), (Spans{{0, 3}, {3, 4}, {4, 9}, {9, 10}, {10, 11}, {11, 20}}));
  EXPECT_EQ(pieces(SplitBehavior::kMergedWithPrevious), (Spans{{0, 4}, {4, 10}, {10, 11}, {11, 20}}));
  EXPECT_EQ(pieces(SplitBehavior::kMergedWithNext), (Spans{{0, 3}, {3, 9}, {9, 10}, {10, 20}}));
  EXPECT_EQ(pieces(SplitBehavior::kContiguous), (Spans{{0, 3}, {3, 4}, {4, 9}, {9, 11}, {11, 20}}));
}

TEST(PatternSplit, NamesOfBehaviors) {
  EXPECT_EQ(split_behavior(test::cursor(R"("MergedWithNext")")), SplitBehavior::kMergedWithNext);
  test::expect_error(ErrorCode::kInput, "no behavior 'isolated'; did you mean Isolated?",
                     [] { split_behavior(test::cursor(R"("isolated")")); });
}

}  // namespace
}  // namespace kerf::text
