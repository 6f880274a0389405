#include "text/windows.h"

#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/helpers.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

using description::Task;
using Ids = std::vector<std::int64_t>;

TokenStream stream_of(std::int64_t count, std::optional<std::int64_t> bos = std::nullopt) {
  TokenStream stream;
  stream.ids.resize(static_cast<std::size_t>(count));
  std::iota(stream.ids.begin(), stream.ids.end(), 100);
  stream.bos = bos;
  stream.source = "text.txt";
  return stream;
}

TEST(Windows, LlamaCppScoresTheSecondHalf) {
  const Windows cut = evaluation_windows(stream_of(1100), "llama.cpp", 512);
  ASSERT_EQ(cut.windows.size(), 2u);
  EXPECT_EQ(cut.windows[0].places.front(), (Place{256, 357}));
  EXPECT_EQ(cut.windows[0].places.back(), (Place{510, 611}));
  EXPECT_EQ(cut.windows[0].ids.front(), 100);
  EXPECT_EQ(cut.windows[1].ids.front(), 612);
  EXPECT_EQ(cut.windows[1].ids.back(), 1123);
  EXPECT_EQ(cut.tokens_total, 1100);
  EXPECT_EQ(cut.tokens_used, 1024);
  EXPECT_EQ(cut.tokens_dropped, 76);
  EXPECT_EQ(cut.tokens_scored, 2 * 255);  // 255 predictions of each 512, as in llama.cpp's perplexity
  EXPECT_EQ(cut.windows_total, 2);
  EXPECT_FALSE(cut.uses_bos);
}

TEST(Windows, LlamaCppPutsBosFirstInEveryWindow) {
  const Windows cut = evaluation_windows(stream_of(7, 1), "llama.cpp", 4);
  ASSERT_EQ(cut.windows.size(), 2u);
  EXPECT_EQ(cut.windows[0].ids, (Ids{1, 100, 101, 102}));
  EXPECT_EQ(cut.windows[1].ids, (Ids{1, 104, 105, 106}));  // in place of 103
  EXPECT_EQ(cut.tokens_total, 8);
  EXPECT_EQ(cut.tokens_scored, 2);
  EXPECT_TRUE(cut.uses_bos);
}

TEST(Windows, GptqScoresEverythingButTheFirst) {
  const Windows cut = evaluation_windows(stream_of(8, 1), "gptq", 4);
  ASSERT_EQ(cut.windows.size(), 2u);
  EXPECT_EQ(cut.windows[0].ids, (Ids{1, 100, 101, 102}));
  EXPECT_EQ(cut.windows[1].ids, (Ids{103, 104, 105, 106}));
  EXPECT_EQ(cut.windows[1].places, (std::vector<Place>{{0, 104}, {1, 105}, {2, 106}}));
  EXPECT_EQ(cut.tokens_scored, 6);
  EXPECT_EQ(cut.tokens_dropped, 1);
}

TEST(Windows, ALimitTakesTheFirst) {
  const Windows cut = evaluation_windows(stream_of(100), "gptq", 10, 3);
  EXPECT_EQ(cut.windows.size(), 3u);
  EXPECT_EQ(cut.windows_total, 10);
  EXPECT_EQ(cut.tokens_used, 30);
  EXPECT_EQ(cut.tokens_scored, 27);
}

TEST(Windows, OddContexts) {
  EXPECT_EQ(evaluation_windows(stream_of(5), "llama.cpp", 5).tokens_scored, 2);  // predictions at 2 and 3
  EXPECT_EQ(evaluation_windows(stream_of(3), "llama.cpp", 3).tokens_scored, 1);
  EXPECT_EQ(evaluation_windows(stream_of(2), "gptq", 2).tokens_scored, 1);
}

TEST(Windows, AContextInWhichNothingIsScoredIsRefused) {
  test::expect_error(ErrorCode::kUsage, "text.txt: the protocol llama.cpp scores nothing in windows of 2 tokens",
                     [] { evaluation_windows(stream_of(9), "llama.cpp", 2); });
}

TEST(Windows, CalibrationIsCutAsTheTaskWants) {
  TokenStream stream = stream_of(40);
  stream.special.before = {1};
  stream.special.after = {2};
  stream.special.ids = {1, 2};
  // Without a mask token, and for a bare encoder, nothing is hidden.
  for (const Task task : {Task::kMaskedLm, Task::kFeatures}) {
    const Windows cut = calibration_windows(stream, task, 6, 100, 0);
    ASSERT_EQ(cut.windows.size(), 10u);
    EXPECT_EQ(cut.windows[1].ids, (Ids{1, 104, 105, 106, 107, 2}));
    EXPECT_EQ(cut.tokens_used, 60);
  }
  stream.special.set_mask(3);
  const Windows masked = calibration_windows(stream, Task::kMaskedLm, 6, 100, 0);
  EXPECT_EQ(masked.windows[1].ids, (Ids{1, 104, 3, 106, 107, 2}));
  EXPECT_TRUE(masked.windows[1].places.empty());
  EXPECT_EQ(masked.tokens_scored, 0);
  const Windows halves = calibration_windows(stream, Task::kSequenceToSequence, 6, 100, 0);
  EXPECT_EQ(halves.windows[0].ids, (Ids{1, 100, 101, 2}));
  EXPECT_EQ(halves.windows[0].decoder_ids, (Ids{102, 103}));
  EXPECT_EQ(halves.tokens_used, 60);
  stream.line_ends = {3, 3, 40};
  const Windows lines = calibration_windows(stream, Task::kClassification, 6, 100, 0);
  ASSERT_EQ(lines.windows.size(), 2u);
  EXPECT_EQ(lines.windows[0].ids, (Ids{1, 100, 101, 102, 2}));
  EXPECT_EQ(lines.windows[1].ids, (Ids{1, 103, 104, 105, 106, 2}));
  EXPECT_EQ(calibration_windows(stream, Task::kClassification, 6, 1, 0).windows.size(), 1u);
}

