#include "quant/activations.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/quant/quantizing.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::quant {
namespace {

using test::expect_error;
using test::GoldenModel;

CalibrationData text_of(const GoldenModel& model) {
  return {.windows = model.windows(6, 32, 1), .statistics = nullptr};
}

Candidate candidate_with(const GoldenModel& model, const std::string& method, const std::string& activations) {
  Candidate candidate = candidate_of(model.walker, "int8", method);
  for (auto& [id, decision] : candidate.decisions) {
    if (decision.scheme.quantized()) decision.activations = parse_activations(activations, parse_range(""));
  }
  return candidate;
}

double drift(const GoldenModel& model, const Candidate& candidate) {
  const auto windows = model.windows(2, 20, 9);
  return test::relative_difference(model.logits(windows, &candidate.overlay), model.logits(windows, nullptr));
}

const codec::ActivationQuantizer& quantizer_at(const Candidate& candidate, graph::NodeId node) {
  return dynamic_cast<const codec::ActivationQuantizer&>(*candidate.overlay.rounding_of(node, 0));
}

TEST(Activations, DynamicOnesNeedNoText) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_with(model, "rtn", "int8-dynamic");
  Quantizer quantizer(model.walker, {&candidate}, {}, budget_of(0));
  EXPECT_FALSE(quantizer.uses_data());
  EXPECT_EQ(candidate.overlay.roundings().size(), 14U) << "head and embedding are left";
  EXPECT_GT(drift(model, candidate), 1e-4);
}

TEST(Activations, StaticOnesFollowFromTheText) {
  for (const char* name : {"llama", "gpt2", "bert-mlm", "t5", "mixtral", "albert-mlm"}) {
    const GoldenModel model(name);
    Candidate fixed = candidate_with(model, "rtn", "int8-static/mse"),
              free = candidate_with(model, "rtn", "int8-dynamic");
    quantize(model.walker, {&fixed, &free}, text_of(model));
    EXPECT_EQ(fixed.overlay.roundings().size(), free.overlay.roundings().size()) << name;
    EXPECT_LT(drift(model, fixed), 0.6) << name;
    EXPECT_GT(drift(model, fixed), 0.3 * drift(model, free)) << name;
  }
}

TEST(Activations, OfOneGroupShareTheirRange) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_with(model, "rtn", "int8-static-asym/min-max");
  quantize(model.walker, {&candidate}, text_of(model));
  const auto& plan = model.walker.plan();
  for (const sweep::Block& block : plan.blocks) {
    for (const sweep::Group& group : block.groups) {
      if (candidate.overlay.rounding_of(group.first_node, 0) == nullptr) continue;
      for (const std::size_t s : group.sites) {
        const graph::NodeId node = plan.sites[s].linear_uses.front();
        EXPECT_EQ(candidate.overlay.rounding_of(node, 0), candidate.overlay.rounding_of(group.first_node, 0));
      }
    }
  }
}

/// Min-max ranges of the reference's stream are those of the values themselves.
TEST(Activations, RangesAreThoseOfTheStream) {
  const GoldenModel model("llama");
  const auto data = text_of(model);
  Candidate candidate = candidate_with(model, "rtn", "int8-static/min-max");
  candidate.options.sequential = false;
  quantize(model.walker, {&candidate}, data);
  const sweep::Group& group = model.walker.plan().blocks[1].groups[0];
  float peak = 0;
  const sweep::Stream start(data.windows, budget_of(1 << 20));
  model.walker.visit(start, group.first_node, {&group.input, 1}, nullptr, nullptr, std::nullopt,
                     [&](std::size_t, std::span<const Tensor> values) {
                       for (const float v : values[0].values<float>()) peak = std::max(peak, std::abs(v));
                     });
  EXPECT_FLOAT_EQ(quantizer_at(candidate, group.first_node).params().scale, peak / 127);
}

