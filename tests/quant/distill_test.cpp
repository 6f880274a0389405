#include "quant/distill.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/thread_setting.h"

namespace kerf::quant {
namespace {

/// A candidate rounded to 3 bits, solved.
Candidate solved(const test::GoldenModel& golden, const std::string& scheme) {
  Candidate candidate = candidate_of(golden.walker, scheme, "rtn");
  quantize(golden.walker, {&candidate}, {});
  return candidate;
}

/// The codes of all its weights.
std::map<graph::ValueId, codec::QuantizedTensor> all_codes(const Candidate& candidate) {
  std::map<graph::ValueId, codec::QuantizedTensor> codes;
  for (const auto& [id, decision] : candidate.decisions) {
    if (decision.scheme.quantized()) codes.emplace(id, codes_of(candidate, id));
  }
  return codes;
}

DistillReport tune(const test::GoldenModel& golden, Candidate& candidate, const DistillOptions& options) {
  return distill(golden.walker, golden.walker, candidate, *golden.windows(64, 24, 9), budget_of(std::uint64_t{1} << 30),
                 options);
}

TEST(Distill, LowersTheDivergenceOnWindowsItDidNotTrainOn) {
  for (const char* name : {"llama", "gpt2", "mixtral", "bert-mlm"}) {
    for (const char* scheme : {"int3-g32", "int3-g32-min"}) {
      const test::GoldenModel golden(name);
      Candidate candidate = solved(golden, scheme);
      const DistillReport report = tune(golden, candidate, {.epochs = 3, .batch = 8, .scale_rate = 2e-3});
      EXPECT_TRUE(report.kept) << name << " " << scheme << ": " << report.before << " -> " << report.after;
      EXPECT_LT(report.after, 0.99 * report.before) << name << " " << scheme;
      EXPECT_EQ(report.steps, 21) << name;  // 8 of 64 windows judge
    }
  }
}

/// Codes stay, scales are exact in their dtype.
TEST(Distill, ChangesWhatAFileCanHold) {
  const test::GoldenModel golden("llama");
  Candidate candidate = solved(golden, "int4-g32");
  const auto before = all_codes(candidate);
  ASSERT_TRUE(tune(golden, candidate, {.epochs = 4, .batch = 4, .scale_rate = 1e-2}).kept);
  bool changed = false;
  for (const auto& [id, then] : before) {
    const codec::QuantizedTensor now = codes_of(candidate, id);
    EXPECT_EQ(now.codes, then.codes);
    changed = changed || now.scales != then.scales;
    for (const float scale : now.scales) EXPECT_EQ(scale, codec::round_to(now.scheme.scale_dtype, scale));
  }
  EXPECT_TRUE(changed);
}

/// Rates that ruin the model: everything is as it was.
TEST(Distill, IsTakenBackWhereItDoesNotHelp) {
  const test::GoldenModel golden("llama");
  Candidate candidate = solved(golden, "int4-g32");
  const auto before = all_codes(candidate);
  const DistillReport report =
      tune(golden, candidate, {.epochs = 2, .batch = 4, .scale_rate = 2.0, .vector_rate = 2.0});
  EXPECT_FALSE(report.kept);
  EXPECT_GT(report.after, report.before);
  for (const auto& [id, then] : before) EXPECT_EQ(codes_of(candidate, id).scales, then.scales);
}

TEST(Distill, HasTheSameBitsForAnyNumberOfThreads) {
  const test::GoldenModel golden("llama");
  const auto with = [&](int threads) {
    const test::ThreadSetting setting(threads);
    Candidate candidate = solved(golden, "int4-g32");
    tune(golden, candidate, {.epochs = 1, .batch = 4});
    return all_codes(candidate);
  };
  const auto one = with(1), three = with(3);
  for (const auto& [id, codes] : one) EXPECT_EQ(codes.scales, three.at(id).scales);
}

/// As a part of a run: only in the walk's finish does it happen.
TEST(Distill, IsATransformOfTheWholeModel) {
  const test::GoldenModel golden("llama");
  Candidate candidate = candidate_of(golden.walker, "int3-g32", "gptq", {"distill"});
  EXPECT_TRUE(is_tuned(candidate));
  CalibrationData data;
  data.windows = golden.windows(16, 24, 9);
  Quantizer quantizer(golden.walker, {&candidate}, data, budget_of(1 << 28));
  for (const sweep::Block& block : golden.walker.plan().blocks) {
    quantizer.process_block(block, golden.walker.prepare_block(block, nullptr, nullptr));
  }
  const std::size_t before = candidate.ledger.size();
  quantizer.finish();
  ASSERT_EQ(candidate.ledger.size(), before + 1);
  EXPECT_EQ(candidate.ledger.back().method, "distill");
  EXPECT_LE(candidate.ledger.back().block_error, candidate.ledger.back().block_error_rtn);
}

}  // namespace
}  // namespace kerf::quant
