#include "formats/gguf/config.h"

#include <limits>

#include <gtest/gtest.h>

#include "formats/gguf/rope.h"
#include "tests/formats/gguf/planned.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;

constexpr std::uint32_t kF32 = 0, kF16 = 1, kQ40 = 2, kBf16 = 30;

/// The metadata of a small llama that is complete; a test may change a key.
class GgufConfig : public testing::Test {
 protected:
  GgufConfig() {
    for (const auto& [key, value] : {std::pair{"context_length", 16U},
                                     {"embedding_length", 8U},
                                     {"block_count", 1U},
                                     {"feed_forward_length", 24U},
                                     {"attention.head_count", 2U}}) {
      set(key, value);
    }
    set("attention.layer_norm_rms_epsilon", 1e-5F);
    add("token_embd.weight", {4, 8}, kF32);
  }
  void set(const std::string& key, Value value) { metadata_.set("llama." + key, std::move(value)); }
  void add(const std::string& name, Shape shape, std::uint32_t type) {
    container_.tensors.push_back({name, std::move(shape), type, 0, 0});
  }
  Json read() const {
    return read_config(MetadataReader(metadata_, "model.gguf"), *find_architecture_of("llama"), container_, {});
  }
  std::string value(std::string_view key) const {
    const Json config = read();
    const Json* found = config.find(key);
    return found == nullptr ? "absent" : found->dump();
  }
  void expect_refused(std::string_view message) const {
    expect_error(ErrorCode::kInput, message, [&] { read(); });
  }

  Metadata metadata_;
  Container container_;
};

TEST_F(GgufConfig, HeadsShareKeysUnlessTheFileSaysSo) {
  EXPECT_EQ(value("num_key_value_heads"), "2");
  EXPECT_EQ(value("head_dim"), "4");
  set("attention.head_count_kv", 1U);
  set("attention.key_length", 16U);
  set("attention.value_length", 16U);
  EXPECT_EQ(value("num_key_value_heads"), "1");
  EXPECT_EQ(value("head_dim"), "16");
}

TEST_F(GgufConfig, HeadsOfAnUnusualSizeNeedNotDivideTheModel) {
  set("attention.head_count", 3U);
  expect_refused("key 'llama.attention.head_count': found 3 heads, which do not divide 8 dimensions");
  set("attention.key_length", 4U);
  EXPECT_EQ(value("head_dim"), "4");
}

TEST_F(GgufConfig, AListOfEqualCountsIsACount) {
  set("attention.head_count_kv", Array{std::vector<std::int32_t>{1, 1}});
  EXPECT_EQ(value("num_key_value_heads"), "1");
  set("attention.head_count_kv", Array{std::vector<std::int32_t>{1, 2}});
  expect_refused("key 'llama.attention.head_count_kv'");
}

TEST_F(GgufConfig, WhatTensorsThereAreSaysTheRest) {
  EXPECT_EQ(value("tie_word_embeddings"), "true");
  EXPECT_EQ(value("attention_bias"), "false");
  EXPECT_EQ(value("mlp_bias"), "false");
  add("output.weight", {4, 8}, kF32);
  add("blk.0.attn_q.bias", {8}, kF32);
  add("blk.0.ffn_up.bias", {24}, kF32);
  EXPECT_EQ(value("tie_word_embeddings"), "false");
  EXPECT_EQ(value("attention_bias"), "true");
  EXPECT_EQ(value("mlp_bias"), "true");
}

TEST_F(GgufConfig, TheDtypeIsWhatAConversionOfTheEmbeddingsWouldKeep) {
  for (const auto& [type, dtype] :
       {std::pair{kF32, "\"float32\""}, {kBf16, "\"bfloat16\""}, {kF16, "\"float16\""}, {kQ40, "\"float16\""}}) {
    container_.tensors.front().type = type;
    EXPECT_EQ(value("dtype"), dtype);
  }
}

TEST_F(GgufConfig, TokenIdsAreThoseOfTheTokenizer) {
  EXPECT_EQ(value("bos_token_id"), "null");
  metadata_.set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
  metadata_.set("tokenizer.ggml.padding_token_id", std::uint32_t{3});
  EXPECT_EQ(value("bos_token_id"), "1");
  EXPECT_EQ(value("eos_token_id"), "null");
  EXPECT_EQ(value("pad_token_id"), "3");
}

