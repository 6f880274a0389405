// A checkpoint, written as GGUF and read back, is the same checkpoint.

#include <cstring>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "formats/gguf/reader.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_model.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::gguf {
namespace {

Checkpoint open_source(const std::string& name) { return open_checkpoint(test::source_dir() + "/" + name); }

Checkpoint through_gguf(const Checkpoint& source, const std::string& scheme, const std::string& float_scheme,
                        const test::TempDir& folder) {
  const std::string path = folder / "model.gguf";
  const test::GgufModel model = test::plan_gguf(source, scheme, float_scheme);
  test::write_gguf_model(source, model, path);
  EXPECT_EQ(InputFile::open(path)->size(), model.plan.total_bytes());
  return open_gguf(path);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

/// config.json's keys that GGUF keeps.
void expect_same_config(const Json& written, const Json& read) {
  for (const char* key : {"architectures",
                          "model_type",
                          "hidden_size",
                          "intermediate_size",
                          "num_hidden_layers",
                          "num_attention_heads",
                          "num_key_value_heads",
                          "head_dim",
                          "max_position_embeddings",
                          "rms_norm_eps",
                          "hidden_act",
                          "vocab_size",
                          "attention_bias",
                          "mlp_bias",
                          "tie_word_embeddings",
                          "bos_token_id",
                          "eos_token_id",
                          "n_embd",
                          "n_head",
                          "n_layer",
                          "n_positions",
                          "layer_norm_epsilon",
                          "activation_function"}) {
    const Json* before = written.find(key);
    const Json* after = read.find(key);
    ASSERT_EQ(before == nullptr, after == nullptr) << key;
    if (before == nullptr) continue;
    EXPECT_EQ(before->dump(), after->dump()) << key;
  }
}

class GgufRoundTrip : public testing::TestWithParam<const char*> {};

TEST_P(GgufRoundTrip, KeepsEveryFloat) {
  const test::TempDir folder;
  const Checkpoint source = open_source(GetParam());
  const Checkpoint read = through_gguf(source, "f32", "f32", folder);
  EXPECT_EQ(read.format, "gguf");
  expect_same_config(source.config, read.config);
  ASSERT_EQ(read.tensors.size(), source.tensors.size());
  for (const auto& [name, tensor] : source.tensors) {
    ASSERT_TRUE(read.tensors.contains(name)) << name;
    EXPECT_TRUE(same_bits(tensor->read(), read.tensors.at(name)->read())) << name;
  }
}

TEST_P(GgufRoundTrip, KeepsEveryCode) {
  const test::TempDir folder;
  const Checkpoint source = open_source(GetParam());
  for (const char* name : {"q8_0", "q4_0", "q4_1", "q5_0", "q5_1"}) {
    const Checkpoint read = through_gguf(source, name, "f16", folder);
    for (const auto& [tensor_name, tensor] : source.tensors) {
      const graph::SourcePtr before = test::graph_source(source, tensor_name);
      const graph::SourcePtr after = test::graph_source(read, tensor_name);
      ASSERT_EQ(before->shape(), after->shape());
      const auto codes = after->read_quantized();
      EXPECT_EQ(codes.has_value(), after->scheme().has_value());
      if (!codes) continue;
      const codec::QuantizedTensor expected = test::quantize_to_nearest(*before, codec::parse_scheme(name));
      EXPECT_EQ(codes->codes, expected.codes) << tensor_name;
      EXPECT_EQ(codes->scales, expected.scales) << tensor_name;
      EXPECT_EQ(codes->minima, expected.minima) << tensor_name;
      Tensor values(DType::kF32, before->shape());
      codec::dequantize_rows(expected, 0, expected.rows, values.data<float>());
      EXPECT_TRUE(same_bits(values, after->read())) << tensor_name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GgufRoundTrip,
                         testing::Values("examples/tiny-llama", "tests/golden/checkpoints/llama",
                                         "tests/golden/checkpoints/llama-bias",
                                         "tests/golden/checkpoints/llama-tied-mha", "tests/golden/checkpoints/gpt2"));

TEST(GgufFile, QuantizesEveryMatrixOfABlock) {
  const test::TempDir folder;
  const Checkpoint read = through_gguf(open_source("examples/tiny-llama"), "q4_0", "f16", folder);
  EXPECT_EQ(read.tensors.at("model.layers.0.self_attn.q_proj.weight")->scheme()->name, "int4-g32");
  EXPECT_FALSE(read.tensors.at("model.embed_tokens.weight")->scheme());
  EXPECT_EQ(read.tensors.at("model.embed_tokens.weight")->dtype(), DType::kF16);
  EXPECT_EQ(read.tensors.at("model.norm.weight")->dtype(), DType::kF32);
  // 18 bytes for 32 weights.
  EXPECT_EQ(read.tensors.at("model.layers.0.self_attn.q_proj.weight")->stored_bytes(), 256U * 256 / 32 * 18);
}

TEST(GgufFile, WiderGroupsKeepTheirValues) {
  const test::TempDir folder;
  const Checkpoint source = open_source("examples/tiny-llama");
  const Checkpoint read = through_gguf(source, "int4-g128", "f16", folder);
  for (const char* name : {"model.layers.1.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight"}) {
    const codec::QuantizedTensor expected =
        test::quantize_to_nearest(*source.tensors.at(name), codec::parse_scheme("int4-g128"));
    Tensor values(DType::kF32, source.tensors.at(name)->shape());
    codec::dequantize_rows(expected, 0, expected.rows, values.data<float>());
    EXPECT_TRUE(same_bits(values, read.tensors.at(name)->read())) << name;
  }
}

TEST(GgufFile, KeepsRopeScaling) {
  const test::TempDir folder;
  const Checkpoint linear =
      through_gguf(open_source("tests/golden/checkpoints/llama-linear-rope"), "f32", "f32", folder);
  const Json& parameters = *linear.config.find("rope_parameters");
  EXPECT_EQ(parameters.find("rope_type")->as_string(), "linear");
  EXPECT_EQ(parameters.find("factor")->as_double(), 4.0);
  EXPECT_EQ(parameters.find("rope_theta")->as_double(), 10000.0);
}

TEST(GgufFile, Llama3ScalingBecomesFactorsAndStaysThem) {
  const test::TempDir folder;
  const Checkpoint once = through_gguf(open_source("tests/golden/checkpoints/llama3-rope"), "f32", "f32", folder);
  EXPECT_FALSE(once.tensors.contains("rope_freqs.weight"));
  const Json& parameters = *once.config.find("rope_parameters");
  EXPECT_EQ(parameters.find("rope_type")->as_string(), "freq_factors");
  const Json::Array& factors = parameters.find("factors")->as_array();
  // head_dim 16, theta 500000, factor 8, frequencies 1 to 4 of 16 positions: wavelengths of at most 4 stay, those of
  // more than 16 are stretched 8 times; pair 0 has 2 pi, between the two, pair 1 has 32.4.
  ASSERT_EQ(factors.size(), 8U);
  const double smooth = (16 / (2 * 3.14159265358979) - 1) / (4 - 1);
  EXPECT_NEAR(factors[0].as_double(), 1 / ((1 - smooth) / 8 + smooth), 1e-6);
  for (std::size_t i = 1; i < factors.size(); ++i) EXPECT_EQ(factors[i].as_double(), 8.0);

  const test::TempDir second;
  const Checkpoint twice = through_gguf(once, "f32", "f32", second);
  EXPECT_EQ(twice.config.find("rope_parameters")->dump(), parameters.dump());
}

TEST(GgufFile, TheSameInputGivesTheSameBytes) {
  const test::TempDir a, b;
  const Checkpoint source = open_source("examples/tiny-llama");
  through_gguf(source, "q4_0", "f16", a);
  through_gguf(source, "q4_0", "f16", b);
  EXPECT_EQ(read_file(a / "model.gguf", 1 << 24), read_file(b / "model.gguf", 1 << 24));
}

TEST(GgufFile, KeepsTheTokenizer) {
  const test::TempDir folder;
  const Checkpoint source = open_source("examples/tiny-llama");
  const Checkpoint read = through_gguf(source, "q8_0", "f16", folder);
  const Json& before = source.tokenizer.tokenizer_json;
  const Json& after = read.tokenizer.tokenizer_json;
  const auto sorted = [](const Json& vocab) {
    std::map<std::string, std::int64_t> ids;
    for (const auto& [token, id] : vocab.as_object()) ids[token] = id.as_int64();
    return ids;
  };
  EXPECT_EQ(sorted(*before.find("model")->find("vocab")), sorted(*after.find("model")->find("vocab")));
  for (const char* key : {"merges", "ignore_merges", "byte_fallback", "type"}) {
    EXPECT_EQ(before.find("model")->find(key)->dump(), after.find("model")->find(key)->dump()) << key;
  }
  for (const char* key : {"added_tokens", "normalizer", "pre_tokenizer", "post_processor"}) {
    EXPECT_EQ(before.find(key)->dump(), after.find(key)->dump()) << key;
  }
  EXPECT_EQ(read.tokenizer.tokenizer_config.find("bos_token")->as_string(), "<|endoftext|>");
  EXPECT_EQ(read.tokenizer.tokenizer_config.find("eos_token")->as_string(), "<|endoftext|>");
  EXPECT_FALSE(read.tokenizer.tokenizer_config.find("add_bos_token")->as_bool());
}

}  // namespace
}  // namespace kerf::formats::gguf
