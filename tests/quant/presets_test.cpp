#include "quant/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Presets, AllAreReadAndSayWhatTheyAre) {
  EXPECT_GE(presets().size(), 16U);
  for (const Preset& preset : presets()) {
    const Recipe recipe = load_recipe(std::string(preset.name), DType::kF16);
    EXPECT_FALSE(recipe.about.empty()) << preset.name;
    EXPECT_TRUE(recipe.fallback) << preset.name;
    for (const Rule& rule : recipe.rules) EXPECT_THAT(rule.text, StartsWith(std::string(preset.name) + " {"));
  }
}

TEST(Presets, AreFoundInAnyCaseAndTheNearestIsNamed) {
  EXPECT_EQ(find_preset("Q4_K_M")->name, "q4_k_m");
  EXPECT_EQ(find_preset("q4_k_x"), nullptr);
  test::expect_error(ErrorCode::kUsage, "did you mean q4_k_", [] { load_recipe("q4_k_x", DType::kF16); });
}

/// The golden's rows of 64 are not multiples of 256: every weight gets what stands in for its block.
TEST(Presets, RowsThatBlocksDoNotDivideGetNarrowerOnes) {
  const test::GoldenModel model("llama");
  const auto decisions = decide(model.built.graph, model.walker.plan(), load_recipe("q4_k_m", DType::kF16),
                                model.built.model.hyperparameters);
  int q5_0 = 0, q8_0 = 0;
  for (const auto& [id, decision] : decisions) {
    if (!decision.scheme.quantized()) continue;
    EXPECT_TRUE(decision.fallback);
    EXPECT_THAT(decision.rule, HasSubstr("its blocks of 256 do not divide rows of"));
    q5_0 += decision.scheme == codec::parse_scheme("q5_0") ? 1 : 0;
    q8_0 += decision.scheme == codec::parse_scheme("q8_0") ? 1 : 0;
  }
  EXPECT_GT(q5_0, 4);
  EXPECT_GT(q8_0, 2);
  const Fallbacks fallen = count_fallbacks(model.built.graph, decisions);
  EXPECT_EQ(fallen.weights, fallen.of_weights);
  EXPECT_EQ(fallen.share, 1);
}

}  // namespace
}  // namespace kerf::quant
