#include "text/pair_merger.h"

#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kerf::text {
namespace {

using Symbols = std::vector<std::int32_t>;

/// The definition, word for word: the lowest rank, of several the leftmost, until none is left.
Symbols merge_by_definition(const MergeTable& merges, Symbols symbols) {
  for (;;) {
    std::size_t best = symbols.size();
    MergeTable::Merge lowest;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto merge = merges.find(symbols[i], symbols[i + 1]);
      if (merge.id >= 0 && (best == symbols.size() || merge.rank < lowest.rank)) {
        best = i;
        lowest = merge;
      }
    }
    if (best == symbols.size()) return symbols;
    symbols[best] = lowest.id;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

/// Merges over an alphabet of three. A symbol is the number that its string is in base 4, so that equal strings are one
/// symbol, however they were merged.
MergeTable random_merges(Random& random) {
  constexpr std::uint32_t kMerges = 60;
  MergeTable merges(kMerges);
  Symbols known = {1, 2, 3};
  for (std::uint32_t rank = 0; rank < kMerges; ++rank) {
    const std::int32_t left = known[random.below(known.size())], right = known[random.below(known.size())];
    std::int64_t joined = left;
    for (std::int32_t rest = right; rest > 0; rest /= 4) joined *= 4;
    joined += right;
    if (joined >= 1 << 24) continue;
    merges.set(left, right, {rank, static_cast<std::int32_t>(joined)});
    known.push_back(static_cast<std::int32_t>(joined));
  }
  return merges;
}

TEST(PairMerger, ShortAndLongWordsFollowTheDefinition) {
  Random random(11);
  PairMerger merger;
  std::size_t merged = 0;
  for (int round = 0; round < 3000; ++round) {
    const MergeTable merges = random_merges(random);
    Symbols symbols(random.below(150));
    for (auto& symbol : symbols) symbol = static_cast<std::int32_t>(1 + random.below(3));
    const std::size_t before = symbols.size();
    const Symbols expected = merge_by_definition(merges, symbols);
    merger.merge(merges, symbols);
    ASSERT_EQ(symbols, expected);
    merged += before - symbols.size();
  }
  EXPECT_GT(merged, 50000u);  // a third of the 224,000 symbols is merged; none would mean idle rounds
}

TEST(PairMerger, LeftmostOfEqualPairs) {
  MergeTable merges(1);
  merges.set(1, 1, {0, 2});
  for (const std::size_t length : {3u, 101u}) {
    Symbols symbols(length, 1);
    PairMerger().merge(merges, symbols);
    Symbols expected(length / 2, 2);
    expected.push_back(1);
    EXPECT_EQ(symbols, expected);
  }
}

TEST(PairMerger, AMillionSymbolsInOneWord) {
  MergeTable merges(20);
  for (std::int32_t i = 0; i < 20; ++i) merges.set(1 << i, 1 << i, {static_cast<std::uint32_t>(i), 1 << (i + 1)});
  Symbols symbols(1 << 20, 1);
  PairMerger().merge(merges, symbols);
  EXPECT_EQ(symbols, Symbols{1 << 20});
}

}  // namespace
}  // namespace kerf::text
