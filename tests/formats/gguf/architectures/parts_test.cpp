// Every family's golden checkpoint, written as GGUF in f32 and read back, computes the logits that transformers
// computes.

#include "formats/gguf/architectures/parts.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "formats/gguf/reader.h"
#include "formats/safetensors/reader.h"
#include "models/model_graph.h"
#include "tests/support/gguf_model.h"
#include "tests/support/op_runner.h"
#include "tests/support/reference_executor.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::gguf {
namespace {

TEST(GgufParts, ABiasIsThereOrNotOrMustBe) {
  EXPECT_EQ(linear("a", "b").size(), 1U);
  const Rules optional = linear("a.{}", "b.{}", Bias::kOptional, RowOrder::kFusedByHead);
  ASSERT_EQ(optional.size(), 2U);
  EXPECT_EQ(optional[1].hugging_face, "a.{}.bias");
  EXPECT_EQ(optional[1].gguf, "b.{}.bias");
  EXPECT_FALSE(optional[1].required);
  EXPECT_EQ(optional[1].order, RowOrder::kFusedByHead);
  EXPECT_TRUE(norm("a", "b", Bias::kRequired)[1].required);
  EXPECT_EQ(norm("a", "b", Bias::kNone, Values::kPlusOne)[0].values, Values::kPlusOne);
}

std::string golden(const std::string& name) { return test::source_dir() + "/tests/golden/checkpoints/" + name; }

Checkpoint through_gguf(const Checkpoint& source, const std::string& scheme, const std::string& float_scheme,
                        const std::string& path) {
  test::write_gguf_model(source, test::plan_gguf(source, scheme, float_scheme), path);
  return open_gguf(path);
}

class GgufFamily : public testing::TestWithParam<const char*> {};

TEST_P(GgufFamily, ComputesTheLogitsOfTransformers) {
  const test::TempDir folder;
  const Checkpoint read = through_gguf(open_checkpoint(golden(GetParam())), "f32", "f32", folder / "model.gguf");
  const safetensors::Reader expected(golden(GetParam()) + "/expected.safetensors");
  std::map<std::string, Tensor> inputs;
  for (const auto& [name, entry] : expected.header().tensors) {
    if (name != "logits") inputs.emplace(name, expected.read_tensor(name));
  }
  const models::ModelGraph model = models::build_model(JsonCursor(read.config, "config.json"), read.tensors);
  const Tensor found = test::run_model(model, inputs), wanted = expected.read_tensor("logits");
  ASSERT_EQ(found.shape(), wanted.shape());
  double difference = 0, scale = 0;
  for (std::int64_t i = 0; i < wanted.size(); ++i) {
    const double value = wanted.data<float>()[i];
    difference = std::max(difference, std::abs(static_cast<double>(found.data<float>()[i]) - value));
    scale = std::max(scale, std::abs(value));
  }
  // Two f32 computations of these depths differ by some 1e-6; a row out of place by 1e-1.
  EXPECT_LE(difference, 1e-4 * scale);
}

/// Every type of the format: the codes that went in come out, in the checkpoint's order.
TEST_P(GgufFamily, KeepsEveryCode) {
  const test::TempDir folder;
  const Checkpoint source = open_checkpoint(golden(GetParam()));
  for (const char* scheme : {"q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl", "mxfp4", "f16", "bf16"}) {
    if (std::string(GetParam()) == "qwen3-moe" && codec::parse_scheme(scheme).quantized()) continue;  // rows of 48
    const Checkpoint read = through_gguf(source, scheme, "f32", folder / "model.gguf");
    for (const auto& [name, tensor] : read.tensors) {
      const auto before = source.tensors.find(name);
      if (before == source.tensors.end()) continue;  // a name without its prefix
      const graph::SourcePtr original = test::graph_source(source, name), after = test::graph_source(read, name);
      const auto codes = after->read_quantized();
      if (!codes) continue;
      const codec::QuantizedTensor expected = test::quantize_to_nearest(*original, codec::parse_scheme(scheme));
      EXPECT_EQ(codes->codes, expected.codes) << scheme << ' ' << name;
      EXPECT_EQ(codes->scales, expected.scales) << scheme << ' ' << name;
      EXPECT_EQ(codes->minima, expected.minima) << scheme << ' ' << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GgufFamily,
                         testing::Values("bert-cls", "bloom", "gemma", "gemma2", "gemma3", "gpt-neox",
                                         "gpt-neox-serial", "gpt2", "granite", "llama", "llama-bias",
                                         "llama-linear-rope", "llama-tied-mha", "llama3-rope", "mixtral", "olmo2",
                                         "phi2", "phi3", "phi3-longrope", "phi4-partial", "qwen2", "qwen3", "qwen3-moe",
                                         "stablelm", "starcoder2", "t5-gated", "tinybert-base"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kerf::formats::gguf
