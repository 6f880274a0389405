#include "report/inspection.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

Inspection sample() {
  Inspection model;
  model.path = "models/tiny";
  model.container = "safetensors";
  model.family = "llama";
  model.parameters = 3673344;
  model.tensor_bytes = 14693376;
  model.bits_per_weight = 32;
  model.layers = 4;
  model.hidden = 256;
  model.intermediate = 688;
  model.heads = 4;
  model.kv_heads = 1;
  model.head_dim = 64;
  model.vocabulary = 2048;
  model.context = 512;
  model.tied_head = true;
  model.activation = "silu";
  model.window = 4096;
  model.windowed_layers = 2;
  model.experts = 8;
  model.experts_per_token = 2;
  model.tensors = {{"embed", "embedding", "f32", {2048, 256}, -1, 2097152, 32},
                   {"q", "q", "q4_0", {256, 256}, 0, 36864, 4.5}};
  model.memory = {{"int4-g32", 2 << 20, 1 << 20, 1 << 10}};
  model.notes = {"a note"};
  return model;
}

TEST(InspectionText, SummaryTensorsMemory) {
  EXPECT_EQ(to_text(sample()),
            "model         models/tiny\n"
            "container     safetensors\n"
            "family        llama\n"
            "parameters    3,673,344 in 14,693,376 bytes (14.0 MiB), 32.00 bits per weight\n"
            "layers        4\n"
            "hidden size   256\n"
            "feed-forward  688\n"
            "attention     4 query heads, 1 key/value head, 64 wide\n"
            "activation    silu\n"
            "window        4,096 tokens in 2 of 4 layers\n"
            "experts       8, 2 for each token\n"
            "vocabulary    2,048, head tied to the embedding\n"
            "context       512 tokens\n"
            "tokenizer     none\n"
            "\n"
            "tensor  role       layer  dtype  shape           bytes  bits/weight\n"
            "embed   embedding      -  f32    2048 x 256  2,097,152        32.00\n"
            "q       q              0  q4_0   256 x 256      36,864         4.50\n"
            "\n"
            "memory to run at  weights  KV cache  activations  together\n"
            "int4-g32          2.0 MiB   1.0 MiB      1.0 KiB   3.0 MiB\n"
            "note: a note\n");
}

TEST(InspectionText, TasksLabelsAndTwoStacks) {
  Inspection model = sample();
  model.task = "classifier";
  model.labels = {"NEGATIVE", "POSITIVE"};
  model.decoder_layers = 3;
  const std::string text = to_text(model);
  EXPECT_NE(text.find("family        llama\n"
                      "task          classifier\n"
                      "labels        2: NEGATIVE, POSITIVE\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("layers        1 of the encoder, 3 of the decoder\n"), std::string::npos) << text;
  model.labels.assign(20, "A");
  EXPECT_NE(to_text(model).find("labels        20: A, A, A, A, A, A, A, A, ...\n"), std::string::npos);
}

TEST(InspectionText, WhatAModelDoesNotHaveIsLeftOut) {
  Inspection model;
  model.path = "x.safetensors";
  model.container = "safetensors";
  const std::string text = to_text(model);
  EXPECT_EQ(text.find("layers"), std::string::npos) << text;
  EXPECT_EQ(text.find("memory"), std::string::npos) << text;
}

TEST(InspectionJson, HasTensorsAndMemory) {
  const Json json = Json::parse(to_json(sample()).dump(2), "i.json");
  EXPECT_EQ(json.find("kv_heads")->as_int64(), 1);
  EXPECT_TRUE(json.find("tied_head")->as_bool());
  const Json::Array& tensors = json.find("tensors")->as_array();
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_FALSE(tensors[0].contains("layer"));
  EXPECT_EQ(tensors[1].find("layer")->as_int64(), 0);
  EXPECT_EQ(tensors[1].find("dtype")->as_string(), "q4_0");
  EXPECT_EQ(json.find("memory")->as_array().at(0).find("kv_cache_bytes")->as_uint64(), std::uint64_t{1} << 20);
}

}  // namespace
}  // namespace kerf::report
