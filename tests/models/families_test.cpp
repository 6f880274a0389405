// What families read from their configurations beyond the sizes: where a wrong reading would still run.

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/checkpoint.h"
#include "models/gemma_like.h"
#include "models/llama_like.h"
#include "models/model_graph.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"

namespace kerf::models {
namespace {

using testing::ElementsAre;

struct Golden {
  explicit Golden(const std::string& name)
      : checkpoint(formats::open_checkpoint(test::source_dir() + "/tests/golden/checkpoints/" + name)) {}
  ModelGraph build() const { return build_model(JsonCursor(checkpoint.config, "config.json"), checkpoint.tensors); }
  Golden& set(const std::string& key, Json value) {
    checkpoint.config.set(key, std::move(value));
    return *this;
  }
  Golden& erase(const std::string& key) {
    checkpoint.config.as_object().erase(key);
    return *this;
  }
  formats::Checkpoint checkpoint;
};

std::vector<std::int64_t> windows(const ModelGraph& model) {
  std::vector<std::int64_t> found;
  for (const graph::Node& node : model.graph.nodes()) {
    if (node.op == "Attention") found.push_back(node.attributes.int_or("window", 0));
  }
  return found;
}

Json list(std::initializer_list<const char*> items) {
  Json result = Json::array();
  for (const char* item : items) result.push_back(Json(item));
  return result;
}

void refused(const Golden& golden, const std::string& message) {
  test::expect_error(ErrorCode::kInput, message, [&] { golden.build(); });
}

TEST(DecoderFamilies, LlamaLayersHaveLlamasNames) {
  const DecoderLayer layer = llama_layer({.name = "n", .epsilon = 1e-5}, 3, {.qkv = true});
  EXPECT_EQ(layer.attention_norm.name, "layers.3.input_layernorm");
  EXPECT_EQ(layer.attention_norm.epsilon, 1e-5);
  EXPECT_EQ(layer.attention.key.name, "layers.3.self_attn.k_proj");
  EXPECT_TRUE(layer.attention.key.bias);
  EXPECT_FALSE(layer.attention.output.bias);
  EXPECT_EQ(layer.feed_forward.down.name, "layers.3.mlp.down_proj");
}

TEST(DecoderFamilies, GemmaScalesItsEmbeddingByTheRootOfItsWidth) {
  const Golden golden("gemma");
  const DecoderSpec spec = gemma_like(JsonCursor(golden.checkpoint.config, "config.json"), "gemma");
  EXPECT_EQ(spec.embedding_scale, std::sqrt(64.0));
  EXPECT_EQ(spec.final_norm.kind, NormKind::kRmsPlusOne);
  EXPECT_TRUE(spec.hyperparameters.tied_head);
}

TEST(DecoderFamilies, LayerTypesDecideAboutWindows) {
  EXPECT_THAT(windows(Golden("mistral").build()), ElementsAre(8, 8));
  EXPECT_THAT(windows(Golden("mistral").set("sliding_window", Json()).build()), ElementsAre(0, 0));
  EXPECT_THAT(windows(Golden("gemma2").build()), ElementsAre(8, 0));
  EXPECT_THAT(windows(Golden("gemma2").erase("layer_types").build()), ElementsAre(8, 0));
  EXPECT_THAT(windows(Golden("gemma3").build()), ElementsAre(8, 0, 8));
  EXPECT_THAT(windows(Golden("gpt-neo").build()), ElementsAre(0, 8));
  refused(Golden("gemma2").set("layer_types", list({"full_attention"})),
          "found 1 layer types, expected one for each of 2");
  refused(Golden("gemma2").set("layer_types", list({"full_attention", "chunked_attention"})), "no layer type");
}

TEST(DecoderFamilies, QwenSlidesOnlyWhereItSaysSo) {
  Golden golden("qwen2");
  golden.set("sliding_window", 4).erase("layer_types").set("max_window_layers", 1);
  EXPECT_THAT(windows(golden.build()), ElementsAre(0, 0));
  EXPECT_THAT(windows(golden.set("use_sliding_window", true).build()), ElementsAre(0, 4));
}

TEST(DecoderFamilies, ExpertsAreCounted) {
  const ModelGraph model = Golden("qwen3-moe").build();
  EXPECT_EQ(model.model.hyperparameters.experts, 4);
  EXPECT_EQ(model.model.hyperparameters.experts_per_token, 2);
  int of_expert_3 = 0;
  for (const graph::ValueId id : model.graph.weights()) of_expert_3 += model.graph.value(id).weight.expert == 3 ? 1 : 0;
  EXPECT_EQ(of_expert_3, 6) << "three matrices in each of two layers";
  refused(Golden("mixtral").set("num_experts_per_tok", 5),
          "num_experts_per_tok: found 5, expected a value from 1 to 4");
  refused(Golden("mixtral").set("num_local_experts", 5),
          "block_sparse_moe.gate.weight': found shape [4, 64], expected [5, 64]");
}

TEST(DecoderFamilies, VariantsThatAreNotReadAreNamed) {
  refused(Golden("gemma").set("use_bidirectional_attention", true), "use_bidirectional_attention: found true");
  refused(Golden("gpt-neo").set("attention_layers", list({"global", "focal"})), "no attention type 'focal'");
  refused(Golden("gpt-neo").set("attention_layers", list({"global"})), "found attention types of 1 layers, expected 2");
  refused(Golden("granite").set("logits_scaling", 0), "logits_scaling: found 0 or less");
}

/// OPT 350m: norms after the sums, and an embedding narrower than the model.
TEST(DecoderFamilies, OptMayNormAfterwardsAndProject) {
  Golden golden("opt");
  golden.set("word_embed_proj_dim", 32).set("do_layer_norm_before", false);
  auto& tensors = golden.checkpoint.tensors;
  const auto zeros = [](Shape shape) {
    return graph::make_memory_source(Tensor::zeros(DType::kF32, std::move(shape)), "t");
  };
  tensors["model.decoder.embed_tokens.weight"] = zeros({160, 32});
  tensors["model.decoder.project_in.weight"] = zeros({64, 32});
  tensors["model.decoder.project_out.weight"] = zeros({32, 64});
  tensors.erase("model.decoder.final_layer_norm.weight");
  tensors.erase("model.decoder.final_layer_norm.bias");
  const ModelGraph model = golden.build();
  EXPECT_TRUE(model.graph.find_output("logits"));
}

}  // namespace
}  // namespace kerf::models