TEST_F(GgufConfig, OnlyCausalAttentionIsKnown) {
  set("attention.causal", true);
  EXPECT_EQ(value("model_type"), "\"llama\"");
  set("attention.causal", false);
  expect_refused("key 'llama.attention.causal': found a key that may change what the model computes");
}

TEST_F(GgufConfig, KeysOfOtherArchitecturesAreNotRead) {
  metadata_.set("llamas.attention.scale", 0.5F);
  metadata_.set("gpt2.surprise", 0.5F);
  EXPECT_EQ(value("model_type"), "\"llama\"");
}

TEST_F(GgufConfig, SizesBeyondReasonAreRefused) {
  set("context_length", std::uint64_t{1} << 40);
  expect_refused("key 'llama.context_length': found 1099511627776, expected 1 to");
}

class GgufConfigOf : public testing::TestWithParam<const char*> {};

TEST_P(GgufConfigOf, ReadsBackAsItWasWritten) {
  const Planned planned(GetParam(), "f16");
  const GgufPlan plan = planned.plan();
  const Architecture& architecture = *find_architecture_of(planned.model.family);
  Container container;
  container.tensors = plan.layout.tensors;
  std::vector<RopeFactors> factors;
  for (const FileTensor& tensor : plan.tensors) {
    const auto name = std::find(kRopeTensors.begin(), kRopeTensors.end(), tensor.name);
    if (name == kRopeTensors.end()) continue;
    const auto values = tensor.values.values<float>();
    factors.push_back({*name, {values.begin(), values.end()}});
  }
  const Json config = read_config(MetadataReader(plan.metadata, "model.gguf"), architecture, container, factors);
  for (const HyperparameterRule& rule : architecture.hyperparameters) {
    const Json* found = config.find(rule.config_key);
    if (found != nullptr && found->is_null()) continue;  // as the family's default
    if (found == nullptr && !rule.required) continue;
    ASSERT_NE(found, nullptr) << rule.config_key;
    const auto& h = planned.model.hyperparameters;
    if (const auto* member = std::get_if<std::int64_t description::Hyperparameters::*>(&rule.member)) {
      EXPECT_EQ(found->as_int64(), h.**member) << rule.config_key;
    } else if (const auto* number = std::get_if<double description::Hyperparameters::*>(&rule.member)) {
      EXPECT_EQ(found->as_double(), h.**number);
    } else if (const Json* said = planned.model.config.find(rule.config_key); said != nullptr && !said->is_null()) {
      EXPECT_EQ(found->dump(), said->dump()) << rule.config_key;
    }
  }
  EXPECT_EQ(config.find("vocab_size")->as_int64(), planned.model.hyperparameters.vocab_size);
  // What has no head ties none.
  if (!planned.model.causal) return;
  EXPECT_EQ(config.find("tie_word_embeddings")->as_bool(), planned.model.hyperparameters.tied_head);
}

INSTANTIATE_TEST_SUITE_P(Models, GgufConfigOf,
                         testing::Values("llama", "llama-bias", "llama-tied-mha", "llama3-rope", "gpt2", "bloom",
                                         "gemma", "gemma2", "gemma3", "gpt-neox", "gpt-neox-serial", "granite",
                                         "mixtral", "olmo2", "phi2", "phi3", "phi3-longrope", "phi4-partial", "qwen2",
                                         "qwen3", "qwen3-moe", "stablelm", "starcoder2", "tinybert-base", "bert-cls",
                                         "t5-gated"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(GgufHyperparameters, ThatDoNotFitTheirKeyAreRefused) {
  Planned planned("llama");
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{1} << 32}) {
    planned.model.hyperparameters.context_length = value;
    planned.expect_refused("for the GGUF key 'llama.context_length', expected 0 to 4294967295");
  }
}

TEST(GgufHyperparameters, PropertiesThatAreTakenForGrantedMayBeSaidOrNot) {
  Planned planned("llama");
  for (const char* activation : {"silu", "swish"}) {
    planned.model.config.set("hidden_act", activation);
    EXPECT_NO_THROW(planned.plan());
  }
  planned.model.config.set("hidden_act", Json());
  EXPECT_NO_THROW(planned.plan());
  planned.model.config.set("hidden_act", "relu");
  planned.expect_refused("found hidden_act");
}

}  // namespace
}  // namespace kerf::formats::gguf
