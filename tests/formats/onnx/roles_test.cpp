#include "formats/onnx/roles.h"

#include <string>

#include <gtest/gtest.h>

#include "formats/onnx/module_scope.h"

namespace kerf::formats::onnx {
namespace {

using graph::Role;

TEST(OnnxRoles, ModulesOfCommonModels) {
  EXPECT_EQ(role_of_module("model.layers.0.self_attn.q_proj"), Role::kQuery);
  EXPECT_EQ(role_of_module("transformer.h.0.attn.c_attn"), Role::kQkv);
  EXPECT_EQ(role_of_module("transformer.h.0.attn.c_proj"), Role::kAttentionOutput);
  EXPECT_EQ(role_of_module("transformer.h.0.mlp.c_proj"), Role::kDown);
  EXPECT_EQ(role_of_module("bert.encoder.layer.1.attention.self.key"), Role::kKey);
  EXPECT_EQ(role_of_module("bert.encoder.layer.1.attention.output.dense"), Role::kAttentionOutput);
  EXPECT_EQ(role_of_module("bert.encoder.layer.1.intermediate.dense"), Role::kUp);
  EXPECT_EQ(role_of_module("bert.encoder.layer.1.output.dense"), Role::kDown);
  EXPECT_EQ(role_of_module("encoder.block.0.layer.0.SelfAttention.o"), Role::kAttentionOutput);
  EXPECT_EQ(role_of_module("encoder.block.0.layer.1.DenseReluDense.wo"), Role::kDown);
  EXPECT_EQ(role_of_module("gpt_neox.layers.3.attention.query_key_value"), Role::kQkv);
  EXPECT_EQ(role_of_module("gpt_neox.layers.3.attention.dense"), Role::kAttentionOutput);
  EXPECT_EQ(role_of_module("lm_head"), Role::kHead);
  EXPECT_EQ(role_of_module("bert.pooler.dense"), Role::kOther);
  EXPECT_EQ(role_of_module(""), Role::kOther);
}

TEST(OnnxRoles, LayersAreTheFirstNumber) {
  EXPECT_EQ(layer_of_module("model.layers.13.mlp"), 13);
  EXPECT_EQ(layer_of_module("tf_bert.bert.encoder.layer_._2.attention"), 2);
  EXPECT_EQ(layer_of_module("decoder.block.1.layer.0.SelfAttention"), 1);
  EXPECT_EQ(layer_of_module("model.norm"), -1);
  EXPECT_TRUE(is_decoder_module("decoder.block.1"));
  EXPECT_FALSE(is_decoder_module("encoder.block.1"));
}

TEST(OnnxRoles, ScopesComeFromMetadataOrNames) {
  proto::NodeProto node;
  node.set_name("/model/layers.0/self_attn/q_proj/MatMul");
  EXPECT_EQ(module_scope(node), "model.layers.0.self_attn.q_proj");
  node.set_name("bert/encoder/layer_._0/MatMul");
  EXPECT_EQ(module_scope(node), "bert.encoder.layer_._0");
  node.set_name("MatMul_7");
  EXPECT_EQ(module_scope(node), "");
  auto* entry = node.add_metadata_props();
  entry->set_key("pkg.torch.onnx.name_scopes");
  entry->set_value("['', 'model', 'model.layers.0.mlp.up_proj', 'linear_4']");
  EXPECT_EQ(module_scope(node), "model.layers.0.mlp.up_proj");
  entry->set_value("[");
  EXPECT_EQ(module_scope(node), "");
}

}  // namespace
}  // namespace kerf::formats::onnx
