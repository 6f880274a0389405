#include "quant/recipe.h"

#include <gtest/gtest.h>

#include "core/output.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/temp_dir.h"

namespace kerf::quant {
namespace {

class RecipeFile : public testing::Test {
 protected:
  Recipe read(const std::string& text) {
    const std::string path = folder_.path() + "/recipe.yaml";
    write_file(path, text);
    return read_recipe(path, DType::kF16);
  }
  test::TempDir folder_;
};

TEST_F(RecipeFile, FirstMatchWins) {
  const test::GoldenModel model("llama");
  const Recipe recipe = read(
      "rules: [{role: down, layers: \"1\", scheme: int8}, {name: \"*mlp*\", scheme: int4-g32, method: gptq},\n"
      "        {role: head, keep: true}, {role: q, scheme: f16}]\n");
  const auto decisions = decide(model.built.graph, model.walker.plan(), recipe);
  const auto scheme = [&](const std::string& name) {
    for (const auto& [id, decision] : decisions) {
      if (model.built.graph.value(id).weight.name == name) return decision.scheme.name;
    }
    return std::string("?");
  };
  EXPECT_EQ(scheme("model.layers.0.mlp.down_proj.weight"), "int4-g32");
  EXPECT_EQ(scheme("model.layers.1.mlp.down_proj.weight"), "int8");
  EXPECT_EQ(scheme("model.layers.1.mlp.up_proj.weight"), "int4-g32");
  EXPECT_EQ(scheme("model.layers.0.self_attn.q_proj.weight"), "f16");
  EXPECT_EQ(scheme("lm_head.weight"), "none");
  EXPECT_EQ(scheme("model.layers.0.self_attn.k_proj.weight"), "none");
}

TEST_F(RecipeFile, RulesAskForRolesDepthAndTheModel) {
  const test::GoldenModel model("llama");
  const Recipe recipe = read(
      "about: a line\n"
      "rules:\n"
      " - {role: [q, k], layers: \"from 1/2\", scheme: int8}\n"
      " - {role: linear, model: {experts: \">=1\"}, scheme: int2}\n"
      " - {role: v, calibrated: true, scheme: int3, method: gptq}\n"
      " - {role: linear, calibrated: true, scheme: int3, method: rtn}\n"
      " - {role: linear, calibrated: false, scheme: int4-g32, method: rtn}\n");
  EXPECT_EQ(recipe.about, "a line");
  EXPECT_EQ(recipe.rules[0].text, "recipe {role: [q, k], layers: from 1/2, scheme: int8}");
  const auto decisions = decide(model.built.graph, model.walker.plan(), recipe, model.built.model.hyperparameters);
  for (const auto& [id, decision] : decisions) {
    const graph::Weight& weight = model.built.graph.value(id).weight;
    if (!graph::is_linear_role(weight.role)) continue;
    const bool query_or_key = weight.role == graph::Role::kQuery || weight.role == graph::Role::kKey;
    const std::string expected = query_or_key && weight.layer >= 1    ? "int8"
                                 : weight.role == graph::Role::kValue ? "int3"
                                                                      : "int4-g32";
    EXPECT_EQ(decision.scheme.name, expected) << weight.name;
  }
}

/// Without fallback the scheme stays, and the format refuses it by name.
TEST_F(RecipeFile, BlocksGiveWayOnlyIfTheRecipeSaysSo) {
  const test::GoldenModel model("llama");
  for (const bool fallback : {false, true}) {
    const Recipe recipe =
        read(std::string("rules: [{role: linear, scheme: q3_k}]\nfallback: ") + (fallback ? "true" : "false"));
    const auto decisions = decide(model.built.graph, model.walker.plan(), recipe);
    const auto fallen = count_fallbacks(model.built.graph, decisions);
    EXPECT_EQ(fallen.weights > 0, fallback);
    EXPECT_EQ(fallen.share, fallback ? 1 : 0);
  }
}

TEST_F(RecipeFile, MistakesAreNamedWithTheirLine) {
  const auto refused = [&](const std::string& text, const std::string& part) {
    test::expect_error(ErrorCode::kInput, part, [&] { read(text); });
  };
  refused("rules:\n - {rolle: down, scheme: int8}\n", "did you mean role?");
  refused("rules:\n - {role: down, scheme: int8}\n - {role: dwn, scheme: int8}\n", "line 3");
  refused("rules:\n - {role: down, role: up, scheme: int8}\n", "twice");
  refused("rules:\n - {role: down}\n", "needs a scheme");
  refused("rules:\n - {role: down, scheme: int8, keep: true}\n", "not both");
  refused("rules:\n - {role: down, scheme: int99}\n", "no scheme");
  refused("rules:\n - {layers: \"3-1\", scheme: int8}\n", "ends before it begins");
  refused("rules:\n - {layers: \"a\", scheme: int8}\n", "expected numbers");
  refused("rules:\n - {role: [down, dwn], scheme: int8}\n", "did you mean down?");
  refused("rules:\n - {role: [], scheme: int8}\n", "empty list");
  refused("rules:\n - {model: {expert: 8}, scheme: int8}\n", "did you mean experts?");
  refused("rules:\n - {model: 8, scheme: int8}\n", "expected a map");
  refused("rules:\n - {calibrated: maybe, scheme: int8}\n", "calibrated must be true or false");
  refused("fallback: 1\nrules: []\n", "fallback must be true or false");
  refused("rules: [", "not valid YAML");
  refused("rules: []\n---\nrules: []\n", "second document");
  refused("rule: []\n", "did you mean rules?");
  refused("", "expected a map");
}

TEST(Recipe, RulesPrune) {
  const Recipe recipe = parse_recipe(
      "rules:\n  - {role: down, scheme: int8, prune: sparsegpt:2:4}\n  - {role: up, scheme: int8, prune: none}\n"
      "  - {scheme: f16}\n",
      "r", DType::kF16, std::nullopt, parse_range(""), parse_pruning("wanda:50%"));
  ASSERT_EQ(recipe.rules.size(), 3U);
  EXPECT_EQ(recipe.rules[0].pruning->name(), "sparsegpt:2:4");
  EXPECT_FALSE(recipe.rules[1].pruning);
  EXPECT_EQ(recipe.rules[2].pruning->name(), "wanda:50%") << "what holds for all others";
  const auto refused = [](const std::string& rule, const std::string& why) {
    test::expect_error(ErrorCode::kInput, why, [&] { parse_recipe("rules:\n  - " + rule, "r", DType::kF16); });
  };
  refused("{scheme: int8, prune: wanda}", "line 2: pruning 'wanda'");
  refused("{scheme: int8, prune: neurons:25%}", "give --prune");
  refused("{keep: true, prune: wanda:50%}", "either prune or keep");
  refused("{scheme: int8, prune: [a, b]}", "prune must be a single value");
}

}  // namespace
}  // namespace kerf::quant
