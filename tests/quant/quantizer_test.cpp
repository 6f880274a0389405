#include "quant/quantizer.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "quant/option_use.h"
#include "quant/sources.h"
#include "tests/quant/quantizing.h"
#include "tests/support/codes_source.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/graph_sketch.h"
#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::quant {
namespace {

using graph::ValueId;
using test::expect_error;
using test::GoldenModel;
using test::same_bits;

CalibrationData text_of(const GoldenModel& model, std::int64_t windows = 6) {
  return {.windows = model.windows(windows, 32, 1), .statistics = nullptr};
}

/// Weights that the candidate makes codes of.
std::vector<ValueId> quantized_weights(const Candidate& candidate) {
  std::vector<ValueId> ids;
  for (const auto& [id, decision] : candidate.decisions) {
    if (decision.scheme.quantized()) ids.push_back(id);
  }
  return ids;
}

/// Largest difference of the candidate's logits from the reference's, relative.
double drift(const GoldenModel& model, const Candidate& candidate) {
  const auto windows = model.windows(2, 20, 9);
  return test::relative_difference(model.logits(windows, &candidate.overlay), model.logits(windows, nullptr));
}

void expect_same_codes(const Candidate& a, const Candidate& b) {
  ASSERT_EQ(quantized_weights(a), quantized_weights(b));
  for (const ValueId id : quantized_weights(a)) {
    const auto x = codes_of(a, id), y = codes_of(b, id);
    EXPECT_EQ(x.codes, y.codes);
    EXPECT_EQ(x.scales, y.scales);
    EXPECT_EQ(x.zero_points, y.zero_points);
  }
}

TEST(Quantizer, RoundingIsDoneAtOnceAndNeedsNoText) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_of(model.walker, "int4-g32", "rtn");
  Quantizer quantizer(model.walker, {&candidate}, {}, budget_of(0));
  EXPECT_FALSE(quantizer.walks());
  const auto ids = quantized_weights(candidate);
  EXPECT_EQ(ids.size(), 14U);  // seven matrices in each of two layers
  EXPECT_EQ(candidate.overlay.entries().size(), ids.size());
  for (const ValueId id : ids) {
    const auto& source = model.built.graph.value(id).weight.source;
    const auto expected = round_to_nearest(source->read(), codec::parse_scheme("int4-g32"), "w");
    EXPECT_EQ(codes_of(candidate, id).codes, expected.codes);
    EXPECT_EQ(codes_of(candidate, id).scales, expected.scales);
  }
}

TEST(Quantizer, WhatIsKeptIsNotReplacedAndFloatsAreRounded) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_of(model.walker, "none", "rtn");
  const ValueId embedding = model.walker.plan().sites.front().weight;
  candidate.decisions[embedding].scheme = codec::parse_scheme("bf16");
  const ValueId head = model.walker.plan().sites.back().weight;
  candidate.decisions[head].scheme = codec::parse_scheme("f32");  // as it is stored
  const Quantizer quantizer(model.walker, {&candidate}, {}, budget_of(0));
  ASSERT_EQ(candidate.overlay.entries().size(), 1U);
  const auto& rounded = candidate.overlay.entries().at(embedding);
  EXPECT_EQ(rounded->dtype(), DType::kBF16);
  const Tensor values = rounded->read();
  for (const float value : values.values<float>()) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(value) & 0xFFFFU, 0U) << "more digits than bf16 has";
  }
}

TEST(Quantizer, MissingTextIsNamedWithItsWayOut) {
  const GoldenModel model("llama");
  const auto refused = [&](Candidate candidate, const CalibrationData& data, std::string_view message) {
    expect_error(ErrorCode::kUsage, message, [&] { Quantizer(model.walker, {&candidate}, data, budget_of(0)); });
  };
  const CalibrationData saved{.windows = nullptr, .statistics = std::make_shared<calibration::ModelStatistics>()};
  refused(candidate_of(model.walker, "int8", "gptq"), {},
          "int8/gptq: the method needs calibration text; give --calibration FILE, or use rtn");
  refused(candidate_of(model.walker, "int8", "rtn", {"awq"}), {}, "the transform awq needs calibration text");
  refused(candidate_of(model.walker, "int8", "rtn", {"awq"}), saved,
          "the transform awq needs calibration text, not saved statistics");
  refused(candidate_of(model.walker, "int8", "gptq"), saved, "add --no-sequential");
}

