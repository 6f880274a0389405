#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kerf/kerf.h"

#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf {
namespace {

using test::expect_error;
using testing::ElementsAre;

TEST(ParseSpec, SchemeMethodAndTransforms) {
  QuantizationChoice defaults;
  defaults.embedding = "int8-g32";
  const QuantizationChoice choice = parse_spec("int4-g32/gptq+awq", defaults);
  EXPECT_EQ(choice.scheme, "int4-g32");
  EXPECT_EQ(choice.method, "gptq");
  EXPECT_THAT(choice.transforms, ElementsAre("awq"));
  EXPECT_EQ(choice.embedding, "int8-g32");
  EXPECT_EQ(parse_spec("int8", {}).method, "rtn");
  expect_error(ErrorCode::kUsage, "int7-g31x", [] { parse_spec("int7-g31x", {}); });
}

TEST(ParseSpec, AWordInTheWrongPlaceIsToldWhereItBelongs) {
  expect_error(ErrorCode::kUsage, "as in int4-g32/rtn+awq", [] { parse_spec("int4-g32+awq", {}); });
  expect_error(ErrorCode::kUsage, "as in --candidate int8 int4-g32", [] { parse_spec("int8,int4-g32", {}); });
  expect_error(ErrorCode::kUsage, "no such file or folder", [] { parse_spec("missing.gguf", {}); });
  expect_error(ErrorCode::kUsage, "no method 'wanda': it is a way of pruning: --prune wanda:25%",
               [] { parse_spec("int8/wanda", {}); });
  expect_error(ErrorCode::kUsage, "no pruning 'awq': it is a transform: --transform awq",
               [] { parse_spec("int8/rtn+awq:2:4", {}); });
}

TEST(ParseSpec, ActivationsFollowAnAt) {
  const QuantizationChoice choice = parse_spec("int8/rtn+smoothquant@int8-static/percentile-99.9", {});
  EXPECT_EQ(choice.scheme, "int8");
  EXPECT_EQ(choice.method, "rtn");
  EXPECT_THAT(choice.transforms, ElementsAre("smoothquant"));
  EXPECT_EQ(choice.activations, "int8-static/percentile-99.9");
  EXPECT_EQ(parse_spec("f16@int8-dynamic", {}).scheme, "f16");
  QuantizationChoice defaults;
  defaults.activations = "int8-dynamic";
  EXPECT_EQ(parse_spec("int8", defaults).activations, "") << "a candidate says it itself";
  expect_error(ErrorCode::kUsage, "expected activations behind @", [] { parse_spec("int8@", {}); });
  expect_error(ErrorCode::kUsage, "no activation scheme 'int8'", [] { parse_spec("int8@int8", {}); });
  defaults.activation_range = "medium";
  expect_error(ErrorCode::kUsage, "no range rule 'medium'", [&] { parse_spec("int8@int8-static", defaults); });
}

TEST(ParseSpec, PruningIsAPartWithAColon) {
  const QuantizationChoice choice = parse_spec("int4-g32/gptq+awq+sparsegpt:2:4+neurons:25%@int8-dynamic", {});
  EXPECT_EQ(choice.method, "gptq");
  EXPECT_THAT(choice.transforms, ElementsAre("awq"));
  EXPECT_THAT(choice.prune, ElementsAre("sparsegpt:2:4", "neurons:25%"));
  EXPECT_EQ(choice.activations, "int8-dynamic");
  EXPECT_EQ(parse_spec("f16/wanda:50%", {}).method, "rtn");
  QuantizationChoice defaults;
  defaults.prune = {"wanda:50%"};
  EXPECT_TRUE(parse_spec("int8", defaults).prune.empty()) << "a candidate says it itself";
  expect_error(ErrorCode::kUsage, "no pruning 'wonda'", [] { parse_spec("f16/wonda:50%", {}); });
  expect_error(ErrorCode::kUsage, "another one of its kind", [] { parse_spec("f16/wanda:50%+magnitude:2:4", {}); });
}

TEST(ParseSpec, ARecipeIsNamedByItsEnding) {
  EXPECT_TRUE(names_a_recipe("a/b.yaml"));
  EXPECT_TRUE(names_a_recipe("b.yml"));
  EXPECT_TRUE(names_a_recipe("a/b.yaml/gptq"));
  EXPECT_TRUE(names_a_recipe("recipe:q6_k"));
  EXPECT_FALSE(names_a_recipe("int4-g32/rtn"));
  const QuantizationChoice choice = parse_spec("mixed.yaml", {});
  EXPECT_EQ(choice.recipe, "mixed.yaml");
  EXPECT_EQ(choice.scheme, "");
  const QuantizationChoice calibrated = parse_spec("a/mixed.yaml/gptq+awq", {});
  EXPECT_EQ(calibrated.recipe, "a/mixed.yaml");
  EXPECT_EQ(calibrated.method, "gptq");
  EXPECT_THAT(calibrated.transforms, ElementsAre("awq"));
}

TEST(ParseSpec, ANameIsASchemeFirstAndARecipeThen) {
  EXPECT_EQ(parse_spec("Q4_K_M/gptq", {}).recipe, "Q4_K_M");
  EXPECT_EQ(parse_spec("Q4_K_M/gptq", {}).method, "gptq");
  EXPECT_EQ(parse_spec("q6_k", {}).scheme, "q6_k");
  EXPECT_EQ(parse_spec("recipe:q6_k/imatrix", {}).recipe, "q6_k");
  EXPECT_EQ(parse_spec("recipe:q6_k/imatrix", {}).scheme, "");
  expect_error(ErrorCode::kUsage, "did you mean q6_k?", [] { parse_spec("recipe:q6_kk", {}); });
  expect_error(ErrorCode::kUsage, "did you mean q4_k_m?", [] { parse_spec("q4_kk_m", {}); });
}

/// Two recipes side by side: that which gives the same matrices more bits drifts less and takes more bytes.
TEST(Compare, RecipesAreCandidates) {
  const test::TempDir folder;
  folder.write("four.yaml", "rules:\n  - {role: down, scheme: int4-g32}\n");
  folder.write("eight.yaml", "rules:\n  - {role: down, scheme: int8-g32}\n");
  std::string ids = "[";
  for (int i = 0; i < 64; ++i) ids += (i > 0 ? "," : "") + std::to_string(3 + i * 37 % 150);
  folder.write("ids.jsonl", ids + "]\n");
  CompareOptions options;
  options.model = test::source_dir() + "/tests/golden/checkpoints/llama";
  options.candidates = {folder.path() + "/four.yaml", folder.path() + "/eight.yaml"};
  options.evaluation.text.tokens_file = folder.path() + "/ids.jsonl";
  options.evaluation.context = 64;
  const Comparison result = compare(options, {});
  ASSERT_EQ(result.candidates.size(), 2U);
  EXPECT_GT(result.candidates[0].kl.value().mean, 4 * result.candidates[1].kl.value().mean);
  EXPECT_GT(result.candidates[1].kl.value().mean, 0);
  EXPECT_LT(result.candidates[0].bytes, result.candidates[1].bytes);
}

}  // namespace
}  // namespace kerf