/// In sequence the ranges are those of what arrives once everything before is rounded.
TEST(Activations, InSequenceRangesSeeTheRoundedLayersBefore) {
  const GoldenModel model("llama");
  Candidate sequential = candidate_with(model, "rtn", "int4-static/min-max"),
            parallel = candidate_with(model, "rtn", "int4-static/min-max");
  parallel.options.sequential = false;
  quantize(model.walker, {&sequential, &parallel}, text_of(model));
  const auto& blocks = model.walker.plan().blocks;
  const graph::NodeId first = blocks[0].groups[0].first_node, later = blocks[1].groups[0].first_node;
  EXPECT_EQ(quantizer_at(sequential, first).params().scale, quantizer_at(parallel, first).params().scale);
  EXPECT_NE(quantizer_at(sequential, later).params().scale, quantizer_at(parallel, later).params().scale);
}

/// gptq looks at what its layer reads: the rounded input.
TEST(Activations, GptqSeesRoundedInputs) {
  const GoldenModel model("llama");
  for (const char* activations : {"int4-dynamic", "int4-static/mse"}) {
    Candidate rounded = candidate_with(model, "gptq", activations), plain = candidate_of(model.walker, "int8", "gptq");
    quantize(model.walker, {&rounded, &plain}, text_of(model));
    const auto& plan = model.walker.plan();
    const graph::ValueId first = plan.sites[plan.blocks[0].groups[0].sites[0]].weight;
    EXPECT_NE(codes_of(rounded, first).codes, codes_of(plain, first).codes) << activations;
  }
}

TEST(Activations, ThreadsAndMemoryDoNotChangeABit) {
  const GoldenModel model("llama");
  const auto windows = model.windows(2, 20, 9);
  std::vector<std::vector<Tensor>> results;
  for (const int threads : {1, 2, 8}) {
    const test::ThreadSetting setting(threads);
    Candidate candidate = candidate_with(model, "gptq", "int8-static/entropy");
    quantize(model.walker, {&candidate}, text_of(model), threads == 8 ? 0 : std::uint64_t{1} << 30);
    results.push_back(model.logits(windows, &candidate.overlay));
  }
  for (std::size_t w = 0; w < results[0].size(); ++w) {
    EXPECT_TRUE(test::same_bits(results[0][w], results[1][w]));
    EXPECT_TRUE(test::same_bits(results[0][w], results[2][w]));
  }
}

TEST(Activations, WhatIsMissingIsNamed) {
  const GoldenModel model("llama");
  const auto refused = [&](Candidate candidate, const CalibrationData& data, std::string_view message) {
    expect_error(ErrorCode::kUsage, message, [&] { quantize(model.walker, {&candidate}, data); });
  };
  refused(candidate_with(model, "rtn", "int8-static"), {}, "static activations need calibration text");
  Candidate scaled = candidate_with(model, "rtn", "int8-static");
  scaled.transforms.push_back(&find_transform("smoothquant"));
  scaled.options.sequential = false;
  refused(std::move(scaled), text_of(model), "leave out --no-sequential");
  auto saved = std::make_shared<calibration::ModelStatistics>();
  for (const graph::ValueId id : model.built.graph.weights()) {
    const auto& weight = model.built.graph.value(id).weight;
    saved->by_weight[weight.name] =
        std::make_shared<calibration::Statistics>(weight.source->row_size(), std::vector<std::string>{"sum_abs"});
  }
  Candidate lacking = candidate_with(model, "rtn", "int8-static/mse");
  lacking.options.sequential = false;
  refused(std::move(lacking), {.windows = nullptr, .statistics = saved}, "the range rule mse needs");
}

/// A text that leaves experts without a token.
TEST(Activations, AnExpertThatNoTokenReachesTakesOverARange) {
  const GoldenModel model("qwen3-moe");
  Candidate candidate = candidate_with(model, "rtn", "int8-static/min-max");
  quantize(model.walker, {&candidate}, {.windows = model.windows(1, 2, 3), .statistics = nullptr});
  const auto unreached = std::count_if(candidate.ledger.begin(), candidate.ledger.end(),
                                       [](const SiteReport& r) { return r.method == "activations"; });
  EXPECT_GT(unreached, 0);
  for (const SiteReport& report : candidate.ledger) {
    if (report.method != "activations") continue;
    EXPECT_THAT(report.note, testing::HasSubstr("no token reached it"));
  }
}

}  // namespace
}  // namespace kerf::quant
