#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/gguf/architecture.h"
#include "formats/gguf/draft.h"
#include "formats/gguf/rope.h"
#include "formats/gguf/writer.h"
#include "tests/formats/gguf/planned.h"

namespace kerf::formats::gguf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names_of(const GgufPlan& plan) {
  std::vector<std::string> names;
  for (const TensorInfo& info : plan.layout.tensors) names.push_back(info.name);
  return names;
}

TEST(GgufPlan, NamesTensorsInTheGivenOrder) {
  const GgufPlan plan = Planned("llama-tied-mha").plan();
  EXPECT_THAT(
      names_of(plan),
      ElementsAre("token_embd.weight", "blk.0.attn_norm.weight", "blk.0.ffn_down.weight", "blk.0.ffn_gate.weight",
                  "blk.0.ffn_up.weight", "blk.0.ffn_norm.weight", "blk.0.attn_k.weight", "blk.0.attn_output.weight",
                  "blk.0.attn_q.weight", "blk.0.attn_v.weight", "blk.1.attn_norm.weight", "blk.1.ffn_down.weight",
                  "blk.1.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_norm.weight", "blk.1.attn_k.weight",
                  "blk.1.attn_output.weight", "blk.1.attn_q.weight", "blk.1.attn_v.weight", "output_norm.weight"));
}

TEST(GgufPlan, WritesTheHyperparameters) {
  const Metadata metadata = Planned("llama", "q4_0").plan().metadata;
  EXPECT_EQ(*metadata.find("general.architecture"), Value(std::string("llama")));
  EXPECT_EQ(*metadata.find("general.file_type"), Value(std::uint32_t{2}));
  EXPECT_EQ(*metadata.find("general.quantization_version"), Value(std::uint32_t{2}));
  EXPECT_EQ(*metadata.find("llama.context_length"), Value(std::uint32_t{128}));
  EXPECT_EQ(*metadata.find("llama.embedding_length"), Value(std::uint32_t{64}));
  EXPECT_EQ(*metadata.find("llama.block_count"), Value(std::uint32_t{2}));
  EXPECT_EQ(*metadata.find("llama.feed_forward_length"), Value(std::uint32_t{128}));
  EXPECT_EQ(*metadata.find("llama.attention.head_count"), Value(std::uint32_t{4}));
  EXPECT_EQ(*metadata.find("llama.attention.head_count_kv"), Value(std::uint32_t{2}));
  EXPECT_EQ(*metadata.find("llama.attention.layer_norm_rms_epsilon"), Value(1e-6F));
  EXPECT_EQ(*metadata.find("llama.rope.dimension_count"), Value(std::uint32_t{16}));
  EXPECT_EQ(*metadata.find("llama.rope.freq_base"), Value(10000.0F));
  EXPECT_EQ(*metadata.find("llama.vocab_size"), Value(std::uint32_t{160}));
  // 4 heads of 16 are the hidden size: nothing to say.
  EXPECT_EQ(metadata.find("llama.attention.key_length"), nullptr);
  EXPECT_EQ(*metadata.find("tokenizer.ggml.model"), Value(std::string("no_vocab")));
}

TEST(GgufPlan, NamesTheHeadSizeWhereItIsUnusual) {
  Planned planned("llama");
  planned.model.hyperparameters.head_dim = planned.model.hyperparameters.rotary_dim = 32;
  const Metadata metadata = planned.plan().metadata;
  EXPECT_EQ(*metadata.find("llama.attention.key_length"), Value(std::uint32_t{32}));
  EXPECT_EQ(*metadata.find("llama.attention.value_length"), Value(std::uint32_t{32}));
}

TEST(GgufPlan, TheFileTypeIsThatOfMostValues) {
  const std::pair<const char*, std::uint32_t> types[] = {{"f32", 0},  {"f16", 1},  {"bf16", 32}, {"q4_0", 2},
                                                         {"q4_1", 3}, {"q8_0", 7}, {"q5_0", 8},  {"q5_1", 9}};
  for (const auto& [scheme, type] : types) {
    EXPECT_EQ(*Planned("llama", scheme).plan().metadata.find("general.file_type"), Value(type)) << scheme;
  }
}

TEST(GgufPlan, OneDimensionIsAlwaysF32) {
  Planned planned("llama-bias");
  planned.tensor("q_proj.bias").scheme = codec::parse_scheme("f16");
  planned.tensor("input_layernorm").scheme = codec::parse_scheme("none");
  planned.tensor("input_layernorm").source_dtype = DType::kBF16;
  const GgufPlan plan = planned.plan();
  for (const TensorInfo& info : plan.layout.tensors) {
    if (info.shape.size() != 1) continue;
    EXPECT_EQ(info.type, 0U) << info.name;
  }
}

