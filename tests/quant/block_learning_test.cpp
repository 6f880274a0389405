#include "quant/block_learning.h"

#include <gtest/gtest.h>

#include "core/threads.h"
#include "quant/pruner.h"
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
  OutputCurvature curvature;

  BlockOutcome run(int steps) {
    quantize(model.walker, {&candidate}, {});
    return go_on(steps);
  }
  BlockOutcome go_on(int steps) {
    std::map<graph::ValueId, graph::SourcePtr> before;
    for (const sweep::Group& group : block.groups) {
      for (const std::size_t s : group.sites) {
        const graph::ValueId id = model.walker.plan().sites[s].weight;
        before[id] = model.built.graph.value(id).weight.source;
      }
    }
    return learn_block({model.walker, block, candidate, stream, stream, before, curvature, budget}, steps);
  }
};

TEST(BlockLearning, LowersTheErrorOfWhatLeavesTheBlockOnTextThatWasNotLearnedFrom) {
  Learned learned;
  const BlockOutcome outcome = learned.run(60);
  EXPECT_LT(outcome.best, 0.95 * outcome.start);
  EXPECT_GT(outcome.steps, 0);
}

/// What the outcome says is what the overlay holds: learning on from there begins with that error.
TEST(BlockLearning, WhatWasBestIsWhatIsKept) {
  Learned learned;
  const BlockOutcome first = learned.run(60), next = learned.go_on(1);
  EXPECT_LT(first.best, first.start);
  EXPECT_NEAR(next.start, first.best, 1e-9 * first.best);
}

TEST(BlockLearning, ErrorsCountAsTheCurvatureSays) {
  Learned plain, weighed;
  const graph::ValueId leaving = weighed.block.live_out.front();
  weighed.curvature = observe_output_curvature(weighed.model.walker, {leaving}, weighed.windows, weighed.budget);
  ASSERT_TRUE(weighed.curvature.has(leaving));
  const BlockOutcome outcome = weighed.run(60);
  EXPECT_LT(outcome.best, 0.95 * outcome.start);
  EXPECT_NE(outcome.start, plain.run(60).start);
}

/// The codes of all quantized weights, in their order.
std::vector<std::vector<std::uint8_t>> all_codes(const sweep::Walker& walker, const Candidate& candidate) {
  std::vector<std::vector<std::uint8_t>> codes;
  for (const sweep::Site& site : walker.plan().sites) {
    if (candidate.overlay.find(site.weight) != nullptr) codes.push_back(codes_of(candidate, site.weight).codes);
  }
  return codes;
}

TEST(BlockLearning, TheMethodIsNoWorseThanYaqaOnTheWholeModel) {
  const test::GoldenModel model("llama");
  Candidate yaqa = candidate_of(model.walker, "int3-g64-asym", "yaqa");
  Candidate learned = candidate_of(model.walker, "int3-g64-asym", "learned");
  learned.options.steps = 60;
  quantize(model.walker, {&yaqa, &learned}, data_of(model));
  EXPECT_LT(error_of(model, learned), 1.1 * error_of(model, yaqa));
  EXPECT_NE(all_codes(model.walker, learned), all_codes(model.walker, yaqa));
}

/// What was pruned stays zero, and the other codes are learned all the same.
TEST(BlockLearning, ZerosOfPrunedWeightsStay) {
  const test::GoldenModel model("llama");
  for (const char* scheme : {"int4-g32", "int4-g32-asym"}) {
    Candidate yaqa = candidate_of(model.walker, scheme, "yaqa"),
              learned = candidate_of(model.walker, scheme, "learned");
    learned.options.steps = 40;
    for (Candidate* candidate : {&yaqa, &learned}) {
      for (auto& [id, decision] : candidate->decisions) {
        if (decision.scheme.quantized()) decision.pruning = parse_pruning("magnitude:50%");
      }
    }
    quantize(model.walker, {&yaqa, &learned}, data_of(model));
    EXPECT_TRUE(learned.held_zeros.empty());
    EXPECT_NE(all_codes(model.walker, learned), all_codes(model.walker, yaqa));
    for (const auto& [id, decision] : learned.decisions) {
      if (!decision.scheme.quantized()) continue;
      const Tensor original = model.built.graph.value(id).weight.source->read();
      const Tensor found = learned.overlay.source(model.built.graph, id)->read();
      const PruneProblem problem{"w", original, decision.pruning->pattern, nullptr, {}};
      const Tensor pruned = find_pruner("magnitude").prune(problem, nullptr).weights;
      for (std::int64_t i = 0; i < pruned.size(); ++i) {
        if (pruned.data<float>()[i] == 0) {
          ASSERT_EQ(found.data<float>()[i], 0) << i;
        }
      }
    }
  }
}

TEST(BlockLearning, SameBitsForAnyNumberOfThreads) {
  const test::GoldenModel model("qwen2");
  std::vector<std::vector<std::vector<std::uint8_t>>> codes;
  for (const int threads : {1, 3}) {
    const test::ThreadSetting setting(threads);
    Candidate candidate = candidate_of(model.walker, "int4-g32", "learned");
    candidate.options.steps = 12;
    quantize(model.walker, {&candidate}, data_of(model));
    codes.push_back(all_codes(model.walker, candidate));
  }
  ASSERT_FALSE(codes[0].empty());
  EXPECT_EQ(codes[0], codes[1]);
}

}  // namespace
}  // namespace kerf::quant
