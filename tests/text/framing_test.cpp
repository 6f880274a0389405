#include "text/framing.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;

TokenStream stream_of(Ids ids) {
  TokenStream stream;
  stream.ids = std::move(ids);
  stream.special.before = {1, 7};
  stream.special.after = {2};
  stream.source = "text.txt";
  return stream;
}

TEST(Framing, TextStandsBetweenSpecialTokens) {
  const TokenStream stream = stream_of({10, 11, 12, 13, 14, 15, 16});
  const Windows cut = plain_windows(stream, 6, 100);
  ASSERT_EQ(cut.windows.size(), 2u);
  EXPECT_EQ(cut.windows[0].ids, (Ids{1, 7, 10, 11, 12, 2}));
  EXPECT_EQ(cut.windows[1].ids, (Ids{1, 7, 13, 14, 15, 2}));
  EXPECT_EQ(cut.tokens_total, 7);
  EXPECT_EQ(cut.tokens_dropped, 1);
  EXPECT_EQ(cut.tokens_used, 12);
  EXPECT_EQ(cut.special, 3);
  EXPECT_TRUE(cut.notes.empty());
  const Windows first = plain_windows(stream, 6, 1);
  EXPECT_EQ(first.windows_cut, 1);
  EXPECT_EQ(first.windows_total, 2);
}

TEST(Framing, WhatStandsAroundGivenSequencesIsNotDoubled) {
  TokenStream stream = stream_of({1, 7, 10, 11, 2, 12, 13, 2, 14, 2, 15});
  stream.line_ends = {5, 8, 11};
  // The second sequence lacks its beginning, the third has its end in the middle.
  const Windows cut = plain_windows(stream, 10, 100);
  ASSERT_EQ(cut.windows.size(), 1u);
  EXPECT_EQ(cut.windows[0].ids, (Ids{1, 7, 10, 11, 12, 13, 14, 2, 15, 2}));
}

TEST(Framing, TheAbsenceOfSpecialTokensIsSaid) {
  TokenStream stream = stream_of({10, 11, 12, 13});
  stream.special = {};
  const Windows cut = plain_windows(stream, 2, 100);
  EXPECT_EQ(cut.windows[1].ids, (Ids{12, 13}));
  ASSERT_EQ(cut.notes.size(), 1u);
  EXPECT_EQ(cut.notes[0],
            "text.txt: no special tokens stand around it, since neither a tokenizer nor the configuration names any");
}

TEST(Framing, Refusals) {
  test::expect_error(ErrorCode::kUsage,
                     "a window of 3 tokens has 3 special ones, which leaves too little for text; "
                     "--context 4 is the least",
                     [] { plain_windows(stream_of({10}), 3, 100); });
  test::expect_error(ErrorCode::kInput, "text.txt: the text is too short: have 2 tokens, need 3 for a window of 6", [] {
    plain_windows(stream_of({10, 11}), 6, 100);
  });
}

}  // namespace
}  // namespace kerf::text
