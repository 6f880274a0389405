#include "text/merge_table.h"

#include <map>
#include <utility>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::text {
namespace {

TEST(MergeTable, EqualsAMap) {
  Random random(1);
  MergeTable table(2000);
  std::map<std::pair<std::int32_t, std::int32_t>, std::uint32_t> map;
  for (std::uint32_t rank = 0; rank < 2000; ++rank) {
    const auto left = static_cast<std::int32_t>(random.below(60)), right = static_cast<std::int32_t>(random.below(60));
    table.set(left, right, {rank, left + right});
    map[{left, right}] = rank;  // the last one counts
  }
  for (std::int32_t left = 0; left < 61; ++left) {
    for (std::int32_t right = 0; right < 61; ++right) {
      const auto found = map.find({left, right});
      const auto merge = table.find(left, right);
      ASSERT_EQ(merge.id, found == map.end() ? -1 : left + right);
      if (found != map.end()) {
        ASSERT_EQ(merge.rank, found->second);
      }
    }
  }
}

TEST(MergeTable, AnEmptyTableMergesNothing) { EXPECT_EQ(MergeTable().find(1, 2).id, -1); }

}  // namespace
}  // namespace kerf::text
