#include "quant/activation_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "quant/recipe.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/temp_dir.h"

namespace kerf::quant {
namespace {

using test::expect_error;

TEST(ActivationChoice, ReadsASchemeAndItsRange) {
  const RangeChoice fallback = parse_range("entropy");
  EXPECT_FALSE(parse_activations("", fallback));
  EXPECT_FALSE(parse_activations("None", fallback));
  EXPECT_EQ(parse_activations("int8-dynamic", fallback)->name(), "int8-dynamic");
  EXPECT_EQ(parse_activations("int8-static", fallback)->name(), "int8-static/entropy");
  EXPECT_EQ(parse_activations("INT8-static-asym/percentile-99.5", fallback)->name(),
            "int8-static-asym/percentile-99.5");
  expect_error(ErrorCode::kUsage, "a rule is for static ones",
               [&] { parse_activations("int8-dynamic/mse", fallback); });
  expect_error(ErrorCode::kUsage, "no activation scheme", [&] { parse_activations("int8/mse", fallback); });
  expect_error(ErrorCode::kUsage, "no range rule ' '", [&] { parse_activations("int8-static/ ", fallback); });
}

/// Names of the activations that a recipe chooses for the weights of some roles; "-" for none.
std::vector<std::string> chosen(const std::string& rules, const std::string& fallback = "") {
  const test::TempDir dir;
  const test::GoldenModel model("llama");
  const Recipe recipe = read_recipe(dir.write("r.yaml", "rules:\n" + rules), DType::kF16,
                                    parse_activations(fallback, parse_range("")), parse_range("entropy"));
  const auto decisions = decide(model.built.graph, model.walker.plan(), recipe);
  std::vector<std::string> names;
  for (const char* role : {"q", "down", "head", "embedding"}) {
    for (const auto& [id, decision] : decisions) {
      const auto& weight = model.built.graph.value(id).weight;
      if (graph::role_name(weight.role) != role || weight.layer > 0) continue;
      names.push_back(decision.activations ? decision.activations->name() : "-");
      break;
    }
  }
  return names;
}

TEST(ActivationChoice, RulesOfARecipeMakeOne) {
  using testing::ElementsAre;
  const std::string q = "  - {role: q, scheme: int8, activations: int8-static}\n";
  const std::string rest = "  - {scheme: int8}\n", kept = "  - {keep: true}\n";
  EXPECT_THAT(chosen(q + rest), ElementsAre("int8-static/entropy", "-", "-", "-"));
  EXPECT_THAT(chosen(q + rest, "int8-dynamic"), ElementsAre("int8-static/entropy", "int8-dynamic", "-", "-"))
      << "the default is for quantized weights inside the blocks";
  EXPECT_THAT(chosen("  - {role: q, scheme: int8, activations: none}\n" + rest, "int8-dynamic"),
              ElementsAre("-", "int8-dynamic", "-", "-"));
  EXPECT_THAT(chosen("  - {role: q, scheme: f16}\n" + kept, "int8-dynamic"), ElementsAre("-", "-", "-", "-"));
  EXPECT_THAT(chosen("  - {role: head, scheme: f16, activations: int8-dynamic}\n" + kept),
              ElementsAre("-", "-", "int8-dynamic", "-"))
      << "a rule that says so reaches the head";
  EXPECT_THAT(chosen("  - {role: embedding, scheme: int8, activations: int8-dynamic}\n" + kept),
              ElementsAre("-", "-", "-", "-"))
      << "rows are looked up, not multiplied";
  expect_error(ErrorCode::kInput, "line 2: no activation scheme",
               [&] { chosen("  - {scheme: int8, activations: int77-dynamic}\n"); });
  expect_error(ErrorCode::kInput, "activations or keep: true",
               [&] { chosen("  - {keep: true, activations: none}\n"); });
}

}  // namespace
}  // namespace kerf::quant
