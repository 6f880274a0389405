#include "api/expected_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/choice.h"
#include "core/error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::api {
namespace {

std::string golden() { return test::source_dir() + "/tests/golden/checkpoints/llama"; }

ExpectedMemory expected(const std::string& method, const std::vector<std::string>& transforms = {},
                        const std::vector<std::string>& prune = {}, std::int64_t samples = 128) {
  const OpenModel model(golden());
  QuantizationChoice choice;
  choice.scheme = "int4-g32";
  choice.method = method;
  choice.transforms = transforms;
  choice.prune = prune;
  CalibrationOptions calibration;
  calibration.samples = samples;
  return expected_memory(model, make_candidate(model, choice, ""), calibration, 2);
}

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;

TEST(ExpectedMemory, MethodsThatLookAtMoreTakeMore) {
  const auto total = [](const std::string& method) { return expected(method).total(kPlenty); };
  EXPECT_LT(total("rtn"), total("gptq"));
  EXPECT_LT(total("gptq"), total("gptaq"));
  EXPECT_LT(total("gptaq"), total("yaqa"));
  EXPECT_LT(total("yaqa"), total("learned"));
  EXPECT_LT(total("gptq"), expected("gptq", {}, {"sparsegpt:50%"}).total(kPlenty));
  EXPECT_GT(expected("rtn", {"distill"}).distillation.working, 0U);
  EXPECT_EQ(expected("gptq").distillation.working, 0U);
  EXPECT_EQ(expected("gptaq").derivatives.working, 0U);
  EXPECT_GT(expected("yaqa").derivatives.kept, expected("yaqa", {}, {}, 64).derivatives.kept);
}

TEST(ExpectedMemory, WhatMayGoToAScratchFileIsBounded) {
  const ExpectedMemory memory = expected("learned");
  EXPECT_EQ(memory.total(0), memory.working);
  EXPECT_LE(memory.total(1000), memory.working + 1000);
  EXPECT_LT(memory.total(1000), memory.total(kPlenty));
}

TEST(ExpectedMemory, TooLittleIsRefusedBeforeAnyWork) {
  const test::TempDir folder;
  QuantizeOptions options;
  options.model = golden();
  options.outputs.push_back({.path = folder / "m.gguf", .format = "", .options = {}});
  options.choice.scheme = "int4-g32";
  options.choice.method = "rtn";
  Resources resources;
  resources.max_ram = 1 << 20;
  try {
    quantize(options, resources);
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr("--max-ram 1.0 MiB: this run needs about"));
  }
  options.dry_run = true;
  EXPECT_GT(quantize(options, resources).expected_ram, resources.max_ram) << "and said by a dry run";
}

}  // namespace
}  // namespace kerf::api
