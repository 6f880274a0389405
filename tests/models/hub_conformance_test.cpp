// What checkpoints on hubs differ in from what save_pretrained writes today, for every golden checkpoint: prefixes,
// buffers of older versions, tensors that are missing, too many or of another shape.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/strings.h"
#include "tests/models/checkpoints.h"
#include "tests/support/expect_error.h"

namespace kerf::models {
namespace {

const std::string kFolder = test::source_dir() + "/tests/golden/checkpoints";

class HubVariants : public testing::TestWithParam<std::string> {
 protected:
  formats::Checkpoint checkpoint = golden(GetParam());
  std::string family = checkpoint.config.find("model_type")->as_string();

  bool is_t5() const { return family == "t5"; }
  static graph::SourcePtr zeros(const Shape& shape, const std::string& name) {
    return graph::make_memory_source(Tensor::zeros(DType::kF32, shape), "m.safetensors: tensor '" + name + "'");
  }
};

/// The last two parts of a name: what is the same under every prefix.
std::string end_of(const std::string& name) {
  const auto parts = split(name, '.');
  const std::size_t first = parts.size() < 2 ? 0 : parts.size() - 2;
  return join(std::span(parts).subspan(first), ".");
}

bool matches_any(const std::string& name, std::initializer_list<std::string_view> patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view p) { return glob_match(p, name); });
}

/// "config.json: tensor 'NAME': the checkpoint has none ...", or of a head's first tensor that it is a base model.
TEST_P(HubVariants, EveryTensorIsNeededAndNamed) {
  for (const auto& [name, source] : checkpoint.tensors) {
    SCOPED_TRACE(name);
    // A pooler may be left out; a head's bias is held once or twice.
    if (matches_any(name, {"*pooler.*", "*predictions.bias", "lm_head.bias", "*decoder.bias"})) continue;
    formats::Checkpoint without = checkpoint;
    without.tensors.erase(name);
    test::expect_error(ErrorCode::kInput, end_of(name) + "'", [&] { build(without); });
  }
}

TEST_P(HubVariants, EveryShapeIsCheckedAndNamed) {
  for (const auto& [name, source] : checkpoint.tensors) {
    SCOPED_TRACE(name);
    Shape larger = source->shape();
    ++larger.front();
    formats::Checkpoint other = checkpoint;
    other.tensors[name] = zeros(larger, name);
    test::expect_error(ErrorCode::kInput,
                       "m.safetensors: tensor '" + name + "': found shape " + to_string(larger) + ", expected ",
                       [&] { build(other); });
  }
}

TEST_P(HubVariants, LeftOverTensorsAreCountedAndNamed) {
  for (const char* name : {"zz.unknown.weight", "aa.unknown.weight", "zz.other"})
    checkpoint.tensors[name] = zeros({2}, name);
  test::expect_error(ErrorCode::kInput, "tensor 'aa.unknown.weight': found a tensor that no part of a ",
                     [&] { build(checkpoint); });
  test::expect_error(ErrorCode::kInput, " model reads, and 2 more like it", [&] { build(checkpoint); });
}

/// What the base model's class saves has no prefix.
TEST_P(HubVariants, PrefixesMayBeAbsent) {
  const Tensor usual = is_t5() ? Tensor() : output_of(checkpoint);
  formats::Checkpoint bare = checkpoint;
  for (const char* prefix : {"transformer.h.", "transformer.w", "transformer.ln_f.", "gpt_neox.", "bert.", "roberta.",
                             "albert.", "mobilebert.", "distilbert.", "model."}) {
    const std::string from = prefix, to = from.substr(from.find('.') + 1);
    if (family != "distilbert" || !starts_with(from, "transformer.")) rename_all(bare, from, to);
  }
  if (family == "bloom") rename_all(bare, "transformer.", "");
  if (is_t5()) {
    EXPECT_NO_THROW(build(bare));
  } else {
    EXPECT_TRUE(test::same_bits(output_of(bare), usual));
  }
}

