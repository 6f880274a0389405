#include "emit/targets/genai_config.h"

#include <gtest/gtest.h>

namespace kerf::emit {
namespace {

description::Model model_of(const std::string& family, const std::string& config) {
  description::Model model;
  model.family = family;
  model.config = Json::parse(config, "config.json");
  model.eos_id = 2;
  model.hyperparameters.layers = 3;
  model.hyperparameters.kv_heads = 2;
  model.hyperparameters.vocab_size = 100;
  model.hyperparameters.context_length = 64;
  return model;
}

TEST(GenaiConfig, SaysWhatTheGraphHas) {
  const Json config = genai_config(model_of("llama", R"({"eos_token_id": [5, 6]})"));
  const Json& about = *config.find("model");
  EXPECT_EQ(about.find("type")->as_string(), "llama");
  EXPECT_EQ(about.find("eos_token_id")->as_array().size(), 2U);
  EXPECT_EQ(about.find("pad_token_id")->as_int64(), 2) << "without one, that of the end";
  const Json& decoder = *about.find("decoder");
  EXPECT_EQ(decoder.find("filename")->as_string(), "model.onnx");
  EXPECT_EQ(decoder.find("num_hidden_layers")->as_int64(), 3);
  EXPECT_EQ(decoder.find("inputs")->find("past_key_names")->as_string(), "past_key_values.%d.key");
  EXPECT_EQ(decoder.find("outputs")->find("present_value_names")->as_string(), "present.%d.value");
  EXPECT_EQ(config.find("search")->find("max_length")->as_int64(), 64);
}

TEST(GenaiConfig, FamiliesWithoutANameThereAreDecoders) {
  EXPECT_EQ(genai_config(model_of("gemma3", "{}")).find("model")->find("type")->as_string(), "gemma3_text");
  EXPECT_EQ(genai_config(model_of("stablelm", "{}")).find("model")->find("type")->as_string(), "decoder");
}

}  // namespace
}  // namespace kerf::emit