TEST(GgufPlan, KeepMeansTheDtypeOfTheSource) {
  Planned planned("llama");
  PlannedTensor& tensor = planned.tensor("embed_tokens");
  tensor.scheme = codec::parse_scheme("none");
  tensor.source_dtype = DType::kBF16;
  EXPECT_EQ(planned.plan().layout.tensors[static_cast<std::size_t>(&tensor - planned.tensors.data())].type, 30U);
  tensor.source_dtype = DType::kF64;
  planned.expect_refused("tensor 'model.embed_tokens.weight': GGUF holds f32, f16 and bf16 values, not f64");
}

TEST(GgufPlan, RefusesWhatCannotBeHeldNamingTheTensor) {
  Planned planned("llama");
  planned.tensor("layers.1.self_attn.v_proj").scheme = codec::parse_scheme("int4-g32-asym");
  planned.expect_refused("tensor 'model.layers.1.self_attn.v_proj.weight': GGUF has no block with integer zero points");
  planned.tensor("layers.1.self_attn.v_proj").scheme = codec::parse_scheme("int4-g16");
  planned.expect_refused("do not divide groups of 16");
  Planned bias("llama-bias");
  bias.tensor("q_proj.bias").scheme = codec::parse_scheme("q8_0");
  bias.expect_refused("tensor 'model.layers.0.self_attn.q_proj.bias': found a scheme for one dimension");
}

TEST(GgufPlan, SaysWhereScalesAreRepeated) {
  EXPECT_THAT(Planned("llama", "int4-g64").plan().notes,
              testing::Contains("int4-g64 is held as q4_0 with its scales repeated (4.5 bits per weight): 14 tensors"));
  EXPECT_THAT(Planned("llama", "int4-g32").plan().notes, testing::Not(testing::Contains(HasSubstr("repeated"))));
}

TEST(GgufPlan, RefusesTensorsThatAreMissingOrTooMany) {
  Planned missing("llama");
  std::erase_if(missing.tensors,
                [](const PlannedTensor& one) { return one.name == "model.layers.1.mlp.up_proj.weight"; });
  missing.expect_refused("tensor 'model.layers.1.mlp.up_proj.weight' is missing");
  Planned headless("llama");
  std::erase_if(headless.tensors, [](const PlannedTensor& one) { return one.name == "lm_head.weight"; });
  headless.expect_refused("tensor 'lm_head.weight' is missing");
  headless.model.hyperparameters.tied_head = true;
  headless.plan();
  Planned unknown("llama");
  unknown.tensor("lm_head").name = "lm_tail.weight";
  unknown.expect_refused("tensor 'lm_tail.weight': found a name that GGUF's llama architecture does not have");
  Planned deep("llama");
  deep.tensors.push_back(deep.tensor("layers.1.mlp.up_proj"));
  deep.tensors.back().name = "model.layers.2.mlp.up_proj.weight";
  deep.expect_refused("found layer 2 of a model of 2");
  Planned twice("llama");
  twice.tensors.push_back(twice.tensors.front());
  twice.expect_refused("found another name of ");
}

TEST(GgufPlan, RefusesWhatLlamaCppComputesDifferently) {
  Planned llama("llama");
  llama.model.config.set("hidden_act", "gelu");
  llama.expect_refused("llama.cpp's llama architecture computes only \"silu\"");
  Planned gpt2("gpt2");
  gpt2.model.config.set("activation_function", "relu");
  gpt2.expect_refused("found activation_function");
  Planned scaled("gpt2");
  scaled.model.config.set("scale_attn_by_inverse_layer_idx", true);
  scaled.expect_refused("found scale_attn_by_inverse_layer_idx");
  Planned partial("llama");
  partial.model.hyperparameters.rotary_dim = 8;
  partial.expect_refused("found 8 rotated dimensions of 16 in a head");
  Planned rope("llama");
  rope.model.config.set("rope_parameters", Json::parse(R"({"rope_type": "dynamic", "factor": 2})", ""));
  rope.expect_refused("found rope type 'dynamic': GGUF's llama architecture holds default, linear, yarn, llama3");
  Planned family("llama");
  family.model.family = "lama";
  family.expect_refused("llama");
}

TEST(GgufPlan, QueriesAndKeysAreInTheOrderOfTheirHeads) {
  const Planned planned("llama-bias");  // 4 heads of 16, 2 of keys
  const GgufPlan plan = planned.plan();
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    const std::string& name = plan.layout.tensors[i].name;
    const bool query = name.find("attn_q.") != std::string::npos, key = name.find("attn_k.") != std::string::npos;
    const auto expected = query ? rotary_rows(64, 4) : key ? rotary_rows(32, 2) : std::vector<std::int64_t>();
    EXPECT_EQ(plan.tensors[i].rows, expected) << name;
  }
}

