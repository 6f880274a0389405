#include "quant/pruner.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/scheme.h"
#include "quant/hessian.h"
#include "quant/sources.h"
#include "tests/quant/correlated.h"
#include "tests/quant/quantizing.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::quant {
namespace {

using test::expect_error;
using test::GoldenModel;
using testing::HasSubstr;

constexpr std::int64_t kRows = 40, kCols = 200, kTokens = 3000;  // neither is a multiple of a block

Tensor matrix(std::int64_t rows, std::vector<float> values) {
  return Tensor::from<float>({rows, std::ssize(values) / rows}, values);
}

PruneOutcome pruned(const std::string& choice, const Tensor& weights, const calibration::Statistics* statistics,
                    MethodOptions options = {}) {
  const PruneChoice parsed = parse_pruning(choice).value();
  return prune({"w", weights, parsed.pattern, statistics, options}, *parsed.pruner);
}

std::int64_t zeros(std::span<const float> values) { return std::count(values.begin(), values.end(), 0.0f); }

TEST(Pruning, IsNamedWithHowMuch) {
  EXPECT_EQ(parse_pruning("Wanda:2:4")->name(), "wanda:2:4");
  EXPECT_EQ(parse_pruning("sparsegpt:0.5")->name(), "sparsegpt:50%");
  EXPECT_FALSE(parse_pruning("none"));
  EXPECT_FALSE(parse_pruning(""));
  expect_error(ErrorCode::kUsage, "no pruning 'wonda'; did you mean wanda?", [] { parse_pruning("wonda:50%"); });
  expect_error(ErrorCode::kUsage, "no pruning 'gptq': it is a method: --method gptq",
               [] { parse_pruning("gptq:50%"); });
  expect_error(ErrorCode::kUsage, "such as wanda:50%", [] { parse_pruning("wanda"); });
  expect_error(ErrorCode::kUsage, "expected the share of the heads", [] { parse_pruning("heads:2:4"); });
}

TEST(Pruning, ZerosNeedASchemeThatHasThem) {
  for (const std::string name : {"int4-g32", "int2-g16-asym", "int8-tensor", "nf4-g64", "fp4-g64", "mxfp4", "f8_e5m2",
                                 "q3_k", "q6_k", "f16", "none"}) {
    EXPECT_TRUE(holds_zero(codec::parse_scheme(name))) << name;
  }
  for (const std::string name : {"int4-g32-min", "q2_k", "q4_k", "q5_k", "iq4_nl", "iq4_xs", "q4_1"}) {
    EXPECT_FALSE(holds_zero(codec::parse_scheme(name))) << name;
  }
}

TEST(Magnitude, ByHand) {
  const Tensor weights = matrix(2, {0.1f, -4, 3, 0.2f, 5, -0.3f, 6, 7});
  // Half of the matrix: one row may lose more than the other.
  const Tensor half = pruned("magnitude:50%", weights, nullptr).weights;
  EXPECT_EQ(std::vector<float>(half.values<float>().begin(), half.values<float>().end()),
            (std::vector<float>{0, -4, 0, 0, 5, 0, 6, 7}))
      << "0.1, 0.2, 0.3 and 3 go";
  const Tensor pairs = pruned("magnitude:1:2", weights, nullptr).weights;
  EXPECT_EQ(std::vector<float>(pairs.values<float>().begin(), pairs.values<float>().end()),
            (std::vector<float>{0, -4, 3, 0, 5, 0, 0, 7}));
}

TEST(Wanda, ByHand) {
  const Tensor weights = matrix(2, {1, 2, 3, 4, 4, 3, 2, 1});
  // Root mean squares of the inputs are 8, 1, 1, 2.
  const auto seen = observed(matrix(1, {8, 1, 1, 2}), {"sum_squares"});
  const Tensor half = pruned("wanda:50%", weights, &seen).weights;
  EXPECT_EQ(std::vector<float>(half.values<float>().begin(), half.values<float>().end()),
            (std::vector<float>{1, 0, 0, 4, 4, 3, 0, 0}))
      << "8 2 3 8, then 32 3 2 2";
  const Tensor pairs = pruned("wanda:1:2", weights, &seen).weights;
  EXPECT_EQ(std::vector<float>(pairs.values<float>().begin(), pairs.values<float>().end()),
            (std::vector<float>{1, 0, 0, 4, 4, 0, 0, 1}))
      << "of equal ones the first goes";
}

TEST(SparseGpt, WhatStaysIsTheLeastSquaresSolution) {
  const std::int64_t rows = 6, cols = 14;
  const Tensor weights = test::random_normal({rows, cols}, 1), x = uneven_inputs(2000, cols, 2);
  const auto seen = observed(x, {"outer_product"});
  const HessianFactor factor(seen, 0.01, false);
  MethodOptions options;
  options.polish = 300;
  for (const std::string choice : {"sparsegpt:50%", "sparsegpt:2:4"}) {
    const Tensor values = pruned(choice, weights, &seen, options).weights;
    for (std::int64_t r = 0; r < rows; ++r) {
      std::vector<std::int64_t> columns;
      for (std::int64_t c = 0; c < cols; ++c) {
        if (values.data<float>()[r * cols + c] != 0) columns.push_back(c);
      }
      EXPECT_EQ(std::ssize(columns), choice == "sparsegpt:50%" ? 7 : 8) << "2 of each 4, and of the last 2";
      const auto expected = least_squares(factor.damped(), weights.data<float>() + r * cols, columns);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        EXPECT_NEAR(values.data<float>()[r * cols + columns[i]], expected[i], 2e-3);
      }
    }
  }
}

