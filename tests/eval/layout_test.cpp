#include "eval/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::eval {
namespace {

using testing::ElementsAre;

text::Window window(std::int64_t places, std::int64_t cut = -1) {
  text::Window result;
  result.cut = cut;
  for (std::int64_t p = 0; p < places; ++p) result.places.push_back({p, 1});
  return result;
}

TEST(Layout, AWindowIsABatchWhereThereAreEnough) {
  const Layout layout = make_layout(std::vector<text::Window>(8, window(2)));
  EXPECT_EQ(layout.batches, 8U);
  EXPECT_EQ(layout.size(), 16U);
  EXPECT_EQ(layout.batch[5], 2U);
  EXPECT_EQ(layout.window[5], 2);
  EXPECT_EQ(layout.position[5], 1);
}

TEST(Layout, RunsOfOneWindowAreOne) {
  const Layout layout = make_layout(std::vector{window(1, 0), window(1, 0), window(1, 1), window(0, 1), window(1, 2)});
  EXPECT_THAT(layout.window, ElementsAre(0, 0, 1, 2));
}

TEST(Layout, FewWindowsAreCutFurther) {
  const Layout layout = make_layout(std::vector{window(64), window(64), window(40)});
  EXPECT_EQ(layout.batches, 3U + 3 + 2);  // three runs each, none shorter than 16
  EXPECT_TRUE(std::is_sorted(layout.batch.begin(), layout.batch.end()));
  EXPECT_EQ(layout.batch.back(), layout.batches - 1);
  EXPECT_EQ(make_layout(std::vector{window(10)}).batches, 1U);
  EXPECT_EQ(make_layout({}).batches, 0U);
}

}  // namespace
}  // namespace kerf::eval
