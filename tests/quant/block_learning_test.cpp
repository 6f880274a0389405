#include "quant/block_learning.h"

#include <gtest/gtest.h>

#include "core/threads.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/thread_setting.h"

namespace kerf::quant {
namespace {

CalibrationData data_of(const test::GoldenModel& model) {
  CalibrationData data;
  data.windows = model.windows(32, 32, 5);
  return data;
}

/// KL would be another measure; here: how far the logits of other windows are off.
double error_of(const test::GoldenModel& model, const Candidate& candidate) {
  const auto windows = model.windows(8, 32, 99);
  return test::relative_difference(model.logits(windows, &candidate.overlay), model.logits(windows, nullptr));
}

struct Learned {
  const test::GoldenModel model{"llama"};
  std::shared_ptr<sweep::Budget> budget = budget_of(std::uint64_t{1} << 30);
  std::shared_ptr<const std::vector<sweep::WindowInputs>> windows = model.windows(32, 32, 5);
  sweep::Stream stream{windows, budget};
  const sweep::Block& block = model.walker.plan().blocks.front();
  Candidate candidate = candidate_of(model.walker, "int3-g64-asym", "rtn");
  BlockOutcome run(int steps) {
    std::map<graph::ValueId, graph::SourcePtr> before;
    for (const sweep::Group& group : block.groups) {
      for (const std::size_t s : group.sites) {
        const graph::ValueId id = model.walker.plan().sites[s].weight;
        before[id] = model.built.graph.value(id).weight.source;
      }
    }
    quantize(model.walker, {&candidate}, {});
    return learn_block({model.walker, block, candidate, stream, stream, before, budget}, steps);
  }
};

TEST(BlockLearning, LowersTheErrorOfWhatLeavesTheBlockOnTextThatWasNotLearnedFrom) {
  Learned learned;
  const BlockOutcome outcome = learned.run(60);
  EXPECT_LT(outcome.best, 0.9 * outcome.start);
  EXPECT_GT(outcome.steps, 0);
}

TEST(BlockLearning, KeepsTheStartIfNothingIsBetter) {
  Learned learned;
  const BlockOutcome outcome = learned.run(1);
  EXPECT_LE(outcome.best, outcome.start);
}

TEST(BlockLearning, TheMethodIsNoWorseThanGptqOnTheWholeModel) {
  const test::GoldenModel model("llama");
  Candidate gptq = candidate_of(model.walker, "int3-g64-asym", "gptq");
  Candidate learned = candidate_of(model.walker, "int3-g64-asym", "learned");
  learned.options.steps = 60;
  quantize(model.walker, {&gptq, &learned}, data_of(model));
  EXPECT_LT(error_of(model, learned), 1.05 * error_of(model, gptq));
  EXPECT_NE(codes_of(learned, model.walker.plan().sites[1].weight).codes,
            codes_of(gptq, model.walker.plan().sites[1].weight).codes);
}

TEST(BlockLearning, SameBitsForAnyNumberOfThreads) {
  const test::GoldenModel model("qwen2");
  std::vector<std::vector<std::uint8_t>> codes;
  for (const int threads : {1, 3}) {
    const test::ThreadSetting setting(threads);
    Candidate candidate = candidate_of(model.walker, "int4-g32", "learned");
    candidate.options.steps = 12;
    quantize(model.walker, {&candidate}, data_of(model));
    for (const sweep::Site& site : model.walker.plan().sites) {
      if (candidate.overlay.find(site.weight) == nullptr) continue;
      codes.push_back(codes_of(candidate, site.weight).codes);
    }
  }
  const std::size_t half = codes.size() / 2;
  ASSERT_GT(half, 0U);
  for (std::size_t i = 0; i < half; ++i) EXPECT_EQ(codes[i], codes[half + i]);
}

}  // namespace
}  // namespace kerf::quant
