#include "text/masking.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;
constexpr std::int64_t kMask = 3;

/// Ids 100, 101, ... between 1 and 2.
TokenStream stream_of(std::int64_t count) {
  TokenStream stream;
  stream.ids.resize(static_cast<std::size_t>(count));
  std::iota(stream.ids.begin(), stream.ids.end(), 100);
  stream.special.before = {1};
  stream.special.after = {2};
  stream.special.ids = {0, 1, 2};
  stream.special.set_mask(kMask);
  stream.source = "text.txt";
  return stream;
}

Windows cut(const TokenStream& stream, std::string_view protocol, std::int64_t context) {
  return find_protocol(protocol).cut(stream, context, 1 << 20);
}

TEST(Masking, OneRunHidesEverySeventhTokenBeginningWithTheNextInEachWindow) {
  const Windows windows = cut(stream_of(160), "masked-lm", 18);  // 16 of text, 10 windows
  ASSERT_EQ(windows.windows.size(), 10u);
  EXPECT_EQ(windows.windows[0].places, (std::vector<Place>{{1, 100}, {8, 107}, {15, 114}}));
  EXPECT_EQ(windows.windows[1].places, (std::vector<Place>{{2, 117}, {9, 124}, {16, 131}}));
  EXPECT_EQ(windows.windows[2].places, (std::vector<Place>{{3, 134}, {10, 141}}));
  EXPECT_EQ(windows.windows[7].places.front(), (Place{1, 212}));
  EXPECT_EQ(windows.windows[2].ids,
            (Ids{1, 132, 133, kMask, 135, 136, 137, 138, 139, 140, kMask, 142, 143, 144, 145, 146, 147, 2}));
  // Seven windows have 16 hidden, of three more 3, 3 and 2.
  EXPECT_EQ(windows.tokens_scored, 16 + 8);
  EXPECT_DOUBLE_EQ(windows.masked_share, 24.0 / 160);
}

TEST(Masking, AllRunsTogetherHideEveryTokenOnce) {
  for (const std::string_view protocol : {"masked-lm-all", "pll"}) {
    const Windows windows = cut(stream_of(33), protocol, 18);
    EXPECT_EQ(windows.windows.size(), protocol == "pll" ? 32u : 14u);
    EXPECT_EQ(windows.windows_cut, 2);
    EXPECT_EQ(windows.tokens_scored, 32);
    EXPECT_EQ(windows.tokens_dropped, 1);
    EXPECT_DOUBLE_EQ(windows.masked_share, protocol == "pll" ? 1.0 / 16 : 1.0 / 7);
    Ids targets;
    for (const Window& window : windows.windows) {
      for (const Place& place : window.places) targets.push_back(place.target);
    }
    std::sort(targets.begin(), targets.end());
    Ids expected(32);
    std::iota(expected.begin(), expected.end(), 100);
    EXPECT_EQ(targets, expected);
  }
}

TEST(Masking, SpecialTokensInTheTextAreNotHidden) {
  TokenStream stream = stream_of(8);
  stream.ids[1] = kMask;
  stream.ids[4] = 0;
  const Windows windows = cut(stream, "pll", 10);
  EXPECT_EQ(windows.tokens_scored, 6);
  for (const Window& window : windows.windows) {
    EXPECT_EQ(window.ids[2], kMask);
    EXPECT_EQ(window.ids[5], 0);
  }
  stream.ids.assign(8, 2);
  EXPECT_TRUE(cut(stream, "masked-lm", 10).windows.empty());
}

TEST(Masking, ShortWindowsHideOneOfWhatTheyHave) {
  const Windows windows = cut(stream_of(12), "masked-lm", 5);  // 3 of text: the first, the second, the third, the first
  ASSERT_EQ(windows.windows.size(), 4u);
  for (std::size_t w = 0; w < 4; ++w) {
    ASSERT_EQ(windows.windows[w].places.size(), 1u);
    EXPECT_EQ(windows.windows[w].places[0].position, static_cast<std::int64_t>(1 + w % 3));
  }
  EXPECT_EQ(cut(stream_of(12), "masked-lm-all", 5).windows.size(), 12u);
}

