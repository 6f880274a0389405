#include "quant/site_solver.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/quant/quantizing.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using graph::ValueId;
using test::GoldenModel;
using testing::HasSubstr;

CalibrationData text_of(const GoldenModel& model, std::int64_t windows) {
  return {.windows = model.windows(windows, 32, 1), .statistics = nullptr};
}

/// The router decides how much an expert learns of the text; where that is too little, its weights are rounded.
TEST(SiteSolver, ExpertsThatFewTokensReachAreRoundedAndSaySo) {
  const GoldenModel model("qwen3-moe");
  // 3 windows: 96 tokens choose 2 of 4 experts each, 64 tokens are one for each of 64 channels.
  Candidate asked = candidate_of(model.walker, "int4-g32", "gptq"),
            rounded = candidate_of(model.walker, "int4-g32", "rtn");
  quantize(model.walker, {&asked, &rounded}, text_of(model, 3));
  int few = 0, enough = 0;
  for (const SiteReport& report : asked.ledger) {
    const bool expert = report.name.find("experts") != std::string::npos;
    const auto id = [&] {
      for (const sweep::Site& site : model.walker.plan().sites) {
        if (model.built.graph.value(site.weight).weight.name == report.name) return site.weight;
      }
      return graph::kNoValue;
    }();
    const auto cols = model.built.graph.value(id).weight.source->row_size();
    const bool scarce = report.tokens < kTokensPerChannel * cols;
    EXPECT_EQ(report.fallback, expert && scarce) << report.name;
    if (!report.fallback) continue;
    ++(expert ? few : enough);
    EXPECT_EQ(report.method, "rtn");
    EXPECT_THAT(report.note, HasSubstr(std::to_string(report.tokens) + " tokens reached the expert, fewer than 1"));
    EXPECT_EQ(codes_of(asked, id).codes, codes_of(rounded, id).codes);
  }
  EXPECT_GT(few, 0);
  EXPECT_EQ(enough, 0);
}

/// Not even a token: nothing is divided by it.
TEST(SiteSolver, ExpertsThatNoTokenReachesAreFinite) {
  const GoldenModel model("qwen3-moe");
  for (const std::vector<std::string>& transforms : {std::vector<std::string>{}, std::vector<std::string>{"awq"}}) {
    Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq", transforms);
    // One window of one token: two of four experts are never chosen.
    quantize(model.walker, {&candidate}, {.windows = model.windows(1, 1, 3), .statistics = nullptr});
    int unreached = 0;
    for (const SiteReport& report : candidate.ledger) {
      if (report.transform || report.tokens > 0) continue;
      ++unreached;
      EXPECT_TRUE(report.fallback) << report.name;
      EXPECT_THAT(report.note, HasSubstr("0 tokens reached the expert"));
    }
    EXPECT_GE(unreached, 2 * 2 * 3) << "three matrices of two experts of two layers";
    for (const Tensor& logits : model.logits(model.windows(2, 16, 5), &candidate.overlay)) {
      for (const float value : logits.values<float>()) ASSERT_TRUE(std::isfinite(value));
    }
  }
}

TEST(SiteSolver, OtherWeightsKeepTheirMethodAndAWarning) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
  quantize(model.walker, {&candidate}, text_of(model, 1));
  for (const SiteReport& report : candidate.ledger) {
    EXPECT_EQ(report.method, "gptq");
    EXPECT_FALSE(report.fallback);
    EXPECT_THAT(report.note, HasSubstr("seen 32 tokens, fewer than 1 for each of"));
  }
  Candidate informed = candidate_of(model.walker, "int4-g32", "gptq");
  quantize(model.walker, {&informed}, text_of(model, 16));
  for (const SiteReport& report : informed.ledger) EXPECT_EQ(report.note, "") << report.name;
}

/// What is kept learns from all of the text: as without a share held out, but for the order of sums.
TEST(SiteSolver, AShareHeldOutChangesTheLedgerAndNotTheCodes) {
  const GoldenModel model("llama");
  Candidate whole = candidate_of(model.walker, "int4-g32", "gptq"),
            checked = candidate_of(model.walker, "int4-g32", "gptq");
  quantize(model.walker, {&whole}, text_of(model, 64));
  CalibrationData data = text_of(model, 64);
  data.held_out = 0.125;
  quantize(model.walker, {&checked}, data);
  ASSERT_EQ(whole.ledger.size(), checked.ledger.size());
  for (std::size_t i = 0; i < checked.ledger.size(); ++i) {
    const SiteReport &report = checked.ledger[i], &before = whole.ledger[i];
    EXPECT_EQ(report.tokens, 64 * 32);
    EXPECT_EQ(report.held_out_tokens, 8 * 32);
    EXPECT_EQ(before.held_out_tokens, 0);
    EXPECT_GT(report.held_out_rtn, 0);
    EXPECT_GT(report.rank, 0);
    EXPECT_LE(report.rank, report.channels);
    EXPECT_GT(report.saturation, 0.02);
    EXPECT_LT(report.saturation, 0.2);
    EXPECT_GT(report.scale_min, 0);
    EXPECT_LT(report.scale_min, report.scale_max);
    if (report.reverted) continue;
    EXPECT_NEAR(report.objective, before.objective, 0.1 * before.objective) << report.name;
  }
}

/// Eight windows of very different text: what seven of them teach need not hold for the eighth, and then rounding
/// stays.
TEST(SiteSolver, MethodsGiveWayWhereTheyDoWorseOnHeldOutText) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
  candidate.options.damping = 0;
  CalibrationData data = {.windows = model.windows(8, 4, 1), .statistics = nullptr};
  data.held_out = 0.125;
  quantize(model.walker, {&candidate}, data);
  int reverted = 0;
  for (const SiteReport& report : candidate.ledger) {
    const double simple = std::min(report.held_out_rtn, report.held_out_search);
    EXPECT_EQ(report.reverted, simple < 0.95 * report.held_out_objective) << report.name;
    if (!report.reverted) continue;
    ++reverted;
    EXPECT_TRUE(report.fallback);
    EXPECT_EQ(report.method, report.held_out_rtn < report.held_out_search ? "rtn" : "imatrix");
    EXPECT_THAT(report.note, HasSubstr("on held-out text is"));
  }
  EXPECT_GT(reverted, 0);
}

/// The curvature of a table's outputs, the vocabulary squared, would be made for nothing.
TEST(SiteSolver, OnlyCodesThatAreChosenByItWantTheCurvature) {
  const test::GoldenModel model("llama-tied-mha");
  const auto& graph = model.built.graph;
  Candidate candidate = candidate_of(model.walker, "int4-g32", "yaqa");
  const auto& sites = model.walker.plan().sites;
  const graph::ValueId tied = sites.front().weight;
  candidate.decisions[tied] = {codec::parse_scheme("int8"), &find_method("yaqa"), "--embedding int8"};
  std::size_t curved = 0;
  for (const sweep::Site& site : sites) curved += is_curved(graph, candidate, site) ? 1 : 0;
  EXPECT_EQ(curved, sites.size() - 1);
  EXPECT_FALSE(is_curved(graph, candidate, sites.front()));
  const Candidate plain = candidate_of(model.walker, "f16", "yaqa"),
                  other = candidate_of(model.walker, "int4-g32", "gptaq");
  for (const sweep::Site& site : sites) {
    EXPECT_FALSE(is_curved(graph, plain, site));
    EXPECT_FALSE(is_curved(graph, other, site));
  }
}

}  // namespace
}  // namespace kerf::quant