/// They would be gptq under another name: of drift and of what errors cost at the model's end nothing is saved.
TEST(Quantizer, SavedStatisticsDoNotStandForTextWhereTheModelIsWatched) {
  const GoldenModel model("llama");
  const CalibrationData saved{.windows = nullptr, .statistics = std::make_shared<calibration::ModelStatistics>()};
  std::vector<std::string> by_text;
  for (const MethodInfo* method : methods()) {
    if (!watches_model(*method)) continue;
    by_text.emplace_back(method->name);
    for (const bool sequential : {true, false}) {
      Candidate candidate = candidate_of(model.walker, "int8", "rtn");
      candidate.decisions.rbegin()->second.method = method;  // as a recipe's rule does for a few weights
      candidate.options.sequential = sequential;
      expect_error(ErrorCode::kUsage, "the method " + by_text.back() + " needs calibration text, not saved statistics",
                   [&] { Quantizer(model.walker, {&candidate}, saved, budget_of(0)); });
    }
  }
  EXPECT_THAT(by_text, testing::UnorderedElementsAre("gptaq", "yaqa", "learned"));
}

class QuantizerOf : public testing::TestWithParam<const char*> {};

TEST_P(QuantizerOf, GptqMakesCodesOfEveryMatrixAndSaysHowWell) {
  const GoldenModel model(GetParam());
  Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
  quantize(model.walker, {&candidate}, text_of(model));
  EXPECT_EQ(candidate.ledger.size(), quantized_weights(candidate).size());
  double objective = 0, rounded = 0;
  for (const SiteReport& report : candidate.ledger) {
    EXPECT_EQ(report.scheme, "int4-g32");
    EXPECT_EQ(report.method, "gptq");
    EXPECT_EQ(report.tokens, 6 * 32) << report.name;
    EXPECT_GT(report.objective, 0) << report.name;
    EXPECT_LT(report.objective, 1.02 * report.rtn_objective) << report.name;
    objective += report.objective;
    rounded += report.rtn_objective;
  }
  EXPECT_LT(objective, 0.9 * rounded);
  for (const ValueId id : quantized_weights(candidate)) {
    EXPECT_EQ(codes_of(candidate, id).scheme, codec::parse_scheme("int4-g32"));
  }
}

/// Also where a block has many matrices, of which some read a value that only their block knows.
TEST(Quantizer, EveryMatrixOfMobileBertGetsCodes) {
  const GoldenModel model("mobilebert-mlm");
  Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
  quantize(model.walker, {&candidate}, text_of(model));
  EXPECT_EQ(candidate.ledger.size(), 2U * (3 + 4 + 2 * 2)) << "bottlenecks, attention, two feed-forwards; two layers";
  EXPECT_EQ(candidate.ledger.size(), quantized_weights(candidate).size());
}

