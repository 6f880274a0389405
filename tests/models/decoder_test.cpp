#include "models/decoder.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "formats/checkpoint.h"
#include "models/families.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"
#include "tests/support/reference_executor.h"
#include "tests/support/source_dir.h"

namespace kerf::models {
namespace {

using graph::Role;
using test::expect_error;

formats::Checkpoint golden(const std::string& name) {
  return formats::open_checkpoint(test::source_dir() + "/tests/golden/checkpoints/" + name);
}

ModelGraph build(const formats::Checkpoint& checkpoint) {
  return build_model(JsonCursor(checkpoint.config, "config.json"), checkpoint.tensors);
}

Tensor logits(const formats::Checkpoint& checkpoint) {
  return test::run_model(build(checkpoint).graph, test::tensor_of<std::int64_t>({1, 6}, {5, 17, 100, 3, 159, 42}));
}

void rename(formats::Checkpoint& checkpoint, const std::string& from, const std::string& to) {
  auto node = checkpoint.tensors.extract(from);
  node.key() = to;
  checkpoint.tensors.insert(std::move(node));
}

TEST(Decoder, FillsTheHyperparametersOfLlama) {
  const ModelGraph model = build(golden("llama3-rope"));
  const auto& h = model.model.hyperparameters;
  EXPECT_EQ(model.model.family, "llama");
  EXPECT_EQ(h.vocab_size, 160);
  EXPECT_EQ(h.hidden_size, 64);
  EXPECT_EQ(h.intermediate_size, 128);
  EXPECT_EQ(h.layers, 2);
  EXPECT_EQ(h.heads, 4);
  EXPECT_EQ(h.kv_heads, 2);
  EXPECT_EQ(h.head_dim, 16);
  EXPECT_EQ(h.context_length, 4096);
  EXPECT_EQ(h.max_positions, 0) << "rotary positions have no end";
  EXPECT_EQ(h.norm_epsilon, 1e-6);
  EXPECT_EQ(h.rope_theta, 500000);
  EXPECT_EQ(h.rope_type, "llama3");
  EXPECT_EQ(h.rotary_dim, 16);
  EXPECT_EQ(h.activation, "silu");
  EXPECT_FALSE(h.tied_head);
  EXPECT_EQ(model.model.bos_id, 1);
  EXPECT_EQ(model.model.eos_id, 2);
  EXPECT_EQ(model.model.pad_id, 0);
  EXPECT_TRUE(model.model.causal);
  EXPECT_EQ(model.model.config.find("model_type")->as_string(), "llama");
}

TEST(Decoder, FillsTheHyperparametersOfGpt2) {
  const ModelGraph model = build(golden("gpt2"));
  const auto& h = model.model.hyperparameters;
  EXPECT_EQ(model.model.family, "gpt2");
  EXPECT_EQ(h.intermediate_size, 256) << "n_inner null: four times n_embd";
  EXPECT_EQ(h.kv_heads, 4);
  EXPECT_EQ(h.head_dim, 16);
  EXPECT_EQ(h.context_length, 128);
  EXPECT_EQ(h.max_positions, 128);
  EXPECT_EQ(h.norm_epsilon, 1e-5);
  EXPECT_EQ(h.activation, "gelu_new");
  EXPECT_EQ(h.rope_type, "");
  EXPECT_TRUE(h.tied_head);
  EXPECT_EQ(model.model.pad_id, -1);
}

TEST(Decoder, GraphInputsAndOutputAreTheDocumentedOnes) {
  for (const char* name : {"llama", "gpt2"}) {
    const ModelGraph model = build(golden(name));
    ASSERT_EQ(model.graph.inputs().size(), 3U) << name;
    for (const char* input : {"input_ids", "position_ids", "attention_mask"}) {
      ASSERT_TRUE(model.graph.find_input(input)) << name;
      EXPECT_EQ(model.graph.value(*model.graph.find_input(input)).dtype, DType::kI64);
    }
    EXPECT_TRUE(model.graph.find_output("logits")) << name;
  }
}

TEST(Decoder, WeightsCarryRoleAndLayer) {
  const ModelGraph llama = build(golden("llama"));
  const auto weight = [](const ModelGraph& model, const std::string& name) {
    for (const graph::ValueId id : model.graph.weights()) {
      const graph::Weight& found = model.graph.value(id).weight;
      if (found.name == name) return std::pair(found.role, found.layer);
    }
    return std::pair(Role::kOther, -100);
  };
  EXPECT_EQ(weight(llama, "model.embed_tokens.weight"), std::pair(Role::kEmbedding, -1));
  EXPECT_EQ(weight(llama, "model.layers.0.self_attn.q_proj.weight"), std::pair(Role::kQuery, 0));
  EXPECT_EQ(weight(llama, "model.layers.1.self_attn.k_proj.weight"), std::pair(Role::kKey, 1));
  EXPECT_EQ(weight(llama, "model.layers.1.self_attn.v_proj.weight"), std::pair(Role::kValue, 1));
  EXPECT_EQ(weight(llama, "model.layers.1.self_attn.o_proj.weight"), std::pair(Role::kAttentionOutput, 1));
  EXPECT_EQ(weight(llama, "model.layers.0.mlp.gate_proj.weight"), std::pair(Role::kGate, 0));
  EXPECT_EQ(weight(llama, "model.layers.0.mlp.up_proj.weight"), std::pair(Role::kUp, 0));
  EXPECT_EQ(weight(llama, "model.layers.0.mlp.down_proj.weight"), std::pair(Role::kDown, 0));
  EXPECT_EQ(weight(llama, "model.layers.1.input_layernorm.weight"), std::pair(Role::kNorm, 1));
  EXPECT_EQ(weight(llama, "model.norm.weight"), std::pair(Role::kNorm, -1));
  EXPECT_EQ(weight(llama, "lm_head.weight"), std::pair(Role::kHead, -1));
  const ModelGraph gpt2 = build(golden("gpt2"));
  EXPECT_EQ(weight(gpt2, "transformer.wpe.weight"), std::pair(Role::kPositionEmbedding, -1));
  EXPECT_EQ(weight(gpt2, "transformer.h.1.attn.c_attn.weight"), std::pair(Role::kQkv, 1));
  EXPECT_EQ(weight(gpt2, "transformer.h.1.attn.c_attn.bias"), std::pair(Role::kBias, 1));
  EXPECT_EQ(weight(gpt2, "transformer.h.0.mlp.c_fc.weight"), std::pair(Role::kUp, 0));
  EXPECT_EQ(weight(gpt2, "transformer.h.0.mlp.c_proj.weight"), std::pair(Role::kDown, 0));
}

TEST(Decoder, NamesOfValuesAreUnique) {
  for (const char* name : {"llama-bias", "llama-tied-mha", "gpt2"}) {
    const ModelGraph model = build(golden(name));
    std::set<std::string> names;
    for (const graph::Value& value : model.graph.values()) EXPECT_TRUE(names.insert(value.name).second) << value.name;
  }
}

TEST(Decoder, ATiedHeadIsTheEmbeddingItself) {
  const ModelGraph model = build(golden("llama-tied-mha"));
  const graph::Node& head = model.graph.nodes().back();
  EXPECT_EQ(head.op, "Linear");
  EXPECT_EQ(model.graph.value(head.inputs[1]).weight.role, Role::kEmbedding);
  EXPECT_EQ(model.graph.consumers(head.inputs[1]).size(), 2U);
}

TEST(Decoder, ARepeatedTiedHeadIsLeftAside) {
  for (const auto& [name, embedding] :
       {std::pair("llama-tied-mha", "model.embed_tokens.weight"), std::pair("gpt2", "transformer.wte.weight")}) {
    formats::Checkpoint checkpoint = golden(name);
    const Tensor before = logits(checkpoint);
    checkpoint.tensors["lm_head.weight"] = checkpoint.tensors.at(embedding);
    const ModelGraph model = build(checkpoint);
    ASSERT_EQ(model.notes.size(), 1U);
    EXPECT_EQ(model.notes[0], "tensor 'lm_head.weight' left aside: the head is tied to the token embedding");
    EXPECT_TRUE(test::same_bits(logits(checkpoint), before));
  }
}

TEST(Decoder, BuffersOfOldCheckpointsAreLeftAside) {
  formats::Checkpoint llama = golden("llama"), gpt2 = golden("gpt2");
  const auto buffer = graph::make_memory_source(Tensor::zeros(DType::kF32, {8}), "buffer");
  llama.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = buffer;
  EXPECT_EQ(build(llama).notes.size(), 1U);
  gpt2.tensors["transformer.h.0.attn.bias"] = gpt2.tensors["transformer.h.1.attn.bias"] = buffer;
  gpt2.tensors["transformer.h.0.attn.masked_bias"] = buffer;
  EXPECT_EQ(build(gpt2).notes.size(), 2U);
}

/// Base models are saved without the prefix.
TEST(Decoder, NamesMayComeWithoutPrefix) {
  for (const auto& [name, prefix] :
       {std::pair<std::string, std::string>{"llama", "model."}, {"gpt2", "transformer."}}) {
    formats::Checkpoint checkpoint = golden(name);
    const Tensor before = logits(checkpoint);
    const auto tensors = checkpoint.tensors;
    for (const auto& [full, source] : tensors) {
      if (full.rfind(prefix, 0) == 0) rename(checkpoint, full, full.substr(prefix.size()));
    }
    EXPECT_TRUE(test::same_bits(logits(checkpoint), before)) << name;
  }
}

TEST(Decoder, MissingWrongAndUnknownTensorsAreNamed) {
  formats::Checkpoint missing = golden("llama");
  missing.tensors.erase("model.layers.1.mlp.up_proj.weight");
  expect_error(ErrorCode::kInput,
               "tensor 'model.layers.1.mlp.up_proj.weight': the checkpoint has none, expected shape [128, 64]",
               [&] { build(missing); });
  formats::Checkpoint wrong = golden("llama");
  wrong.config.set("intermediate_size", Json(192));
  expect_error(ErrorCode::kInput, "gate_proj.weight': found shape [128, 64], expected [192, 64]",
               [&] { build(wrong); });
  formats::Checkpoint extra = golden("llama");
  extra.tensors["score.weight"] = extra.tensors.at("lm_head.weight");
  expect_error(ErrorCode::kInput, "found a tensor that no part of a llama model reads", [&] { build(extra); });
  formats::Checkpoint more_layers = golden("gpt2");
  more_layers.config.set("n_layer", Json(std::int64_t{1} << 20));
  expect_error(ErrorCode::kInput, "tensor 'transformer.h.2.ln_1.weight': the checkpoint has none",
               [&] { build(more_layers); });
  formats::Checkpoint fewer_layers = golden("gpt2");
  fewer_layers.config.set("n_layer", Json(1));
  expect_error(ErrorCode::kInput, "no part of a gpt2 model reads", [&] { build(fewer_layers); });
  formats::Checkpoint untied = golden("llama-tied-mha");
  untied.config.set("tie_word_embeddings", Json(false));
  expect_error(ErrorCode::kInput, "tensor 'lm_head.weight': the checkpoint has none", [&] { build(untied); });
}

void expect_refused(const std::string& name, const std::string& key, Json value, const std::string& message) {
  formats::Checkpoint checkpoint = golden(name);
  checkpoint.config.set(key, std::move(value));
  expect_error(ErrorCode::kInput, message, [&] { build(checkpoint); });
}

TEST(Decoder, ConfigurationsThatDoNotFitAreRefused) {
  expect_refused("llama", "hidden_act", "glu", "config.json: hidden_act: no activation 'glu'");
  expect_refused("llama", "num_key_value_heads", 3, "found 4 attention heads for 3 key/value heads");
  expect_refused("llama", "num_attention_heads", 0, "num_attention_heads");
  expect_refused("llama", "vocab_size", Json(std::int64_t{1} << 40), "vocab_size");
  expect_refused("llama", "hidden_size", "64", "hidden_size: found a string, expected an integer");
  expect_refused("llama", "num_hidden_layers", nullptr, "num_hidden_layers");
  expect_refused("gpt2", "n_head", 5, "found n_embd 64 for 5 heads, expected a multiple");
  expect_refused("gpt2", "add_cross_attention", true, "add_cross_attention: found a decoder that reads an encoder");
  expect_refused("gpt2", "activation_function", "gelu_old", "activation_function: no activation 'gelu_old'");
  expect_refused("llama", "model_type", "lama", "model_type: no model type 'lama'");
}

TEST(Decoder, AttentionScalesOfGpt2) {
  formats::Checkpoint checkpoint = golden("gpt2");
  const auto scales = [&] {
    std::vector<double> found;
    const ModelGraph model = build(checkpoint);
    for (const graph::Node& node : model.graph.nodes()) {
      if (node.op == "Attention") found.push_back(node.attributes.float_or("scale", -1));
    }
    return found;
  };
  EXPECT_EQ(scales(), (std::vector<double>{0.25, 0.25}));
  checkpoint.config.set("scale_attn_by_inverse_layer_idx", true);
  EXPECT_EQ(scales(), (std::vector<double>{0.25, 0.125}));
  checkpoint.config.set("scale_attn_weights", false);
  EXPECT_EQ(scales(), (std::vector<double>{1, 0.5}));
}

TEST(Decoder, SeveralEndTokensLeaveTheFirst) {
  formats::Checkpoint checkpoint = golden("llama");
  checkpoint.config.set("eos_token_id", Json(Json::Array{Json(7), Json(9)}));
  EXPECT_EQ(build(checkpoint).model.eos_id, 7);
}

TEST(Decoder, FamiliesDescribeThemselves) {
  std::set<std::string_view> names;
  for (const Family* family : families()) {
    EXPECT_TRUE(names.insert(family->name).second) << family->name;
    EXPECT_FALSE(family->summary.empty()) << family->name;
  }
  EXPECT_TRUE(names.contains("llama"));
  EXPECT_TRUE(names.contains("gpt2"));
  formats::Checkpoint checkpoint = golden("llama");
  checkpoint.config.as_object().erase("model_type");
  const ModelGraph named = build_model(JsonCursor(checkpoint.config, "config.json"), checkpoint.tensors, "llama");
  EXPECT_EQ(named.model.family, "llama");
  expect_error(ErrorCode::kInput, "model_type", [&] { build(checkpoint); });
  expect_error(ErrorCode::kUsage, "no family 'lamma'",
               [&] { build_model(JsonCursor(checkpoint.config, "config.json"), checkpoint.tensors, "lamma"); });
}

}  // namespace
}  // namespace kerf::models