TEST(SparseGpt, LosesLessThanWandaAndThatLessThanMagnitude) {
  const Tensor weights = test::random_normal({kRows, kCols}, 3), x = uneven_inputs(kTokens, kCols, 4);
  const auto seen = observed(x, {"outer_product"});
  for (const std::string pattern : {"50%", "2:4", "4:8", "70%"}) {
    const double sparsegpt = output_error(weights, pruned("sparsegpt:" + pattern, weights, &seen).weights, x);
    const double wanda = output_error(weights, pruned("wanda:" + pattern, weights, &seen).weights, x);
    const double magnitude = output_error(weights, pruned("magnitude:" + pattern, weights, &seen).weights, x);
    EXPECT_GT(sparsegpt, 0.0) << pattern;
    EXPECT_LT(sparsegpt, 0.4 * wanda) << pattern;
    EXPECT_LT(wanda, 0.95 * magnitude) << pattern;
    MethodOptions once;
    once.polish = 0;
    EXPECT_LT(sparsegpt, output_error(weights, pruned("sparsegpt:" + pattern, weights, &seen, once).weights, x))
        << pattern << ": coordinate descent lowers what the walk leaves";
  }
}

class EveryPruner : public testing::TestWithParam<std::string> {};

TEST_P(EveryPruner, KeepsItsPattern) {
  const Tensor weights = test::random_normal({kRows, kCols}, 5), x = uneven_inputs(kTokens, kCols, 6);
  const auto seen = observed(x, {"outer_product"});
  const Tensor half = pruned(GetParam() + ":50%", weights, &seen).weights;
  EXPECT_EQ(zeros(half.values<float>()), kRows * kCols / 2);
  for (const auto& [pattern, keep, of] : {std::tuple{"2:4", 2, 4}, {"4:8", 4, 8}, {"1:3", 1, 3}}) {
    const Tensor grouped = pruned(GetParam() + ":" + pattern, weights, &seen).weights;
    for (std::int64_t r = 0; r < kRows; ++r) {
      for (std::int64_t c = 0; c < kCols; c += of) {
        const auto width = std::min<std::int64_t>(of, kCols - c);
        ASSERT_EQ(width - zeros(grouped.values<float>().subspan(static_cast<std::size_t>(r * kCols + c),
                                                                static_cast<std::size_t>(width))),
                  std::min<std::int64_t>(keep, width));
      }
    }
  }
}

TEST_P(EveryPruner, SameBitsForAnyNumberOfThreads) {
  const Tensor weights = test::random_normal({kRows * 3, kCols}, 7), x = uneven_inputs(kTokens, kCols, 8);
  const auto seen = observed(x, {"outer_product"});
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 5}) {
    const test::ThreadSetting setting(threads);
    for (const std::string pattern : {"50%", "2:4"})
      results.push_back(pruned(GetParam() + ":" + pattern, weights, &seen).weights);
  }
  for (std::size_t i = 2; i < results.size(); ++i) EXPECT_TRUE(test::same_bits(results[i], results[i % 2])) << i;
}