TEST_P(QuantizerOf, MoreBitsDriftLess) {
  const GoldenModel model(GetParam());
  for (const char* method : {"rtn", "gptq"}) {
    Candidate eight = candidate_of(model.walker, "int8", method), four = candidate_of(model.walker, "int4-g32", method),
              two = candidate_of(model.walker, "int2-g32", method);
    quantize(model.walker, {&eight, &four, &two}, text_of(model));
    EXPECT_GT(drift(model, eight), 1e-4) << method;
    // The random T5, whose attention is not scaled, multiplies an error most: 0.11 by rounding, 0.17 by gptq.
    EXPECT_LT(drift(model, eight), 0.25) << method;
    EXPECT_LT(2 * drift(model, eight), drift(model, four)) << method;
    EXPECT_LT(drift(model, four), drift(model, two)) << method;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, QuantizerOf, testing::Values("llama", "gpt2", "bert-mlm", "t5"));

/// ALBERT's layers share their matrices: one set of codes, from what all layers read.
TEST(Quantizer, WeightsThatLayersShareAreSolvedOnceForAllOfThem) {
  const GoldenModel model("albert-mlm");
  Candidate solved = candidate_of(model.walker, "int4-g32", "gptq"),
            rounded = candidate_of(model.walker, "int4-g32", "rtn");
  quantize(model.walker, {&solved, &rounded}, text_of(model));
  EXPECT_EQ(quantized_weights(solved).size(), 6U) << "one set of matrices for both layers";
  EXPECT_EQ(solved.ledger.size(), 6U);
  double objective = 0, by_rounding = 0;
  for (const SiteReport& report : solved.ledger) {
    EXPECT_EQ(report.tokens, 2 * 6 * 32) << report.name << ": of both layers";
    objective += report.objective;
    by_rounding += report.rtn_objective;
  }
  EXPECT_LT(objective, 0.9 * by_rounding);
  for (const ValueId id : quantized_weights(solved)) {
    EXPECT_THAT(solved.decisions.at(id).rule, testing::HasSubstr("one for 2 places"));
    EXPECT_NE(codes_of(solved, id).codes, codes_of(rounded, id).codes);
  }
}

TEST(Quantizer, ThreadsMemoryAndCompanyDoNotChangeACode) {
  const GoldenModel model("llama");
  const auto make = [&] { return candidate_of(model.walker, "int4-g32-asym", "gptq"); };
  Candidate expected = make();
  {
    const test::ThreadSetting one(1);
    quantize(model.walker, {&expected}, text_of(model));
  }
  for (const int threads : {2, 8}) {
    const test::ThreadSetting setting(threads);
    Candidate found = make();
    quantize(model.walker, {&found}, text_of(model));
    expect_same_codes(found, expected);
  }
  Candidate on_disk = make(), in_company = make(), other = candidate_of(model.walker, "int8", "gptq");
  quantize(model.walker, {&on_disk}, text_of(model), 0);
  expect_same_codes(on_disk, expected);
  other.options.sequential = false;
  quantize(model.walker, {&other, &in_company}, text_of(model));
  expect_same_codes(in_company, expected);
}

TEST(Quantizer, InSequenceLaterSitesSeeWhatEarlierOnesBecame) {
  const GoldenModel model("llama");
  Candidate sequential = candidate_of(model.walker, "int3-g32", "gptq"),
            parallel = candidate_of(model.walker, "int3-g32", "gptq");
  parallel.options.sequential = false;
  quantize(model.walker, {&sequential, &parallel}, text_of(model));
  const auto& plan = model.walker.plan();
  for (const std::size_t s : plan.blocks[0].groups[0].sites) {
    const ValueId first = plan.sites[s].weight;
    EXPECT_EQ(codes_of(sequential, first).codes, codes_of(parallel, first).codes) << "nothing came before it";
  }
  const ValueId later = plan.sites[plan.blocks[3].groups[0].sites[0]].weight;
  EXPECT_NE(codes_of(sequential, later).codes, codes_of(parallel, later).codes);
}

/// The reference's statistics describe inputs that a transform has not scaled.
TEST(Quantizer, StatisticsOfTheReferenceDoNotGoWithTransforms) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq", {"awq"});
  candidate.options.sequential = false;
  expect_error(ErrorCode::kUsage, "leave out --no-sequential",
               [&] { quantize(model.walker, {&candidate}, text_of(model)); });
}

/// Statistics of the reference's inputs of every group, as a file would hold them.
std::shared_ptr<calibration::ModelStatistics> statistics_of(const GoldenModel& model, const CalibrationData& data,
                                                            const std::string& observer) {
  auto result = std::make_shared<calibration::ModelStatistics>();
  const auto& plan = model.walker.plan();
  for (const sweep::Block& block : plan.blocks) {
    for (const sweep::Group& group : block.groups) {
      const auto& graph = model.built.graph;
      const auto& first = graph.value(plan.sites[group.sites[0]].weight).weight;
      const auto shared = std::make_shared<calibration::Statistics>(first.source->row_size(), std::vector{observer});
      const sweep::Stream start(data.windows, budget_of(1 << 20));
      model.walker.visit(start, group.first_node, {&group.input, 1}, nullptr, nullptr, std::nullopt,
                         [&](std::size_t, std::span<const Tensor> values) {
                           shared->observe(values[0].data<float>(), values[0].size() / shared->cols());
                         });
      for (const std::size_t s : group.sites) {
        result->by_weight[graph.value(plan.sites[s].weight).weight.name] = shared;
      }
    }
  }
  return result;
}

TEST(Quantizer, SavedStatisticsDoWhatTheTextDoes) {
  const GoldenModel model("llama");
  const auto make = [&] {
    Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
    candidate.options.sequential = false;
    return candidate;
  };
  Candidate from_text = make(), from_file = make();
  quantize(model.walker, {&from_text}, text_of(model));
  const auto saved = statistics_of(model, text_of(model), "outer_product");
  quantize(model.walker, {&from_file}, {.windows = nullptr, .statistics = saved});
  expect_same_codes(from_file, from_text);
}

TEST(Quantizer, SavedStatisticsThatDoNotSufficeAreRefused) {
  const GoldenModel model("llama");
  const auto refused = [&](std::shared_ptr<const calibration::ModelStatistics> saved, std::string_view message) {
    Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
    candidate.options.sequential = false;
    expect_error(ErrorCode::kUsage, message,
                 [&] { quantize(model.walker, {&candidate}, {.windows = nullptr, .statistics = saved}); });
  };
  refused(statistics_of(model, text_of(model, 1), "sum_abs"), "gptq needs outer_product");
  const auto partial = statistics_of(model, text_of(model, 1), "outer_product");
  partial->by_weight.erase("model.layers.1.mlp.down_proj.weight");
  refused(partial, "the saved statistics have nothing about model.layers.1.mlp.down_proj.weight");
}

