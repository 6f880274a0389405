#include "formats/gguf/reader.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/container.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;
using test::GgufBytes;

/// A llama of one layer, 8 dimensions, 2 heads and 4 tokens, as far as its header goes.
struct Llama {
  GgufBytes file;
  test::TempDir folder;

  Llama& header() {
    file.key("general.architecture", "llama")
        .key("llama.context_length", 16U)
        .key("llama.embedding_length", 8U)
        .key("llama.block_count", 1U)
        .key("llama.feed_forward_length", 8U)
        .key("llama.attention.head_count", 2U)
        .key("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    return *this;
  }
  Llama& embeddings() {
    file.tensor("token_embd.weight", {8, 4}, std::vector<float>(32, 1));
    return *this;
  }
  Checkpoint open() { return open_gguf(folder.write("model.gguf", file.bytes())); }
  void expect_refused(std::string_view message) {
    expect_error(ErrorCode::kInput, message, [&] { open(); });
    expect_error(ErrorCode::kInput, "model.gguf: ", [&] { open(); });
  }
};

TEST(GgufReader, SpeaksHuggingFace) {
  Llama model;
  model.header().embeddings();
  const Checkpoint checkpoint = model.open();
  EXPECT_EQ(checkpoint.format, "gguf");
  const JsonCursor config(checkpoint.config, "");
  EXPECT_EQ(config.at("model_type").as_string(), "llama");
  EXPECT_EQ(config.at("architectures").at(std::size_t{0}).as_string(), "LlamaForCausalLM");
  EXPECT_EQ(config.at("max_position_embeddings").as_int64(), 16);
  EXPECT_EQ(config.at("num_key_value_heads").as_int64(), 2);
  EXPECT_EQ(config.at("head_dim").as_int64(), 4);
  EXPECT_EQ(config.at("vocab_size").as_int64(), 4);
  EXPECT_EQ(config.at("rms_norm_eps").as_double(), 1e-5);
  EXPECT_EQ(config.at("hidden_act").as_string(), "silu");
  EXPECT_EQ(config.at("dtype").as_string(), "float32");
  EXPECT_TRUE(config.at("tie_word_embeddings").as_bool());
  EXPECT_FALSE(config.at("attention_bias").as_bool());
  EXPECT_FALSE(config.has("bos_token_id"));
  EXPECT_EQ(config.at("rope_parameters").at("rope_type").as_string(), "default");
  EXPECT_EQ(config.at("rope_parameters").at("rope_theta").as_double(), 10000.0);
  EXPECT_TRUE(checkpoint.tensors.contains("model.embed_tokens.weight"));
  EXPECT_TRUE(checkpoint.tokenizer.tokenizer_json.is_null());
}

TEST(GgufReader, UndoesTheRowOrderOfQueriesAndKeys) {
  Llama model;
  model.header().embeddings();
  model.file.key("llama.attention.head_count_kv", 1U);
  model.file.tensor("blk.0.attn_q.weight", {1, 8}, {0, 1, 2, 3, 4, 5, 6, 7});
  model.file.tensor("blk.0.attn_q.bias", {8}, {0, 1, 2, 3, 4, 5, 6, 7});
  model.file.tensor("blk.0.attn_k.weight", {1, 4}, {0, 1, 2, 3});
  model.file.tensor("blk.0.attn_v.weight", {1, 4}, {0, 1, 2, 3});
  const Checkpoint checkpoint = model.open();
  const auto values = [&](const char* name) {
    const Tensor tensor = checkpoint.tensors.at(name)->read();
    return std::vector<float>(tensor.values<float>().begin(), tensor.values<float>().end());
  };
  const std::vector<float> query = {0, 2, 1, 3, 4, 6, 5, 7};
  EXPECT_EQ(values("model.layers.0.self_attn.q_proj.weight"), query);
  EXPECT_EQ(values("model.layers.0.self_attn.q_proj.bias"), query);
  EXPECT_EQ(values("model.layers.0.self_attn.k_proj.weight"), (std::vector<float>{0, 2, 1, 3}));
  EXPECT_EQ(values("model.layers.0.self_attn.v_proj.weight"), (std::vector<float>{0, 1, 2, 3}));
  EXPECT_TRUE(checkpoint.config.find("attention_bias")->as_bool());
}

TEST(GgufReader, KeepsUnknownTensorsUnderTheirName) {
  Llama model;
  model.header().embeddings().file.tensor("blk.0.surprise.weight", {1}, {1});
  EXPECT_TRUE(model.open().tensors.contains("blk.0.surprise.weight"));
}

TEST(GgufReader, RefusesAnotherArchitecture) {
  Llama none, other, typed;
  none.expect_refused("key 'general.architecture': found no such key");
  other.file.key("general.architecture", "lama");
  other.expect_refused("llama");
  typed.file.key("general.architecture", 1U);
  typed.expect_refused("found a value of type u32, expected string");
}

TEST(GgufReader, RefusesMissingAndMalformedHyperparameters) {
  Llama empty;
  empty.file.key("general.architecture", "llama");
  empty.expect_refused("key 'llama.attention.head_count': found no such key");
  Llama half;
  half.file.key("general.architecture", "llama")
      .key("llama.attention.head_count", 2U)
      .key("llama.embedding_length", 8U)
      .tensor("token_embd.weight", {8, 4}, std::vector<float>(32, 1));
  half.expect_refused("key 'llama.context_length': found no such key");
  Llama zero;
  zero.file.key("general.architecture", "llama").key("llama.attention.head_count", 0U);
  zero.expect_refused("key 'llama.attention.head_count': found 0, expected 1 to");
  Llama odd;
  odd.file.key("general.architecture", "llama").key("llama.attention.head_count", 3U).key("llama.embedding_length", 8U);
  odd.expect_refused("found 3 heads, which do not divide 8 dimensions");
  Llama bare;
  bare.header();
  bare.expect_refused("tensor 'token_embd.weight': found no matrix of this name");
}

TEST(GgufReader, RefusesKeysThatMayChangeTheNumbers) {
  const auto with = [](std::string_view key, auto value, std::string_view message) {
    Llama model;
    model.header().embeddings().file.key(key, value);
    model.expect_refused(message);
  };
  with("llama.attention.scale", 0.5F,
       "key 'llama.attention.scale': found a key that may change what the model computes");
  with("llama.expert_count", 8U, "key 'llama.expert_used_count': found no such key");
  with("llama.logit_scale", 0.5F, "key 'llama.logit_scale'");
  with("llama.rope.dimension_count", 2U, "found 2, expected the head's 4 dimensions");
  with("llama.rope.freq_base", 0.0F, "expected a positive number");
  with("llama.rope.freq_base", -1.0F, "expected a positive number");
  with("llama.rope.scaling.type", "dynamic", "found 'dynamic', expected 'none', 'linear' or 'yarn'");
  with("llama.rope.scale_linear", std::numeric_limits<float>::quiet_NaN(), "expected a finite number");
  with("llama.vocab_size", 5U, "found 5, expected the embeddings' 4 rows");
  with("llama.attention.value_length", 8U, "found 8, expected the keys' 4");
  with("tokenizer.ggml.eos_token_id", "x", "expected an integer");
  Llama harmless;
  harmless.header()
      .embeddings()
      .file.key("llama.expert_count", 0U)
      .key("llama.tensor_data_layout", "Meta AI original pth");
  harmless.open();
}

TEST(GgufReader, ReadsRopeFactors) {
  Llama model;
  model.header().embeddings().file.tensor("rope_freqs.weight", {2}, {1, 8});
  const Checkpoint checkpoint = model.open();
  EXPECT_EQ(checkpoint.config.find("rope_parameters")->find("factors")->dump(), "[1.0, 8.0]");
  EXPECT_FALSE(checkpoint.tensors.contains("rope_freqs.weight"));
}

TEST(GgufReader, RefusesMalformedRopeFactors) {
  Llama shape, zero, both;
  shape.header().embeddings().file.tensor("rope_freqs.weight", {3}, {1, 1, 1});
  shape.expect_refused("tensor 'rope_freqs.weight': found the shape [3], expected [2]");
  zero.header().embeddings().file.tensor("rope_freqs.weight", {2}, {1, 0});
  zero.expect_refused("found a factor of 0, expected positive ones");
  both.header().embeddings().file.tensor("rope_freqs.weight", {2}, {1, 8}).key("llama.rope.scale_linear", 2.0F);
  both.expect_refused("found another scaling beside rope_freqs.weight");
}

TEST(GgufReader, RefusesRowsThatHeadsDoNotDivide) {
  Llama model;
  model.header().embeddings().file.tensor("blk.0.attn_q.weight", {1, 6}, {0, 1, 2, 3, 4, 5});
  model.expect_refused("tensor 'blk.0.attn_q.weight': found 6 rows, expected as many for each of 2 heads");
}

TEST(GgufReader, RefusesValuesThatAreNotFinite) {
  Llama model;
  std::vector<float> values(32, 1);
  values[9] = std::numeric_limits<float>::quiet_NaN();
  values[20] = std::numeric_limits<float>::infinity();
  model.header().file.tensor("token_embd.weight", {8, 4}, values);
  const Checkpoint checkpoint = model.open();
  expect_error(ErrorCode::kInput, "tensor 'token_embd.weight': found nan at index 9",
               [&] { checkpoint.tensors.at("model.embed_tokens.weight")->read(); });
}

TEST(GgufReader, RefusesInfiniteScales) {
  Llama model;
  std::string block(34, '\0');
  block[1] = '\x7C';  // f16 infinity
  model.header().embeddings().file.tensor("blk.0.ffn_up.weight", {32, 1}, 8, 128).data(block);
  const Checkpoint checkpoint = model.open();
  const auto& source = *checkpoint.tensors.at("model.layers.0.mlp.up_proj.weight");
  expect_error(ErrorCode::kInput, "found a scale of inf in block 0", [&] { source.read_quantized(); });
  expect_error(ErrorCode::kInput, "tensor 'blk.0.ffn_up.weight'", [&] { source.read(); });
}

TEST(GgufReader, ListsTypesThatItCannotRead) {
  Llama model;
  model.header().embeddings().file.tensor("blk.0.ffn_up.weight", {256, 1}, 16, 128).data(std::string(66, '\0'));
  const Checkpoint checkpoint = model.open();
  EXPECT_THAT(checkpoint.notes,
              testing::ElementsAre("1 tensor is of type iq2_xxs, which this build lists but cannot read"));
  const auto& source = *checkpoint.tensors.at("model.layers.0.mlp.up_proj.weight");
  EXPECT_EQ(source.stored_bytes(), 66U);
  EXPECT_EQ(source.shape(), (Shape{1, 256}));
  expect_error(ErrorCode::kInput, "found values of type iq2_xxs, which this build cannot read", [&] { source.read(); });
}

TEST(GgufReader, ReadsSomeRowsOnly) {
  Llama model;
  std::vector<float> values(32);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  model.header().file.tensor("token_embd.weight", {8, 4}, values);
  const Checkpoint checkpoint = model.open();
  std::vector<float> rows(16);
  checkpoint.tensors.at("model.embed_tokens.weight")->read_rows(1, 2, rows.data());
  EXPECT_EQ(rows, std::vector<float>(values.begin() + 8, values.begin() + 24));
}

TEST(GgufReader, IsAskedForGgufFilesOnly) {
  const test::TempDir folder;
  const ContainerInfo& container = gguf_container();
  EXPECT_TRUE(container.matches(folder.write("broken.gguf", "not at all")));
  EXPECT_TRUE(container.matches(folder.write("BROKEN.GGUF", "")));
  EXPECT_TRUE(container.matches(folder.write("unnamed", "GGUF....")));
  EXPECT_FALSE(container.matches(folder.write("model.safetensors", "GGML....")));
  EXPECT_FALSE(container.matches(folder.write("short", "GGU")));
  EXPECT_FALSE(container.matches(folder.path()));
  expect_error(ErrorCode::kInput, "broken.gguf", [&] { open_gguf(folder / "broken.gguf"); });
}

}  // namespace
}  // namespace kerf::formats::gguf