TEST(GgufPlan, RefusesRowsThatAreNoHeadsOfAnEvenSize) {
  Planned planned("llama");
  planned.tensor("layers.0.self_attn.q_proj").shape = {60, 64};
  planned.expect_refused(
      "tensor 'model.layers.0.self_attn.q_proj.weight': found the shape [60, 64], expected rows for 4");
}

TEST(GgufPlan, RefusesTensorsWithoutValuesAndModelsWithoutEmbeddings) {
  Planned empty("llama");
  empty.tensor("lm_head").shape = {0, 64};
  empty.expect_refused("tensor 'lm_head.weight': found no values");
  Planned vector("llama");
  vector.tensor("embed_tokens").shape = {160 * 64};
  vector.expect_refused("found no matrix of token embeddings");
}

TEST(GgufPlan, AddsTheRopeFactorsAtTheEnd) {
  const GgufPlan plan = Planned("llama3-rope").plan();
  const FileTensor& added = plan.tensors.back();
  EXPECT_EQ(plan.layout.tensors.back().name, kRopeFactorsName);
  EXPECT_EQ(plan.layout.tensors.back().shape, Shape{8});
  EXPECT_TRUE(added.planned.empty());
  EXPECT_EQ(added.values.size(), 8);
  EXPECT_THAT(names_of(Planned("llama-linear-rope").plan()), testing::Not(testing::Contains(kRopeFactorsName)));
}

TEST(GgufPlan, EveryOtherTensorIsOneOfThePlanned) {
  const Planned planned("gpt2", "q8_0");
  const GgufPlan plan = planned.plan();
  ASSERT_EQ(plan.tensors.size(), planned.tensors.size());
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    EXPECT_EQ(plan.tensors[i].planned, std::vector<std::size_t>{i});
    EXPECT_EQ(plan.tensors[i].name, planned.tensors[i].name);
    EXPECT_EQ(plan.layout.tensors[i].shape, planned.tensors[i].shape);
  }
}

TEST(GgufPlan, ExpertsAreStacked) {
  const Planned planned("mixtral");
  const GgufPlan plan = planned.plan();
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    if (plan.layout.tensors[i].name != "blk.1.ffn_down_exps.weight") continue;
    EXPECT_EQ(plan.layout.tensors[i].shape, (Shape{4, 64, 128}));
    EXPECT_TRUE(plan.tensors[i].stack);
    ASSERT_EQ(plan.tensors[i].planned.size(), 4U);
    for (std::size_t e = 0; e < 4; ++e) {
      EXPECT_THAT(planned.tensors[plan.tensors[i].planned[e]].name,
                  HasSubstr("layers.1.block_sparse_moe.experts." + std::to_string(e) + ".w2"));
    }
    return;
  }
  FAIL() << "no stack";
}

TEST(GgufPlan, ExpertsOfAStackAreAlike) {
  Planned mixed("mixtral"), few("mixtral"), many("mixtral");
  mixed.tensor("experts.2.w1").scheme = codec::parse_scheme("f16");
  mixed.expect_refused(
      "experts.2.w1.weight': found f16 [128, 64], expected f32 as the others of GGUF's tensor "
      "'blk.0.ffn_gate_exps.weight'");
  std::erase_if(few.tensors, [](const PlannedTensor& tensor) {
    return tensor.name.find("1.block_sparse_moe.experts.3.w2") != std::string::npos;
  });
  few.expect_refused("tensor 'model.layers.1.block_sparse_moe.experts.3.w2.weight' is missing");
  many.tensor("experts.3.w1").name = "model.layers.0.block_sparse_moe.experts.4.w1.weight";
  many.expect_refused("found part 4 of 4");
}