TEST(Quantizer, AwqLeavesCodesAndNeverAWorseBlock) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_of(model.walker, "int3-g32", "rtn", {"awq"});
  quantize(model.walker, {&candidate}, text_of(model));
  for (const ValueId id : quantized_weights(candidate)) {
    EXPECT_EQ(codes_of(candidate, id).scheme, codec::parse_scheme("int3-g32"));
  }
  const auto searched = [](const SiteReport& report) { return report.block_error_rtn > 0; };
  EXPECT_TRUE(std::any_of(candidate.ledger.begin(), candidate.ledger.end(), searched));
  for (const SiteReport& report : candidate.ledger) EXPECT_LE(report.block_error, report.block_error_rtn);
}

TEST(Quantizer, ATiedHeadIsRoundedAsTheTableThatItIs) {
  const GoldenModel model("llama-tied-mha");
  Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
  const ValueId tied = model.walker.plan().sites.front().weight;
  candidate.decisions[tied] = {codec::parse_scheme("int8"), &find_method("rtn"), "--embedding int8"};
  quantize(model.walker, {&candidate}, text_of(model));
  const auto expected =
      round_to_nearest(model.built.graph.value(tied).weight.source->read(), codec::parse_scheme("int8"), "w");
  EXPECT_EQ(codes_of(candidate, tied).codes, expected.codes);
}

/// A model of one matrix that is stored as codes.
struct Stored {
  explicit Stored(codec::QuantizedTensor tensor) : codes(std::move(tensor)) {
    graph::Weight stored;
    stored.name = "w";
    stored.role = graph::Role::kDown;
    stored.source = std::make_shared<test::CodesSource>(codes);
    weight = sketch.graph.add_weight(stored);
    sketch.graph.add_output("y", sketch.linear("y", sketch.input("x"), weight));
  }
  /// What the weight is in the end.
  graph::SourcePtr quantized_to(const std::string& scheme, const std::string& method) {
    const sweep::Walker walker(sketch.graph);
    Candidate candidate = candidate_of(walker, scheme, method);
    const auto windows = std::make_shared<std::vector<sweep::WindowInputs>>();
    for (std::uint64_t i = 0; i < 8; ++i) windows->push_back({test::random_normal({1, 16, codes.cols}, i)});
    quantize(walker, {&candidate}, {.windows = windows, .statistics = nullptr});
    return candidate.overlay.source(sketch.graph, weight);
  }

  codec::QuantizedTensor codes;
  test::GraphSketch sketch;
  ValueId weight = graph::kNoValue;
};

/// Codes that rounding would not choose: no value of a group lies at the end of its range.
codec::QuantizedTensor inner_codes() {
  codec::QuantizedTensor codes = codec::make_quantized(codec::parse_scheme("int4-g32"), 4, 64);
  for (std::size_t i = 0; i < codes.codes.size(); ++i) codes.codes[i] = static_cast<std::uint8_t>(5 + i % 6);
  std::fill(codes.scales.begin(), codes.scales.end(), 0.25F);
  return codes;
}

TEST(Quantizer, CodesOfTheSameSchemeStayAsTheyAre) {
  for (const char* method : {"rtn", "gptq"}) {
    Stored model(inner_codes());
    const auto found = model.quantized_to("int4-g32", method)->read_quantized().value();
    EXPECT_EQ(found.codes, model.codes.codes) << method;
    EXPECT_EQ(found.scales, model.codes.scales) << method;
  }
}

TEST(Quantizer, CodesOfAnotherSchemeAreRoundedAgain) {
  for (const char* method : {"rtn", "gptq"}) {
    Stored model(inner_codes());
    EXPECT_EQ(model.quantized_to("int8", method)->scheme(), codec::parse_scheme("int8")) << method;
  }
}

TEST(Quantizer, ValuesOfCodesAreRoundedToAFloatEvenOfTheDtypeOfTheirScales) {
  codec::QuantizedTensor codes = inner_codes();
  std::fill(codes.scales.begin(), codes.scales.end(), 0x1.004p-2F);  // an f16; three times it is none
  const auto found = Stored(codes).quantized_to("f16", "rtn");
  EXPECT_EQ(found->scheme(), std::nullopt);
  EXPECT_EQ(found->dtype(), DType::kF16);
  const Tensor values = found->read();
  for (const float value : values.values<float>()) ASSERT_EQ(codec::round_to(DType::kF16, value), value);
}

}  // namespace
}  // namespace kerf::quant