TEST(Masking, SpansAreReplacedBySentinelsAndWrittenByTheDecoder) {
  TokenStream stream = stream_of(50);
  stream.special.before.clear();
  stream.special.sentinels = {90, 91};
  const Windows windows = cut(stream, "span-corruption", 26);  // 25 of text
  ASSERT_EQ(windows.windows.size(), 2u);
  const Window& first = windows.windows[0];
  Ids source = {90};
  for (std::int64_t id = 103; id < 121; ++id) source.push_back(id);
  for (const std::int64_t id : {91, 124, 2}) source.push_back(id);
  EXPECT_EQ(first.ids, source);
  EXPECT_EQ(first.decoder_ids, (Ids{90, 100, 101, 102, 91, 121, 122, 123}));
  EXPECT_EQ(first.places, (std::vector<Place>{{1, 100}, {2, 101}, {3, 102}, {5, 121}, {6, 122}, {7, 123}}));
  // The next window's spans begin three further on; the second is cut by the window's end.
  EXPECT_EQ(windows.windows[1].decoder_ids, (Ids{90, 128, 129, 130, 91, 149}));
  EXPECT_EQ(windows.tokens_scored, 6 + 4);
  EXPECT_DOUBLE_EQ(windows.masked_share, 10.0 / 50);
}

TEST(Masking, AWindowLongerThanTheSentinelsLastIsRefused) {
  TokenStream stream = stream_of(100);
  stream.special.sentinels = {90, 91};
  EXPECT_NO_THROW(cut(stream, "span-corruption", 44));
  test::expect_error(ErrorCode::kUsage,
                     "a window of 45 tokens has 3 spans, the tokenizer 2 sentinels; --context 44 is the most",
                     [&] { cut(stream, "span-corruption", 45); });
}

TEST(Masking, HalvesAreReadAndWritten) {
  const Windows windows = cut(stream_of(15), "prefix-lm", 9);  // 7 of text
  ASSERT_EQ(windows.windows.size(), 2u);
  EXPECT_EQ(windows.windows[1].ids, (Ids{1, 107, 108, 109, 2}));
  EXPECT_EQ(windows.windows[1].decoder_ids, (Ids{110, 111, 112, 113}));
  EXPECT_EQ(windows.windows[1].places, (std::vector<Place>{{0, 110}, {1, 111}, {2, 112}, {3, 113}}));
  EXPECT_EQ(windows.masked_share, 0);
}

TEST(Masking, LinesAreCutToTheContext) {
  TokenStream stream = stream_of(20);
  stream.line_ends = {4, 4, 14, 20};
  stream.line_classes = {2, 0, 1, 0};
  const Windows windows = cut(stream, "lines", 8);
  ASSERT_EQ(windows.windows.size(), 3u);
  EXPECT_EQ(windows.windows[0].ids, (Ids{1, 100, 101, 102, 103, 2}));
  EXPECT_EQ(windows.windows[1].ids, (Ids{1, 104, 105, 106, 107, 108, 109, 2}));
  EXPECT_EQ(windows.windows[0].places, (std::vector<Place>{{0, 2}}));
  EXPECT_EQ(windows.windows[1].places, (std::vector<Place>{{0, 1}})) << "the empty line had the class 0";
  EXPECT_EQ(windows.tokens_total, 20);
  EXPECT_EQ(windows.tokens_dropped, 4);
  EXPECT_EQ(windows.tokens_scored, 3);
  stream.line_classes.clear();
  EXPECT_EQ(find_protocol("lines").cut(stream, 8, 1).windows_total, 3);
  EXPECT_EQ(find_protocol("lines").cut(stream, 8, 1).windows.at(0).places[0].target, -1);
}

}  // namespace
}  // namespace kerf::text
