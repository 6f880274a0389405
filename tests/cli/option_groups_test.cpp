#include "cli/option_groups.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "core/threads.h"
#include "tests/support/expect_error.h"

namespace kerf::cli {
namespace {

using test::expect_error;
using Strings = std::vector<std::string>;

class OptionGroupsTest : public ::testing::Test {
 protected:
  void parse(Strings words) {
    std::reverse(words.begin(), words.end());
    app_.parse(std::move(words));
  }
  CLI::App app_;
};

TEST_F(OptionGroupsTest, AdaptersHaveWeights) {
  const AdapterOption option(app_, "--lora", "MODEL");
  parse({});
  EXPECT_TRUE(option.read().empty());
  parse({"--lora", "a", "--lora", "b/c=0.5", "--lora", "d=e=-1"});
  const std::vector<Adapter> adapters = option.read();
  ASSERT_EQ(adapters.size(), 3U);
  EXPECT_EQ(adapters[0].folder, "a");
  EXPECT_EQ(adapters[0].weight, 1);
  EXPECT_EQ(adapters[1].folder, "b/c");
  EXPECT_EQ(adapters[1].weight, 0.5);
  EXPECT_EQ(adapters[2].folder, "d=e");
  EXPECT_EQ(adapters[2].weight, -1);
  parse({"--lora", "a=half"});
  expect_error(ErrorCode::kUsage, "--lora: found 'half'", [&] { option.read(); });
}

TEST_F(OptionGroupsTest, EvaluationDefaultsAreTheLibrarys) {
  const EvaluationGroup group(app_);
  parse({"--text", "a.txt"});
  const EvaluationOptions options = group.read("eval");
  EXPECT_EQ(options.text.files, (Strings{"a.txt"}));
  EXPECT_EQ(options.protocol, "") << "the model decides";
  EXPECT_EQ(options.text.mask_token, -1);
  EXPECT_EQ(options.context, 0);
  EXPECT_EQ(options.windows, -1);
}

TEST_F(OptionGroupsTest, EvaluationReadsEveryOption) {
  const EvaluationGroup group(app_);
  parse({"--text", "a", "--text", "b", "--tokenizer", "t", "--protocol", "gptq", "--context", "64", "--chunks", "3",
         "--mask-token", "103"});
  const EvaluationOptions options = group.read("eval");
  EXPECT_EQ(options.text.files, (Strings{"a", "b"}));
  EXPECT_EQ(options.text.tokenizer, "t");
  EXPECT_EQ(options.text.mask_token, 103);
  EXPECT_EQ(options.protocol, "gptq");
  EXPECT_EQ(options.context, 64);
  EXPECT_EQ(options.windows, 3);
}

TEST_F(OptionGroupsTest, EvaluationNeedsOneText) {
  const EvaluationGroup group(app_);
  parse({});
  expect_error(ErrorCode::kUsage, "eval needs evaluation text", [&] { group.read("eval"); });
  parse({"--text", "a", "--tokens", "b"});
  expect_error(ErrorCode::kUsage, "--text and --tokens are both given", [&] { group.read("eval"); });
  parse({"--tokens", "b", "--windows", "0"});
  expect_error(ErrorCode::kUsage, "--windows: found '0'", [&] { group.read("eval"); });
}

TEST_F(OptionGroupsTest, CalibrationStandsAlone) {
  const CalibrationGroup group(app_);
  parse({"--tokens", "ids.jsonl", "--samples", "16", "--seed", "3", "--context", "32"});
  EXPECT_TRUE(group.given());
  const CalibrationOptions options = group.read();
  EXPECT_EQ(options.text.tokens_file, "ids.jsonl");
  EXPECT_EQ(options.samples, 16);
  EXPECT_EQ(options.seed, 3U);
  EXPECT_EQ(options.context, 32);
}

TEST_F(OptionGroupsTest, CalibrationBesideEvaluationSharesTheContext) {
  const EvaluationGroup evaluation(app_);
  const CalibrationGroup calibration(app_, &evaluation);
  parse({"--text", "e", "--calibration", "c", "--calibration", "d", "--context", "32"});
  EXPECT_EQ(calibration.read().text.files, (Strings{"c", "d"}));
  EXPECT_EQ(calibration.read().context, 32);
  EXPECT_EQ(evaluation.read("compare").text.files, (Strings{"e"}));
}

TEST_F(OptionGroupsTest, IdsForCalibrationBesideEvaluation) {
  const EvaluationGroup evaluation(app_);
  const CalibrationGroup calibration(app_, &evaluation);
  parse({"--tokens", "e.jsonl", "--calibration-tokens", "c.jsonl"});
  EXPECT_TRUE(calibration.given());
  EXPECT_EQ(calibration.read().text.tokens_file, "c.jsonl");
  EXPECT_EQ(evaluation.read("compare").text.tokens_file, "e.jsonl");
  parse({"--tokens", "e", "--calibration", "c", "--calibration-tokens", "d"});
  expect_error(ErrorCode::kUsage, "--calibration and --calibration-tokens are both given", [&] { calibration.read(); });
}

TEST_F(OptionGroupsTest, ChoiceReadsEveryOption) {
  const ChoiceGroup group(app_, true);
  parse({"--scheme",      "int4-g32", "--method",        "gptq",           "--transform", "a,b",
         "--transform",   "c",        "--embedding",     "int8",           "--head",      "f16",
         "--scale-dtype", "bf16",     "--keep",          "*.down*",        "--keep",      "x",
         "--damping",     "0.1",      "--no-sequential", "--no-act-order", "--recipe",    "r.yaml"});
  const QuantizationChoice choice = group.read();
  EXPECT_EQ(choice.scheme, "int4-g32");
  EXPECT_EQ(choice.method, "gptq");
  EXPECT_EQ(choice.transforms, (Strings{"a", "b", "c"}));
  EXPECT_EQ(choice.embedding, "int8");
  EXPECT_EQ(choice.head, "f16");
  EXPECT_EQ(choice.scale_dtype, "bf16");
  EXPECT_EQ(choice.keep, (Strings{"*.down*", "x"}));
  EXPECT_EQ(choice.damping, 0.1);
  EXPECT_FALSE(choice.sequential);
  EXPECT_FALSE(choice.act_order);
  EXPECT_EQ(choice.recipe, "r.yaml");
}

TEST_F(OptionGroupsTest, ChoiceDefaultsAreTheLibrarys) {
  const ChoiceGroup group(app_, false);
  parse({});
  const QuantizationChoice choice = group.read(), fallback;
  EXPECT_EQ(choice.scheme, fallback.scheme);
  EXPECT_EQ(choice.damping, fallback.damping);
  EXPECT_TRUE(choice.sequential);
  EXPECT_TRUE(choice.act_order);
}

TEST_F(OptionGroupsTest, ResourcesSetTheThreads) {
  const int before = thread_count();
  ResourceOptions group(app_);
  parse({"--threads", "3", "--max-ram", "2G", "--scratch", "/var/tmp", "--quiet"});
  const Resources resources = group.read();
  EXPECT_EQ(resources.threads, 3);
  EXPECT_EQ(thread_count(), 3);
  EXPECT_EQ(resources.max_ram, std::uint64_t{2} << 30);
  EXPECT_EQ(resources.scratch_folder, "/var/tmp");
  EXPECT_EQ(resources.progress, nullptr);
  EXPECT_EQ(group.limits_line(), "limits: 3 threads (--threads), 2.0 GiB of memory (--max-ram)\n");
  set_thread_count(before);
}

}  // namespace
}  // namespace kerf::cli