/// Tensors that transformers ignores too, by family (its _keys_to_ignore_on_load_unexpected, and buffers that older
/// versions saved).
const std::map<std::string, std::vector<std::string>>& ignored_by_family() {
  static const std::vector<std::string> rotary = {"model.layers.0.self_attn.rotary_emb.inv_freq",
                                                  "model.rotary_emb.inv_freq"};
  static const std::map<std::string, std::vector<std::string>> ignored = {
      {"gpt2", {"transformer.h.0.attn.bias", "transformer.h.1.attn.masked_bias", "h.0.attn.bias"}},
      {"gpt_neo", {"transformer.h.0.attn.attention.bias", "transformer.h.1.attn.attention.masked_bias"}},
      {"gpt_neox",
       {"gpt_neox.layers.0.attention.bias", "gpt_neox.layers.0.attention.masked_bias",
        "gpt_neox.layers.1.attention.rotary_emb.inv_freq"}},
      {"opt", {"model.decoder.version", "decoder.version"}},
      {"bloom", {"transformer.h.0.self_attention.scale_mask_softmax.causal_mask"}},
      {"bert",
       {"bert.embeddings.position_ids", "embeddings.position_ids", "cls.seq_relationship.weight",
        "cls.seq_relationship.bias"}},
      {"roberta", {"roberta.embeddings.position_ids", "roberta.pooler.dense.weight", "roberta.pooler.dense.bias"}},
      {"albert", {"albert.embeddings.position_ids", "albert.pooler.weight", "sop_classifier.classifier.weight"}},
      {"distilbert", {"distilbert.embeddings.position_ids"}},
      {"mobilebert",
       {"mobilebert.embeddings.position_ids", "cls.seq_relationship.weight", "mobilebert.pooler.dense.weight"}},
      {"t5", {"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"}},
      {"llama", rotary},
      {"mistral", rotary},
      {"mixtral", rotary},
      {"qwen2", rotary},
      {"qwen3", rotary},
      {"qwen3_moe", rotary},
      {"phi", rotary},
      {"phi3", rotary},
      {"gemma", rotary},
      {"gemma2", rotary},
      {"gemma3_text", rotary},
      {"stablelm", rotary},
      {"starcoder2", rotary},
      {"olmo2", rotary},
      {"smollm3", rotary},
      {"granite", rotary}};
  return ignored;
}

TEST_P(HubVariants, WhatTransformersIgnoresIsLeftAsideAndNoted) {
  const auto ignored = ignored_by_family().find(family);
  ASSERT_NE(ignored, ignored_by_family().end()) << "no list for " << family;
  for (const std::string& name : ignored->second) {
    SCOPED_TRACE(name);
    formats::Checkpoint more = checkpoint;
    if (!more.tensors.emplace(name, zeros({1}, name)).second) continue;
    const ModelGraph model = build(more);
    ASSERT_FALSE(model.notes.empty());
    EXPECT_TRUE(std::any_of(model.notes.begin(), model.notes.end(), [&](const std::string& note) {
      return note.find("'" + name + "'") != std::string::npos && note.find("left aside: ") != std::string::npos;
    }));
  }
}

/// A tied head may be saved all the same.
TEST_P(HubVariants, ATiedHeadMayBeThere) {
  const ModelGraph plain = build(checkpoint);
  if (!plain.model.hyperparameters.tied_head || is_t5())
    GTEST_SKIP() << "the head is, or would be, a tensor of its own";
  const bool masked = plain.model.task == description::Task::kMaskedLm;
  const std::string head = !masked                  ? "lm_head.weight"
                           : family == "distilbert" ? "vocab_projector.weight"
                           : family == "roberta"    ? "lm_head.decoder.weight"
                           : family == "albert"     ? "predictions.decoder.weight"
                                                    : "cls.predictions.decoder.weight";
  checkpoint.tensors.emplace(head, zeros({1}, head));
  const ModelGraph model = build(checkpoint);
  EXPECT_EQ(model.graph.weights().size(), plain.graph.weights().size());
}

