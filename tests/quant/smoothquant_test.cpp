#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quant/transforms/scale_search.h"
#include "tests/quant/planted.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

using test::GoldenModel;

Candidate w8a8(const sweep::Walker& walker, const std::vector<std::string>& transforms,
               const std::string& activations = "int8-dynamic") {
  Candidate candidate = candidate_of(walker, "int8", "rtn", transforms);
  for (auto& [id, decision] : candidate.decisions) {
    if (decision.scheme.quantized()) decision.activations = parse_activations(activations, parse_range("min-max"));
  }
  return candidate;
}

TEST(SmoothQuant, WorksWhereFewChannelsDecideOnTheStepOfAll) {
  for (const char* name : {"llama", "qwen2", "llama-bias"}) {
    const GoldenModel plain(name), planted(with_planted_channels(plain, {{3, 64.0F}, {16, 200.0F}}));
    const auto windows = plain.windows(2, 20, 9);
    ASSERT_LT(test::relative_difference(planted.logits(windows, nullptr), plain.logits(windows, nullptr)), 1e-4);
    for (const char* activations : {"int8-dynamic", "int8-static"}) {
      Candidate without = w8a8(planted.walker, {}, activations),
                with = w8a8(planted.walker, {"smoothquant"}, activations);
      quantize(planted.walker, {&without, &with}, text_of(planted));
      EXPECT_LT(logit_error(planted, with.overlay), 0.05 * logit_error(planted, without.overlay))
          << name << " " << activations;
    }
  }
}

TEST(SmoothQuant, TheLedgerSaysAlphaAndNoBlockBecomesWorse) {
  const GoldenModel model("llama");
  Candidate candidate = w8a8(model.walker, {"smoothquant"});
  quantize(model.walker, {&candidate}, text_of(model));
  int folded = 0;
  for (const SiteReport& report : candidate.ledger) {
    if (!report.transform) continue;
    EXPECT_EQ(report.method, "smoothquant");
    EXPECT_LE(report.block_error, report.block_error_rtn) << report.name;
    if (report.note.find("alpha") == 0) ++folded;
    EXPECT_THAT(report.note, testing::AnyOf(testing::HasSubstr("folded into"), testing::HasSubstr("not scaled")));
  }
  EXPECT_GT(folded, 2);
}

/// Statistics of the inputs of a block's groups.
std::vector<std::shared_ptr<const calibration::Statistics>> statistics_of(const GoldenModel& model,
                                                                          const sweep::Stream& stream,
                                                                          const sweep::Block& block) {
  std::vector<std::shared_ptr<const calibration::Statistics>> statistics;
  for (const sweep::Group& group : block.groups) {
    const auto& weight = model.built.graph.value(model.walker.plan().sites[group.sites[0]].weight).weight;
    auto seen =
        std::make_shared<calibration::Statistics>(weight.source->row_size(), find_transform("smoothquant").observers);
    model.walker.visit(stream, group.first_node, {&group.input, 1}, nullptr, nullptr, std::nullopt,
                       [&](std::size_t, std::span<const Tensor> values) {
                         seen->observe(values[0].data<float>(), values[0].size() / seen->cols());
                       });
    statistics.push_back(std::move(seen));
  }
  return statistics;
}

/// Whatever the search chooses: here every trial looks better than the one before, so that the strongest is folded.
TEST(SmoothQuant, TheUnquantizedFunctionStays) {
  for (const char* name : {"llama", "gpt2", "gemma", "qwen2", "mixtral", "opt"}) {
    const GoldenModel model(name);
    Candidate candidate = w8a8(model.walker, {"smoothquant"});
    const auto data = text_of(model);
    sweep::Stream stream(data.windows, budget_of(1 << 20));
    double falling = 1;
    for (const sweep::Block& block : model.walker.plan().blocks) {
      const auto statistics = statistics_of(model, stream, block);
      BlockContext context{model.walker,       block,      candidate,
                           budget_of(1 << 20), statistics, [&](const sweep::Overlay&) { return falling *= 0.99; }};
      find_transform("smoothquant").apply(context);
      if (&block != &model.walker.plan().blocks.back()) model.walker.advance(stream, block.end, nullptr, nullptr);
    }
    EXPECT_FALSE(candidate.overlay.entries().empty()) << name;
    EXPECT_LT(logit_error(model, candidate.overlay), 1e-9) << name;
  }
}

}  // namespace
}  // namespace kerf::quant
