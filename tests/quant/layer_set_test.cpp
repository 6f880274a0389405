#include "quant/layer_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::quant {
namespace {

using testing::ElementsAre;

std::vector<int> layers_of(const LayerSet& set, int layers) {
  std::vector<int> result;
  for (int layer = 0; layer < layers; ++layer) {
    if (set.contains(layer, layers)) result.push_back(layer);
  }
  return result;
}

TEST(LayerSet, NumbersAndRanges) {
  EXPECT_THAT(layers_of(LayerSet("0-2,5"), 8), ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(layers_of(LayerSet(" 1 , 3 - 4 "), 8), ElementsAre(1, 3, 4));
  EXPECT_EQ(layers_of(LayerSet(), 8).size(), 8U);
  EXPECT_TRUE(LayerSet().contains(-1, 8)) << "weights outside the layers, unless layers are named";
  EXPECT_FALSE(LayerSet("first 8").contains(-1, 8));
}

TEST(LayerSet, PartsOfTheModel) {
  EXPECT_THAT(layers_of(LayerSet("first 1/8"), 19), ElementsAre(0, 1));
  EXPECT_THAT(layers_of(LayerSet("first 1/16"), 12), ElementsAre());
  EXPECT_THAT(layers_of(LayerSet("from 7/8"), 19), ElementsAre(16, 17, 18));
  EXPECT_THAT(layers_of(LayerSet("from 1/2+1"), 6), ElementsAre(4, 5));
  EXPECT_THAT(layers_of(LayerSet("every 3 from 1/8+2"), 12), ElementsAre(3, 6, 9));
  EXPECT_THAT(layers_of(LayerSet("first 2"), 3), ElementsAre(0, 1));
}

/// llama.cpp's "more bits" for every depth: its formula, with C's division.
TEST(LayerSet, SaysWhatMixturesOfGgufSay) {
  const LayerSet set("first 1/8, from 7/8, every 3 from 1/8+2");
  for (int n = 1; n <= 130; ++n) {
    for (int i = 0; i < n; ++i) {
      EXPECT_EQ(set.contains(i, n), i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2) << i << " of " << n;
    }
  }
}

TEST(LayerSet, RefusesEverythingElse) {
  for (const char* text :
       {"", "a", "1,", "-1", "1-", "first", "first ", "from x", "every 3", "every 0 from 1", "every 3 to 4",
        "first 3/2", "first 1/0", "from 1/8-2", "first 1/8+", "firstly 3", "1 2", "9999999999"}) {
    test::expect_error(ErrorCode::kUsage, "expected numbers and ranges", [&] { LayerSet{text}; });
  }
  test::expect_error(ErrorCode::kUsage, "ends before it begins", [] { LayerSet("3-1"); });
}

}  // namespace
}  // namespace kerf::quant
