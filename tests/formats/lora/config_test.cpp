#include "formats/lora/config.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::formats::lora {
namespace {

using test::expect_error;

class LoraConfig : public ::testing::Test {
 protected:
  Config parse(const std::string& keys) {
    json_ = Json::parse("{\"peft_type\":\"LORA\"" + (keys.empty() ? keys : "," + keys) + "}", "adapter_config.json");
    const auto matches = [this](const JsonCursor&, const std::string& expression, const std::string& name) {
      asked_.push_back(expression + " " + name);
      return false;
    };
    return {JsonCursor(json_, "adapter_config.json"), matches, notes_};
  }

  Json json_;
  std::vector<std::string> notes_, asked_;
};

TEST_F(LoraConfig, ScalingIsAlphaOverTheRank) {
  EXPECT_EQ(parse(R"("r":16,"lora_alpha":4)").scaling("m"), 0.25);
  EXPECT_EQ(parse(R"("r":16,"lora_alpha":4,"use_rslora":true)").scaling("m"), 1.0);
  EXPECT_EQ(parse("").scaling("m"), 1.0);  // peft's defaults are 8 and 8
  EXPECT_EQ(parse(R"("r":3,"lora_alpha":-1.5)").scaling("m"), -0.5);
}

TEST_F(LoraConfig, PatternsMeanTheEndOfANameFromAPartOn) {
  const Config config = parse(
      R"("r":8,"lora_alpha":8,"rank_pattern":{"q_proj":2,"layers.1.mlp.up_proj":4,"proj":16},"alpha_pattern":{"q_proj":6})");
  EXPECT_EQ(config.rank("q_proj"), 2);
  EXPECT_EQ(config.rank("model.layers.0.self_attn.q_proj"), 2);
  EXPECT_EQ(config.rank("model.layers.1.mlp.up_proj"), 4);
  EXPECT_EQ(config.rank("model.layers.11.mlp.up_proj"), 8);  // "1.mlp.up_proj" is not a whole part
  EXPECT_EQ(config.rank("model.layers.1.mlp.up_proj.extra"), 8);
  EXPECT_EQ(config.rank("model.xq_proj"), 8);
  EXPECT_EQ(config.rank("a.proj"), 16);
  EXPECT_EQ(config.scaling("a.q_proj"), 3.0);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(LoraConfig, TheFirstPatternThatFitsCounts) {
  EXPECT_EQ(parse(R"("rank_pattern":{"q_proj":2,"attn.q_proj":4})").rank("attn.q_proj"), 2);
  EXPECT_EQ(parse(R"("rank_pattern":{"attn.q_proj":4,"q_proj":2})").rank("attn.q_proj"), 4);
  // A dot is one of the expression's: any character.
  EXPECT_EQ(parse(R"("rank_pattern":{"attn.q":4})").rank("attn_q"), 4);
}

TEST_F(LoraConfig, ExpressionsAreAskedForWhole) {
  EXPECT_EQ(parse(R"("rank_pattern":{".*(q|k)_proj":2})").rank("a.q_proj"), 8);
  EXPECT_EQ(asked_, (std::vector<std::string>{R"((?:.*\.)?(?:.*(q|k)_proj) a.q_proj)"}));
}

TEST_F(LoraConfig, ModulesToSaveAreNamedByTheirLastPart) {
  const Config config = parse(R"("modules_to_save":["lm_head","a.score"])");
  EXPECT_TRUE(config.is_saved("lm_head"));
  EXPECT_TRUE(config.is_saved("model.lm_head"));
  EXPECT_TRUE(config.is_saved("x.a.score"));
  EXPECT_FALSE(config.is_saved("score"));
  EXPECT_FALSE(config.is_saved("my_lm_head"));
}

TEST_F(LoraConfig, RefusesByNameWhatItDoesNotMerge) {
  const auto refused = [&](const std::string& keys, std::string_view what) {
    SCOPED_TRACE(keys);
    expect_error(ErrorCode::kInput, what, [&] { parse(keys); });
  };
  refused(R"("target_parameters":["mlp.experts.gate_up_proj"])", "target_parameters: asks for");
  refused(R"("layer_replication":[[0,4],[2,5]])", "layer_replication");
  refused(R"("trainable_token_indices":[1,2])", "trainable_token_indices");
  refused(R"("lora_bias":true)", "lora_bias");
  refused(R"("megatron_config":{"a":1})", "megatron_config");
  refused(R"("alora_invocation_tokens":[1])", "alora_invocation_tokens");
  refused(R"("init_lora_weights":"pissa_niter_16")", "init_lora_weights: says 'pissa_niter_16', which changed");
  refused(R"("r":0)", "r: found 0");
  refused(R"("r":"8")", "r: found a string");
  refused(R"("lora_alpha":1e300)", "lora_alpha");
  refused(R"("rank_pattern":{"q_proj":-1})", "rank_pattern.q_proj");
  const Json other = Json::parse(R"({"peft_type":"IA3"})", "adapter_config.json");
  expect_error(ErrorCode::kInput, "peft_type: found 'IA3', expected 'LORA'",
               [&] { Config(JsonCursor(other, "adapter_config.json"), nullptr, notes_); });
}

TEST_F(LoraConfig, FeaturesThatAreOffAndUnknownKeysAreNoErrors) {
  parse(R"("target_parameters":null,"lora_bias":false,"megatron_config":null,"layer_replication":null,
           "init_lora_weights":"gaussian","rank_pattern":{},"bias":"all","new_thing":null,"base_model_name_or_path":"x")");
  EXPECT_TRUE(notes_.empty());
  parse(R"("new_thing":true)");
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_EQ(notes_[0], "adapter_config.json: the key 'new_thing' is unknown and left aside");
}

}  // namespace
}  // namespace kerf::formats::lora