TEST(Windows, Refusals) {
  test::expect_error(ErrorCode::kInput,
                     "text.txt: the text is too short: have 9 tokens, need 10; give more text or a smaller --context",
                     [] { evaluation_windows(stream_of(9), "gptq", 10); });
  test::expect_error(ErrorCode::kInput, "have 1 tokens, need 2",
                     [] { evaluation_windows(stream_of(0, 1), "gptq", 2); });
  test::expect_error(ErrorCode::kUsage, "no protocol 'llamacpp'; did you mean llama.cpp?",
                     [] { evaluation_windows(stream_of(9), "llamacpp", 4); });
  test::expect_error(ErrorCode::kUsage, "a window of 1 tokens", [] { evaluation_windows(stream_of(9), "gptq", 1); });
  test::expect_error(ErrorCode::kUsage, "a limit of 0 windows", [] { evaluation_windows(stream_of(9), "gptq", 2, 0); });
  test::expect_error(ErrorCode::kUsage, "0 calibration samples",
                     [] { calibration_windows(stream_of(9), Task::kCausalLm, 2, 0, 0); });
  test::expect_error(ErrorCode::kInput, "have 9 tokens, need 10",
                     [] { calibration_windows(stream_of(9), Task::kCausalLm, 10, 4, 0); });
}

TEST(Windows, CalibrationChoosesInTheOrderOfTheText) {
  const TokenStream stream = stream_of(1000, 1);
  const Windows cut = calibration_windows(stream, Task::kCausalLm, 10, 20, 7);
  ASSERT_EQ(cut.windows.size(), 20u);
  EXPECT_EQ(cut.windows_total, 100);
  EXPECT_EQ(cut.tokens_used, 200);
  EXPECT_EQ(cut.tokens_scored, 0);
  std::int64_t previous = 0;
  for (const Window& window : cut.windows) {
    EXPECT_EQ(window.ids.front(), 1);
    EXPECT_GT(window.ids[1], previous);
    previous = window.ids[1];
  }
  const auto ids_of = [](const Windows& windows) {
    std::vector<Ids> all;
    for (const Window& window : windows.windows) all.push_back(window.ids);
    return all;
  };
  EXPECT_EQ(ids_of(calibration_windows(stream, Task::kCausalLm, 10, 20, 7)), ids_of(cut));
  EXPECT_NE(ids_of(calibration_windows(stream, Task::kCausalLm, 10, 20, 8)), ids_of(cut));
}

TEST(Windows, CalibrationTakesAllIfThereAreFewer) {
  const Windows cut = calibration_windows(stream_of(35), Task::kCausalLm, 10, 128, 0);
  EXPECT_EQ(cut.windows.size(), 3u);
  ASSERT_EQ(cut.notes.size(), 1u);
  EXPECT_EQ(cut.notes[0], "text.txt: 128 samples of 10 tokens were asked for, the text has 3");
  EXPECT_TRUE(calibration_windows(stream_of(35), Task::kCausalLm, 10, 3, 0).notes.empty());
}

TEST(Windows, StreamsFromTextAndFromIds) {
  const auto tokenizer =
      test::tokenizer_of(test::with_model(R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "<s>": 2}, "merges": []})"),
                         R"({"bos_token": "<s>", "add_bos_token": true})");
  const TokenStream stream = encode_text(*tokenizer, "ab\u00e9a", "x.txt");
  EXPECT_EQ(stream.ids, (Ids{0, 1, 0}));
  EXPECT_EQ(stream.bos, 2);
  EXPECT_EQ(stream.characters, 4);
  EXPECT_EQ(stream.unknown, 1);
  const std::vector<Ids> sequences = {{1, 2}, {}, {3}};
  const TokenStream given = token_stream(sequences, "t.jsonl");
  EXPECT_EQ(given.ids, (Ids{1, 2, 3}));
  EXPECT_EQ(given.bos, std::nullopt);
  EXPECT_EQ(given.line_ends, (std::vector<std::size_t>{2, 2, 3}));
  const std::vector<Example> examples = {{"ab", Json(), 0, 1}, {"?", Json(), 0, 2}, {"b", Json(), 0, 4}};
  const TokenStream lines = encode_lines(*tokenizer, examples, "l.txt");
  EXPECT_EQ(lines.ids, (Ids{0, 1, 1}));
  EXPECT_EQ(lines.line_ends, (std::vector<std::size_t>{2, 2, 3}));
  EXPECT_EQ(lines.unknown, 1);
  EXPECT_EQ(lines.bos, std::nullopt);
}

}  // namespace
}  // namespace kerf::text
