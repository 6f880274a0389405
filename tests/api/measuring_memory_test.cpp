#include "api/measuring_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/source_dir.h"

namespace kerf::api {
namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

std::string golden(const std::string& name) { return test::source_dir() + "/tests/golden/checkpoints/" + name; }

std::vector<text::Window> windows(std::size_t count, std::size_t length) {
  std::vector<text::Window> result(count);
  for (text::Window& window : result) {
    window.ids.assign(length, 1);
    window.places.assign(length / 2, text::Place{});
  }
  return result;
}

TEST(MeasuringMemory, GrowsWithTokensThreadsAndSubjects) {
  const OpenModel model(golden("llama"));
  const std::vector<const OpenModel*> models = {&model};
  const auto of = [&](std::size_t count, std::size_t length, std::size_t subjects, int threads) {
    return measuring_memory(models, windows(count, length), subjects, threads);
  };
  const MeasuringMemory least = of(2, 16, 1, 1);
  EXPECT_GT(of(2, 32, 1, 1).walking, least.walking);
  EXPECT_GT(of(2, 16, 1, 2).walking, least.walking);
  EXPECT_GT(of(2, 16, 1, 2).head, least.head) << "each thread has logits";
  EXPECT_EQ(of(4, 16, 3, 1).results, 6 * least.results);
  EXPECT_EQ(of(4, 16, 3, 1).walking, least.walking) << "the windows of a stream are kept elsewhere";
}

TEST(MeasuringMemory, TheLargestModelCounts) {
  const OpenModel llama(golden("llama")), gpt2(golden("gpt2"));
  const auto of = [&](std::vector<const OpenModel*> models) {
    return measuring_memory(models, windows(1, 8), models.size(), 1);
  };
  const MeasuringMemory both = of({&llama, &gpt2}), a = of({&llama}), b = of({&gpt2});
  EXPECT_EQ(both.head, std::max(a.head, b.head));
  EXPECT_EQ(both.walking, std::max(a.walking, b.walking));
}

MeasuringMemory example() {
  return {.subjects = 5,
          .program = 50 * kMegabyte,
          .results = kMegabyte,
          .walking = 20 * kMegabyte,
          .head = 30 * kMegabyte,
          .reading = 9 * kMegabyte};
}

TEST(MeasuringMemory, LastBlocksThatFit) {
  EXPECT_EQ(example().working(2), 120 * kMegabyte);
  EXPECT_EQ(example().heads_in(250 * kMegabyte, 100 * kMegabyte), 3U);
  EXPECT_EQ(example().heads_in(150 * kMegabyte, 100 * kMegabyte), 0U);
}

TEST(MeasuringMemory, WhatDoesNotFitIsRefusedOrRunsAFewAtATime) {
  const auto plan = [](std::uint64_t limit, std::uint64_t quantizing) {
    Resources resources;
    resources.max_ram = limit * kMegabyte;
    return plan_measuring(example(), quantizing, Session(resources));
  };
  EXPECT_EQ(plan(120, 0), 2U);
  EXPECT_EQ(plan(1000, 0), 14U);
  EXPECT_THROW(plan(119, 0), Error);
  EXPECT_THROW(plan(120, 80 * kMegabyte), Error);
}

}  // namespace
}  // namespace kerf::api
