#include <algorithm>

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
  expect_error(ErrorCode::kUsage, "as in int4-g32/rtn+rotate", [] { parse_spec("gptq+rotate", {}); });
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

class Chosen : public testing::Test {
 protected:
  /// What a dry run says that it would do.
  QuantizeResult plan(const QuantizationChoice& choice, const std::string& model = "llama",
                      const std::vector<std::string>& outputs = {"m.gguf"}) const {
    QuantizeOptions options;
    options.model = test::source_dir() + "/tests/golden/checkpoints/" + model;
    for (const std::string& output : outputs) options.outputs.push_back({folder_ / output, "", {}});
    options.choice = choice;
    options.dry_run = true;
    return quantize(options, {});
  }
  test::TempDir folder_;
};

TEST_F(Chosen, TheFirstLineIsTrueOfARecipeBesideAScheme) {
  folder_.write("down.yaml", "rules:\n  - {role: down, scheme: int4-g32}\n");
  QuantizationChoice choice;
  choice.recipe = folder_ / "down.yaml";
  choice.scheme = "int8";
  const QuantizeResult both = plan(choice, "llama", {"m"});
  EXPECT_EQ(both.chosen.rfind("recipe " + choice.recipe + ", scheme int8 where it has no rule, method rtn", 0), 0U)
      << both.chosen;
  for (const TensorPlan& tensor : both.tensors) {
    const bool ruled = tensor.name.find("down_proj") != std::string::npos;
    if (ruled || tensor.name.find("up_proj") != std::string::npos) {
      EXPECT_EQ(tensor.scheme, ruled ? "int4-g32" : "int8") << tensor.name;
    }
  }
  choice.scheme = "f16";
  EXPECT_THAT(plan(choice).chosen, testing::HasSubstr("scheme f16 where it has no rule"));
  choice.recipe.clear();
  EXPECT_EQ(plan(choice).chosen, "plain conversion to f16");
}

TEST_F(Chosen, TheFirstLineSaysWhoseDefaultItIs) {
  const auto begins = [](const QuantizeResult& result, const std::string& start) {
    EXPECT_EQ(result.chosen.rfind(start, 0), 0U) << result.chosen;
  };
  begins(plan({}, "llama", {"m.onnx"}), "scheme int4-g32 (default for onnx; ");
  begins(plan({}, "llama", {"m.gguf", "m.onnx"}), "scheme int4-g32 (default for several formats; ");
  begins(plan({}, "bert-mlm", {"m.onnx"}), "scheme int8 (default for models that are not causal; ");
}

TEST_F(Chosen, WhatNothingHeedsIsNoted) {
  QuantizationChoice choice;
  choice.scheme = "int8";
  choice.keep = {"*down_proj*", "*nothing*"};
  choice.damping = 0.1;
  choice.polish = 3;
  choice.steps = 7;
  choice.act_order = false;
  EXPECT_THAT(plan(choice).notes,
              testing::IsSupersetOf({std::string("--keep '*nothing*' keeps nothing: no weight has such a name"),
                                     std::string("--steps changes nothing: it is for learned")}));
  const auto flags = [&] {
    std::vector<std::string> found;
    for (const std::string& note : plan(choice).notes) {
      if (note.find(" changes nothing: it is for ") != std::string::npos)
        found.push_back(note.substr(0, note.find(' ')));
    }
    return found;
  };
  EXPECT_THAT(flags(), ElementsAre("--damping", "--no-act-order", "--polish", "--steps"));
  choice.method = "gptq";
  EXPECT_THAT(flags(), ElementsAre("--steps"));
  choice.method = "learned";
  EXPECT_THAT(flags(), ElementsAre());
  choice.method = "rtn";
  choice.prune = {"neurons:50%"};
  EXPECT_THAT(flags(), ElementsAre("--no-act-order", "--polish", "--steps"));
}

TEST_F(Chosen, ATransformOfAPlainConversionIsNoted) {
  const auto noted = [&](const QuantizationChoice& choice) {
    const auto notes = plan(choice).notes;
    return std::any_of(notes.begin(), notes.end(),
                       [](const auto& note) { return note.rfind("the transform distill has hardly", 0) == 0; });
  };
  QuantizationChoice choice;
  choice.scheme = "f16";
  choice.transforms = {"distill"};
  EXPECT_TRUE(noted(choice));
  choice.prune = {"magnitude:50%"};
  EXPECT_FALSE(noted(choice)) << "it makes up for what became zero";
  choice.prune.clear();
  choice.scheme = "q8_0";
  EXPECT_FALSE(noted(choice));
}

TEST_F(Chosen, AnUnknownEndingIsNoted) {
  QuantizationChoice choice;
  choice.scheme = "int8";
  EXPECT_THAT(plan(choice, "llama", {"m.ggml-v3"}).notes,
              testing::Contains(testing::HasSubstr("m.ggml-v3 is a folder of compressed-tensors: no format has the "
                                                   "ending '.ggml-v3'")));
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
  options.defaults.polish = 1;
  const Comparison result = compare(options, {});
  ASSERT_EQ(result.candidates.size(), 2U);
  EXPECT_THAT(result.text.notes, testing::Contains(testing::HasSubstr("--polish changes nothing")));
  EXPECT_GT(result.candidates[0].kl.value().mean, 4 * result.candidates[1].kl.value().mean);
  EXPECT_GT(result.candidates[1].kl.value().mean, 0);
  EXPECT_LT(result.candidates[0].bytes, result.candidates[1].bytes);
}

}  // namespace
}  // namespace kerf