/// A configuration's word for how many layers there are costs nothing before their tensors are found.
TEST_P(HubVariants, TenMillionLayersAreRefusedAtTheFirstMissingTensor) {
  if (family == "albert") GTEST_SKIP() << "its layers share their tensors, and are counted";
  for (const char* key : {"num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers"}) {
    if (checkpoint.config.contains(key)) checkpoint.config.set(key, std::int64_t{10'000'000});
  }
  for (const char* key : {"layer_types", "attention_layers", "no_rope_layers"})
    checkpoint.config.as_object().erase(key);
  if (family == "gpt_neo") {
    checkpoint.config.set("attention_types", Json::parse(R"([[["global", "local"], 5000000]])", "config.json"));
  }
  test::expect_error(ErrorCode::kInput, "': the checkpoint has none, expected shape", [&] { build(checkpoint); });
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, HubVariants, testing::ValuesIn(list_directory(kFolder)),
                         [](const testing::TestParamInfo<std::string>& golden_case) {
                           std::string name = golden_case.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(HubVariants, AMissingHeadSaysWhatTiesIt) {
  formats::Checkpoint checkpoint = golden("llama");
  checkpoint.tensors.erase("lm_head.weight");
  test::expect_error(ErrorCode::kInput,
                     "tensor 'lm_head.weight': the checkpoint has none, expected shape [160, 64]; a head that is "
                     "the embedding needs tie_word_embeddings",
                     [&] { build(checkpoint); });
}

TEST(HubVariants, AConfigurationWithoutTypeNeedsAFamily) {
  for (const auto& [name, hint] :
       std::map<std::string, std::string>{{"llama", "; 'LlamaForCausalLM' is probably --family llama"},
                                          {"gpt-neox", "; 'GPTNeoXForCausalLM' is probably --family gpt_neox"},
                                          {"gpt2", "; 'GPT2LMHeadModel' is probably --family gpt2"},
                                          {"qwen3-moe", "; 'Qwen3MoeForCausalLM' is probably --family qwen3_moe"},
                                          {"gemma3", "; 'Gemma3ForCausalLM' is probably --family gemma3_text"},
                                          {"tinybert-base", "; 'BertModel' is probably --family bert"},
                                          {"t5", "; 'T5ForConditionalGeneration' is probably --family t5"}}) {
    formats::Checkpoint checkpoint = golden(name);
    const std::string family = checkpoint.config.find("model_type")->as_string();
    checkpoint.config.as_object().erase("model_type");
    test::expect_error(ErrorCode::kInput,
                       "has no model_type, which names the architecture; say it with --family NAME" + hint,
                       [&] { build(checkpoint); });
    EXPECT_NO_THROW(build_model(JsonCursor(checkpoint.config, "config.json"), checkpoint.tensors, family));
  }
}

TEST(HubVariants, OtherKindsOfConfigurationAreNamed) {
  formats::Checkpoint checkpoint = golden("llama");
  checkpoint.config =
      Json::parse(R"({"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.2"})", "config.json");
  test::expect_error(ErrorCode::kInput, "describes a part of a diffusers pipeline ('UNet2DConditionModel')",
                     [&] { build(checkpoint); });
  checkpoint.config = Json::parse(R"({"architectures": ["WarpForCausalLM"]})", "config.json");
  test::expect_error(ErrorCode::kInput, "--family NAME; it has the architecture 'WarpForCausalLM'",
                     [&] { build(checkpoint); });
  checkpoint.config = Json::parse(R"({"architectures": [3]})", "config.json");
  test::expect_error(ErrorCode::kInput, "has no model_type", [&] { build(checkpoint); });
}

}  // namespace
}  // namespace kerf::models