TEST_P(EveryPruner, InputsThatNeverFireAreNoHarm) {
  const Tensor weights = test::random_normal({4, 16}, 9);
  const auto seen = observed(Tensor::zeros(DType::kF32, {50, 16}), {"outer_product"});
  const PruneOutcome outcome = pruned(GetParam() + ":50%", weights, &seen);
  EXPECT_EQ(zeros(outcome.weights.values<float>()), 32);
  for (const float value : outcome.weights.values<float>()) EXPECT_TRUE(std::isfinite(value));
  if (GetParam() == "sparsegpt") {
    EXPECT_THAT(outcome.note, HasSubstr("pruned by magnitude: every input was zero"));
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryPruner, testing::Values("magnitude", "wanda", "sparsegpt"));

/// Pruned weights, rounded by every method to schemes of all kinds.
class PrunedAndRounded : public testing::TestWithParam<std::string> {};

TEST_P(PrunedAndRounded, ZerosStayZero) {
  const Tensor weights = test::random_normal({kRows, kCols}, 10), x = uneven_inputs(kTokens, kCols, 11);
  const auto seen = observed(x, {"outer_product", "sum_squares"});
  const Tensor held = pruned("wanda:2:4", weights, &seen).weights;
  const Tensor curvature = [] {
    Tensor c = Tensor::zeros(DType::kF32, {kRows, kRows});
    for (std::int64_t i = 0; i < kRows; ++i) c.data<float>()[i * kRows + i] = 1 + static_cast<float>(i % 3);
    return c;
  }();
  for (const MethodInfo* method : methods()) {
    for (const bool act_order : {true, false}) {
      MethodOptions options;
      options.act_order = act_order;
      const auto scheme = codec::parse_scheme(GetParam());
      SiteProblem problem{"w", held, scheme, &seen, options, &curvature, &weights};
      const auto state = method->prepare == nullptr ? nullptr : method->prepare(seen, options);
      const auto tensor = method->solve(problem, state.get()).tensor;
      Tensor values(DType::kF32, held.shape());
      codec::dequantize_rows(tensor, 0, kRows, values.data<float>());
      for (std::int64_t i = 0; i < values.size(); ++i) {
        if (held.data<float>()[i] != 0) continue;
        ASSERT_EQ(values.data<float>()[i], 0.0f) << method->name << ", " << i;
      }
      // Those that make up for errors make up for the zeros too.
      const double error = output_error(weights, values, x), held_error = output_error(weights, held, x);
      if (!method->observers.empty() && method->name != "imatrix" && scheme.bits >= 4) {
        EXPECT_LT(error, 0.7 * held_error) << method->name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, PrunedAndRounded,
                         testing::Values("int4-g32", "int4-g32-asym", "int3-g40-asym", "int8", "int8-asym", "int2-g64",
                                         "int4-tensor", "q3_k", "q6_k", "nf4-g64", "mxfp4", "nvfp4", "f8_e4m3",
                                         "f8_e4m3-b8x16"),
                         [](const auto& each) {
                           std::string name = each.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

Candidate pruned_candidate(const GoldenModel& model, const std::string& scheme, const std::string& method,
                           const std::string& pruning) {
  Candidate candidate = candidate_of(model.walker, scheme, method);
  for (auto& [id, decision] : candidate.decisions) {
    if (graph::is_linear_role(model.built.graph.value(id).weight.role)) decision.pruning = parse_pruning(pruning);
  }
  return candidate;
}

TEST(PruningInTheSweep, IsEnteredInTheLedgerAndHeld) {
  const GoldenModel model("llama");
  for (const auto& [scheme, method] :
       {std::pair{"f16", "rtn"}, {"none", "rtn"}, {"int4-g32", "gptq"}, {"int8", "rtn"}}) {
    for (const std::string pruning : {"magnitude:50%", "wanda:50%", "sparsegpt:2:4"}) {
      Candidate candidate = pruned_candidate(model, scheme, method, pruning);
      quantize(model.walker, {&candidate}, {.windows = model.windows(6, 32, 1), .statistics = nullptr});
      ASSERT_EQ(candidate.ledger.size(), 14U);
      for (const SiteReport& report : candidate.ledger) {
        EXPECT_EQ(report.pruning, pruning) << report.name;
        EXPECT_GE(report.zeros, 0.5) << report.name;
        EXPECT_LT(report.zeros, 0.62) << report.name;
        EXPECT_EQ(report.scheme, scheme);
      }
      for (const Tensor& logits : model.logits(model.windows(1, 8, 2), &candidate.overlay)) {
        for (const float value : logits.values<float>()) ASSERT_TRUE(std::isfinite(value));
      }
    }
  }
}

TEST(PruningInTheSweep, NeedsTextUnlessByMagnitude) {
  const GoldenModel model("llama");
  Candidate wanda = pruned_candidate(model, "f16", "rtn", "wanda:50%");
  expect_error(ErrorCode::kUsage, "wanda:50% needs calibration text", [&] { quantize(model.walker, {&wanda}, {}); });
  Candidate magnitude = pruned_candidate(model, "f16", "rtn", "magnitude:50%");
  quantize(model.walker, {&magnitude}, {});
  EXPECT_EQ(magnitude.ledger.size(), 14U);
}

TEST(PruningInTheSweep, ReadsTheSameFromTheScratchFile) {
  const GoldenModel model("llama");
  const CalibrationData text{.windows = model.windows(4, 32, 1), .statistics = nullptr};
  Candidate roomy = pruned_candidate(model, "f16", "rtn", "sparsegpt:50%"),
            cramped = pruned_candidate(model, "f16", "rtn", "sparsegpt:50%");
  quantize(model.walker, {&roomy}, text);
  quantize(model.walker, {&cramped}, text, 0);
  for (const auto& [id, source] : roomy.overlay.entries()) {
    EXPECT_TRUE(test::same_bits(source->read(), cramped.overlay.entries().at(id)->read()));
  }
}

}  // namespace
}  // namespace kerf::quant
