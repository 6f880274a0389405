#include "api/target_quality.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf {
namespace {

class Target : public testing::Test {
 protected:
  QuantizeOptions options() const {
    QuantizeOptions options;
    options.model = test::source_dir() + "/examples/tiny-llama";
    options.outputs = {{folder_ / "out.gguf", "", {}}};
    options.target.text.files = {test::source_dir() + "/examples/tiny-llama/evaluation.txt"};
    options.target.schemes = {"int3-g32", "int4-g32", "int8-g32"};
    options.target.windows = 2;
    options.outputs.front().path = folder_ / "out";
    return options;
  }
  static QuantizeResult run(const QuantizeOptions& options) { return quantize(options, {}); }
  test::TempDir folder_;
};

TEST_F(Target, ADivergenceIsKeptWithFewerBytesThanOneSchemeNeeds) {
  QuantizeOptions asked = options();
  asked.target.schemes = {"int4-g32", "int8-g32"};
  asked.target.kl = 0.02;
  const QuantizeResult result = run(asked);
  ASSERT_TRUE(result.target);
  EXPECT_LE(result.target->kl, 0.02);
  EXPECT_EQ(result.target->bytes, result.outputs[0].bytes);
  // Neither all in 4 bits, which is not enough, nor all in 8.
  EXPECT_EQ(result.target->weights.size(), 2U) << result.target->sentence;
}

TEST_F(Target, ASizeIsKeptAndNothingOfThatSizeIsBetter) {
  QuantizeOptions asked = options();
  asked.target.schemes = {"int4-g32", "int8-g32"};
  asked.target.bytes = 3300000;
  const QuantizeResult result = run(asked);
  ASSERT_TRUE(result.target);
  EXPECT_LE(result.outputs[0].bytes, asked.target.bytes);
  EXPECT_GT(result.outputs[0].bytes, asked.target.bytes * 9 / 10);
  ASSERT_EQ(result.target->uniform_scheme, "int4-g32");
  EXPECT_LE(result.target->kl, result.target->uniform_kl);
}

TEST_F(Target, ASizeHoldsForEachOutput) {
  QuantizeOptions asked = options();
  asked.target.schemes = {"int4-g32", "int8-g32"};
  asked.outputs.push_back({folder_ / "mlx", "mlx", {}});
  asked.dry_run = true;
  asked.target.bytes = 3300000;
  const QuantizeResult result = run(asked);
  ASSERT_TRUE(result.target);
  std::uint64_t largest = 0;
  for (const WrittenOutput& output : result.outputs) largest = std::max(largest, output.bytes);
  EXPECT_LE(largest, asked.target.bytes);
  EXPECT_EQ(result.target->bytes, largest);
}

TEST_F(Target, SchemesAreAllThatTheOutputHolds) {
  QuantizeOptions asked = options();
  asked.outputs = {{folder_ / "bnb", "bnb", {}}};
  asked.target.schemes.clear();
  asked.dry_run = true;
  asked.target.kl = 0.5;
  EXPECT_EQ(run(asked).target->weights.begin()->first.substr(0, 4), "nf4-");
  // It has one type of codes for all modules: no mixture, but another of the two.
  asked.target.kl = 0.002;
  const QuantizeResult fine = run(asked);
  EXPECT_EQ(fine.target->weights.begin()->first, "int8");
  EXPECT_LE(fine.target->kl, 0.002);
}

TEST_F(Target, WhereNothingIsHeldTheReasonIsSaid) {
  QuantizeOptions asked = options();
  asked.outputs = {{folder_ / "bnb", "bnb", {}}, {folder_ / "gptq", "gptq", {}}};
  asked.target.schemes.clear();
  asked.target.kl = 0.5;
  asked.choice.activations = "int8-dynamic";
  test::expect_error(ErrorCode::kUsage, "bitsandbytes cannot say that activations are rounded", [&] { run(asked); });
}

TEST_F(Target, WhatCannotBeMetIsRefusedWithWhatCan) {
  QuantizeOptions asked = options();
  asked.target.schemes = {"int4-g32"};
  asked.target.kl = 1e-6;
  test::expect_error(ErrorCode::kUsage, "cannot be met: the best mixture of int4-g32 that was measured reaches 0.0",
                     [&] { run(asked); });
  asked.target.kl = 0;
  asked.target.bytes = 1000;
  test::expect_error(ErrorCode::kUsage, "cannot be met", [&] { run(asked); });
}

TEST_F(Target, AskForOneThingAndNoScheme) {
  QuantizeOptions asked = options();
  asked.target.kl = 0.01;
  asked.target.bytes = 1000;
  test::expect_error(ErrorCode::kUsage, "give one of --target-kl", [&] { run(asked); });
  asked = options();
  asked.target.kl = 0.01;
  asked.choice.scheme = "int4-g32";
  test::expect_error(ErrorCode::kUsage, "chooses the schemes itself", [&] { run(asked); });
  asked = options();
  asked.target.kl = 0.01;
  asked.target.text.files.clear();
  test::expect_error(ErrorCode::kUsage, "needs text to measure on", [&] { run(asked); });
}

}  // namespace
}  // namespace kerf