TEST(GgufPlan, WhatFamiliesCannotSayIsRefused) {
  const auto with = [](const char* model, std::string_view key, Json value, std::string_view message) {
    Planned planned(model);
    planned.model.config.set(std::string(key), std::move(value));
    planned.expect_refused(message);
  };
  const auto refused = [](const char* model, std::string_view message) {
    test::expect_error(ErrorCode::kUsage, message, [&] { Planned(model).plan(); });
  };
  refused("smollm3", "found layer 1 without rotation: llama.cpp's smollm3 architecture leaves out every 4th");
  refused("t5", "found a head that reads the decoder's output scaled");
  refused("bert-mlm", "found a masked language model");
  refused("distilbert-cls", "its head has a ReLU");
  with("qwen3-moe", "norm_topk_prob", Json(), "found no norm_topk_prob in config.json");
  with("qwen3-moe", "decoder_sparse_step", Json(2), "found decoder_sparse_step");
  with("gemma2", "query_pre_attn_scalar", Json(144),
       "found query_pre_attn_scalar 144 in config.json: llama.cpp computes 32");
  with("gemma2", "final_logit_softcapping", Json(), "found no final_logit_softcapping in config.json");
  with("gemma3", "layer_types", Json::parse(R"(["full_attention", "sliding_attention", "full_attention"])", ""),
       "found sliding_attention as the type of layer 1");
  with("bloom", "apply_residual_connection_post_layernorm", Json(true),
       "found apply_residual_connection_post_layernorm");
  with("gpt-neox", "hidden_act", Json("relu"), "found hidden_act");
  with("phi2", "qk_layernorm", Json(true), "found qk_layernorm");
  with("t5-gated", "feed_forward_proj", Json("gated-silu"), "found feed_forward_proj 'gated-silu'");
  Planned other("llama");
  other.model.family = "opt";
  other.expect_refused("gguf has no architecture for a model of type 'opt'; known: ");
  Planned tied("olmo2");
  tied.model.hyperparameters.tied_head = true;
  tied.expect_refused("found a head tied to the embeddings: llama.cpp's olmo2 architecture needs one of its own");
  Planned untied("gemma");
  untied.model.hyperparameters.tied_head = false;
  untied.expect_refused("found a head of its own");
}

TEST(GgufPlan, AWindowThatIsNotComputedLimitsTheContext) {
  const GgufPlan plan = Planned("mistral").plan();
  EXPECT_EQ(*plan.metadata.find("llama.context_length"), Value(std::uint32_t{8}));
  EXPECT_THAT(plan.notes, testing::Contains(HasSubstr("the file's context is 8 tokens")));
  EXPECT_EQ(*Planned("gemma2").plan().metadata.find("gemma2.context_length"), Value(std::uint32_t{128}));
}

TEST(GgufPlan, IsCutWhereAPartWouldBeTooLarge) {
  const Planned planned("llama");
  GgufPlan plan = gguf::plan(planned.model, planned.tokenizer, planned.tensors, {.name = "", .part_bytes = 65536});
  ASSERT_GT(plan.parts.size(), 2U);
  std::size_t tensors = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    std::uint64_t values = 0;
    for (const TensorInfo& info : plan.parts[i].tensors) {
      EXPECT_EQ(info.name, plan.layout.tensors[tensors++].name);
      values += info.bytes;
    }
    EXPECT_LE(values, 65536U);
    bytes += plan.parts[i].total_bytes;
  }
  EXPECT_EQ(tensors, plan.layout.tensors.size());
  EXPECT_EQ(plan.total_bytes(), bytes);
  plan = gguf::plan(planned.model, planned.tokenizer, planned.tensors, {.name = "", .part_bytes = 1 << 30});
  EXPECT_TRUE(plan.parts.empty());
  plan = gguf::plan(planned.model, planned.tokenizer, planned.tensors, {.name = "", .part_bytes = 1});
  EXPECT_EQ(plan.parts.size(), plan.layout.tensors.size());
}

TEST(GgufPlan, TakesItsNameFromTheOptions) {
  const Planned planned("llama");
  const auto name = [&](const PlanOptions& options) {
    return *gguf::plan(planned.model, planned.tokenizer, planned.tensors, options).metadata.find("general.name");
  };
  EXPECT_EQ(name({.name = "Small Llama"}), Value(std::string("Small Llama")));
  EXPECT_EQ(name({}), Value(std::string("llama")));
}

TEST(GgufPlan, OfEqualShareTheLowerFileTypeIsNamed) {
  Planned planned("llama");
  for (PlannedTensor& tensor : planned.tensors) tensor.scheme = codec::parse_scheme("f32");
  planned.tensors[0].scheme = codec::parse_scheme("f16");
  std::int64_t others = 0;
  for (const PlannedTensor& tensor : planned.tensors) others += numel(tensor.shape);
  others -= numel(planned.tensors[0].shape);
  planned.tensors[0].shape = {others / 64, 64};
  EXPECT_EQ(*planned.plan().metadata.find("general.file_type"), Value(std::uint32_t{0}));
}

TEST(GgufPlan, IsTheSameEveryTime) {
  const Planned planned("llama3-rope", "q4_0");
  EXPECT_EQ(planned.plan().layout.header, planned.plan().layout.header);
}

}  // namespace
}  // namespace kerf::formats::gguf
