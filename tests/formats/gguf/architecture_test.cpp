#include "formats/gguf/architecture.h"

#include <set>

#include <gtest/gtest.h>

namespace kerf::formats::gguf {
namespace {

TEST(GgufArchitecture, IsFoundUnderBothNames) {
  for (const Architecture* architecture : architectures()) {
    EXPECT_EQ(find_architecture(architecture->name)->name, architecture->name);
    for (const auto type : architecture->model_types) EXPECT_EQ(find_architecture_of(type), architecture) << type;
  }
  EXPECT_EQ(find_architecture("mamba"), nullptr);
  EXPECT_EQ(find_architecture_of(""), nullptr);
}

TEST(GgufArchitecture, NamesAreUniqueAndMatchThemselves) {
  for (const Architecture* architecture : architectures()) {
    std::set<std::string> hugging_face, gguf;
    for (const TensorRule& rule : architecture->tensors) {
      EXPECT_TRUE(hugging_face.insert(rule.hugging_face).second) << rule.hugging_face;
      EXPECT_TRUE(gguf.insert(std::string(rule.gguf) + " beside " + std::string(rule.beside)).second) << rule.gguf;
      const std::int64_t layer = has_layer(rule) ? 17 : -1, part = is_stack(rule) ? 3 : -1;
      const auto by_hugging_face = match_hugging_face(*architecture, expand(rule.hugging_face, layer, part));
      Container container;
      if (!rule.beside.empty()) container.tensors.push_back({expand(rule.beside, layer), {}, 0, 0, 0});
      const auto by_gguf = match_gguf(*architecture, expand(rule.gguf, layer), container);
      ASSERT_TRUE(by_hugging_face && by_gguf);
      EXPECT_EQ(by_hugging_face->rule, &rule);
      EXPECT_EQ(by_hugging_face->layer, layer);
      EXPECT_EQ(by_hugging_face->part, part);
      EXPECT_EQ(by_gguf->rule, &rule);
      EXPECT_EQ(by_gguf->layer, layer);
    }
  }
}

TEST(GgufArchitecture, TakesNamesOfTheBareModel) {
  const Architecture& gpt2 = *find_architecture("gpt2");
  ASSERT_TRUE(match_hugging_face(gpt2, "h.3.attn.c_attn.weight"));
  EXPECT_EQ(match_hugging_face(gpt2, "h.3.attn.c_attn.weight")->rule->gguf, "blk.{}.attn_qkv.weight");
  EXPECT_TRUE(match_hugging_face(gpt2, "transformer.h.3.attn.c_attn.weight"));
  EXPECT_FALSE(match_hugging_face(gpt2, "transformer.transformer.h.3.attn.c_attn.weight"));
}

TEST(GgufArchitecture, RefusesNearMisses) {
  const Architecture& llama = *find_architecture("llama");
  for (const char* name : {"blk..attn_q.weight", "blk.x.attn_q.weight", "blk.-1.attn_q.weight", "blk.01.attn_q.weight",
                           "blk.1.attn_q", "blk.1.attn_q.weight.", "blk.99999999999999999999.attn_q.weight",
                           "token_embd", "blk.+1.attn_q.weight", "blk.1 .attn_q.weight", ""}) {
    EXPECT_FALSE(match_gguf(llama, name)) << name;
  }
}

/// llama.cpp's permutation: reshape(heads, 2, d/2), swap the last two axes, flatten.
TEST(GgufArchitecture, RotaryRowsInterleaveTheHalvesOfEachHead) {
  EXPECT_EQ(rotary_rows(8, 1), (std::vector<std::int64_t>{0, 4, 1, 5, 2, 6, 3, 7}));
  EXPECT_EQ(rotary_rows(8, 2), (std::vector<std::int64_t>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_EQ(rotary_rows(4, 2), (std::vector<std::int64_t>{0, 1, 2, 3}));
}

/// llama.cpp's conversion of BLOOM: reshape(heads, 3, d), then all queries, all keys, all values.
TEST(GgufArchitecture, FusedRowsGatherWhatEachHeadHas) {
  EXPECT_EQ(fused_rows(12, 2), (std::vector<std::int64_t>{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}));
  EXPECT_EQ(fused_rows(6, 1), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_FALSE(ordered_rows(RowOrder::kFusedByHead, 10, 2, 2));
  EXPECT_FALSE(ordered_rows(RowOrder::kInterleavedQuery, 6, 2, 1));
  EXPECT_EQ(ordered_rows(RowOrder::kInterleavedKey, 4, 2, 1), rotary_rows(4, 1));
}

TEST(GgufArchitecture, OfOneNameTheFirstThatHoldsTheFileReadsIt) {
  Metadata metadata;
  const MetadataReader reader(metadata, "model.gguf");
  EXPECT_EQ(find_architecture("llama", reader, {})->model_types.front(), "llama");
  metadata.set("llama.expert_count", 8U);
  EXPECT_EQ(find_architecture("llama", reader, {})->model_types.front(), "mixtral");
  metadata.set("bert.attention.layer_norm_epsilon", 1e-12F);
  EXPECT_EQ(find_architecture("bert", reader, {})->model_types.front(), "distilbert");
  Container segments;
  segments.tensors.push_back({"token_types.weight", {2, 8}, 0, 0, 0});
  EXPECT_EQ(find_architecture("bert", reader, segments)->model_types.front(), "bert");
}

TEST(GgufArchitecture, InverseRowsUndo) {
  const auto rows = rotary_rows(96, 3);
  const auto inverse = inverse_rows(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(inverse[static_cast<std::size_t>(rows[i])], static_cast<std::int64_t>(i));
  }
}

}  // namespace
}  // namespace kerf::formats::gguf
