#include "text/protocol.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::text {
namespace {

using description::Task;
using test::expect_error;

/// A text of a thousand ids in ten lines, with everything that a protocol may want.
TokenStream stream_of(std::optional<std::int64_t> bos) {
  TokenStream stream;
  for (std::int64_t i = 0; i < 1000; ++i) stream.ids.push_back(100 + i);
  for (std::size_t end = 100; end <= 1000; end += 100) stream.line_ends.push_back(end);
  stream.bos = bos;
  stream.special.before = {1};
  stream.special.after = {2};
  stream.special.sentinels = {90, 91, 92, 93, 94, 95, 96, 97, 98, 99};
  stream.special.ids = {1, 2};
  stream.special.set_mask(3);
  stream.source = "text.txt";
  return stream;
}

TEST(Protocol, EveryOneDescribesItselfAndCounts) {
  for (const ProtocolInfo* info : protocols()) {
    SCOPED_TRACE(std::string(info->name));
    EXPECT_EQ(&find_protocol(info->name), info);
    EXPECT_FALSE(info->summary.empty());
    EXPECT_FALSE(info->source.empty());
    EXPECT_GE(info->default_context, 2);
    const bool causal = info->task == Task::kCausalLm;
    if (info->cut == nullptr || info->by_document) continue;  // below: windows that share tokens
    for (const std::optional<std::int64_t> bos : {std::optional<std::int64_t>(), std::optional<std::int64_t>(1)}) {
      for (const std::int64_t context : {4, 5, 7, 64}) {
        const TokenStream stream = stream_of(bos);
        const Windows cut = info->cut(stream, context, 1 << 20);
        std::int64_t scored = 0, used = 0;
        for (const Window& window : cut.windows) {
          ASSERT_LE(window.ids.size(), static_cast<std::size_t>(context + 1));
          const auto rows = std::ssize(window.decoder_ids.empty() ? window.ids : window.decoder_ids);
          for (std::size_t i = 0; i < window.places.size(); ++i) {
            ASSERT_TRUE(window.places[i].position >= 0 && window.places[i].position < rows);
            if (i > 0) {
              ASSERT_LT(window.places[i - 1].position, window.places[i].position);
            }
          }
          scored += std::ssize(window.places);
          used += std::ssize(window.ids) + std::ssize(window.decoder_ids);
        }
        EXPECT_EQ(cut.tokens_scored, scored);
        EXPECT_EQ(cut.tokens_used, used);
        EXPECT_EQ(cut.windows_cut, cut.windows_total);
        EXPECT_GE(std::ssize(cut.windows), cut.windows_cut);
        if (causal) {
          EXPECT_EQ(cut.tokens_used + cut.tokens_dropped, cut.tokens_total);
        }
        EXPECT_EQ(cut.tokens_total, causal && bos ? 1001 : 1000);
        EXPECT_EQ(cut.uses_bos, causal && bos.has_value());
        EXPECT_EQ(cut.special, causal ? 0 : 2);
      }
    }
  }
}

/// A model that reads both ways must not see what it is asked for, and nothing special is asked for.
TEST(Protocol, WhatIsScoredIsHidden) {
  for (const ProtocolInfo* info : protocols()) {
    if (info->task != Task::kMaskedLm && info->task != Task::kSequenceToSequence) continue;
    SCOPED_TRACE(std::string(info->name));
    const TokenStream stream = stream_of(std::nullopt);  // no id stands there twice
    for (const Window& window : info->cut(stream, 50, 1 << 20).windows) {
      ASSERT_FALSE(window.places.empty());
      for (const Place& place : window.places) {
        EXPECT_EQ(std::count(window.ids.begin(), window.ids.end(), place.target), 0);
        EXPECT_FALSE(stream.special.contains(place.target));
        if (window.decoder_ids.empty()) {
          EXPECT_EQ(window.ids[static_cast<std::size_t>(place.position)], stream.special.mask);
        } else {
          EXPECT_EQ(window.decoder_ids[static_cast<std::size_t>(place.position)], place.target);
        }
      }
    }
  }
}

/// Windows as Hugging Face's guide cuts 10 ids at a length of 4 and a stride of 3: begin 0, 3, 6; the targets that no
/// window before had.
TEST(Strided, ScoresEachTokenOnceInTheFirstWindowThatHasIt) {
  TokenStream stream;
  for (std::int64_t i = 0; i < 10; ++i) stream.ids.push_back(100 + i);
  stream.source = "text.txt";
  const Windows cut = evaluation_windows(stream, "strided", 4, std::nullopt, 3);
  ASSERT_EQ(cut.windows.size(), 3U);
  EXPECT_EQ(cut.windows[1].ids, (std::vector<std::int64_t>{103, 104, 105, 106}));
  EXPECT_EQ(cut.windows[0].places, (std::vector<Place>{{0, 101}, {1, 102}, {2, 103}}));
  EXPECT_EQ(cut.windows[1].places, (std::vector<Place>{{0, 104}, {1, 105}, {2, 106}}));
  EXPECT_EQ(cut.windows[2].places, (std::vector<Place>{{0, 107}, {1, 108}, {2, 109}}));
  EXPECT_EQ(cut.tokens_scored, 9);
  EXPECT_EQ(cut.tokens_dropped, 0);
  EXPECT_EQ(cut.stride, 3);
}

TEST(Strided, ASmallStrideScoresTheEndsOnly) {
  TokenStream stream;
  for (std::int64_t i = 0; i < 7; ++i) stream.ids.push_back(100 + i);
  stream.bos = 1;
  stream.source = "text.txt";
  const Windows cut = evaluation_windows(stream, "strided", 6, std::nullopt, 2);
  ASSERT_EQ(cut.windows.size(), 2U);  // 8 ids with BOS: 0 to 5, 2 to 7
  EXPECT_EQ(cut.windows[0].places.size(), 5U);
  EXPECT_EQ(cut.windows[1].places, (std::vector<Place>{{3, 105}, {4, 106}}));
  EXPECT_EQ(cut.tokens_scored, 7);
  EXPECT_EQ(evaluation_windows(stream, "strided", 6, 1, 2).windows.size(), 1U);
  EXPECT_EQ(evaluation_windows(stream, "strided", 6).stride, 3);
}

TEST(Strided, RefusesStridesThatMakeNoSense) {
  const TokenStream stream = stream_of(std::nullopt);
  expect_error(ErrorCode::kUsage, "a stride of 9 passes over tokens, expected at most the context of 8",
               [&] { evaluation_windows(stream, "strided", 8, std::nullopt, 9); });
  expect_error(ErrorCode::kUsage, "the protocol llama.cpp has no stride",
               [&] { evaluation_windows(stream, "llama.cpp", 8, std::nullopt, 4); });
}

/// Documents of 7 and 2 ids behind the prefix 1, at a length of 3: what lm-evaluation-harness's
/// get_rolling_token_windows(token_list, prefix_token, 3, 1) yields of them, worked out by hand.
TEST(LmEval, RollsOverDocuments) {
  TokenStream stream;
  stream.ids = {10, 11, 12, 13, 14, 15, 16, 20, 21};
  stream.line_ends = {7, 9};
  stream.line_words = {4, 2};
  stream.line_bytes = {30, 9};
  stream.prefix = 1;
  stream.source = "docs.jsonl";
  const Windows cut = evaluation_windows(stream, "lm-eval", 3);
  ASSERT_EQ(cut.windows.size(), 4U);
  EXPECT_EQ(cut.windows[0].ids, (std::vector<std::int64_t>{1, 10, 11}));
  EXPECT_EQ(cut.windows[0].places, (std::vector<Place>{{0, 10}, {1, 11}, {2, 12}}));
  EXPECT_EQ(cut.windows[1].ids, (std::vector<std::int64_t>{12, 13, 14}));
  EXPECT_EQ(cut.windows[1].places, (std::vector<Place>{{0, 13}, {1, 14}, {2, 15}}));
  EXPECT_EQ(cut.windows[2].ids, (std::vector<std::int64_t>{13, 14, 15}));
  EXPECT_EQ(cut.windows[2].places, (std::vector<Place>{{2, 16}}));
  EXPECT_EQ(cut.windows[3].ids, (std::vector<std::int64_t>{1, 20}));
  EXPECT_EQ(cut.windows[3].places, (std::vector<Place>{{0, 20}, {1, 21}}));
  EXPECT_EQ(cut.tokens_scored, 9);
  EXPECT_EQ(cut.words, 6);
  EXPECT_EQ(cut.bytes, 39);
  EXPECT_EQ(cut.documents, 2);
  const Windows first = evaluation_windows(stream, "lm-eval", 3, 1);
  EXPECT_EQ(first.documents, 1);
  EXPECT_EQ(first.words, 4);
  EXPECT_EQ(first.windows_total, 2);
}

TEST(LmEval, NeedsDocumentsAndAPrefix) {
  expect_error(ErrorCode::kUsage, "it needs --text, not ids",
               [] { evaluation_windows(stream_of(std::nullopt), "lm-eval", 8); });
  TokenStream stream;
  stream.ids = {10};
  stream.line_ends = {1};
  stream.line_words = {1};
  stream.line_bytes = {1};
  stream.source = "docs.jsonl";
  expect_error(ErrorCode::kInput, "the tokenizer names neither", [&] { evaluation_windows(stream, "lm-eval", 8); });
}

TEST(Protocol, TheFirstForATaskIsItsDefault) {
  const SpecialTokens all = stream_of(std::nullopt).special;
  EXPECT_EQ(choose_protocol("", Task::kCausalLm, {}).name, "llama.cpp");
  EXPECT_EQ(choose_protocol("", Task::kMaskedLm, all).name, "masked-lm");
  EXPECT_EQ(choose_protocol("", Task::kSequenceToSequence, all).name, "span-corruption");
  EXPECT_EQ(choose_protocol("", Task::kClassification, {}).name, "lines");
  EXPECT_EQ(choose_protocol("gptq", Task::kCausalLm, {}).name, "gptq");
}

TEST(Protocol, WhatTheTokensDoNotAllowIsPassedOverOrNamed) {
  EXPECT_EQ(choose_protocol("", Task::kSequenceToSequence, {}).name, "prefix-lm");
  expect_error(ErrorCode::kUsage, "the protocol span-corruption needs sentinel tokens (<extra_id_0> and so on)",
               [] { choose_protocol("span-corruption", Task::kSequenceToSequence, {}); });
  expect_error(ErrorCode::kUsage,
               "the protocol masked-lm needs the id of the mask token, which neither a tokenizer nor",
               [] { choose_protocol("", Task::kMaskedLm, {}); });
}

TEST(Protocol, OneForOtherModelsIsRefusedWithThoseThatFit) {
  expect_error(ErrorCode::kUsage,
               "the protocol llama.cpp is for a causal language model; for this masked language model there are "
               "masked-lm, masked-lm-all, pll",
               [] { choose_protocol("llama.cpp", Task::kMaskedLm, {}); });
  expect_error(ErrorCode::kUsage, "the protocol pll is for a masked language model; for this classifier there is lines",
               [] { choose_protocol("pll", Task::kClassification, {}); });
  expect_error(ErrorCode::kUsage, "for this base model without a head there are none",
               [] { choose_protocol("gptq", Task::kFeatures, {}); });
  expect_error(ErrorCode::kUsage, "no protocol 'masked'; known: llama.cpp, gptq, strided, lm-eval, masked-lm",
               [] { choose_protocol("masked", Task::kMaskedLm, {}); });
}

}  // namespace
}  // namespace kerf::text
