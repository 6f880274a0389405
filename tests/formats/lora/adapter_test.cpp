#include "formats/lora/adapter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/strings.h"
#include "formats/safetensors/reader.h"
#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::lora {
namespace {

using test::expect_error;
using test::f32_tensor;
using test::TensorBytes;

const std::string kModel = "base_model.model.";

/// A model of a square and a wide matrix, a bias, and an embedding, and an adapter beside it.
class LoraAdapter : public ::testing::Test {
 protected:
  LoraAdapter() {
    const std::string path = dir_.write(
        "model.safetensors", test::safetensors_bytes({f32_tensor("model.q.weight", {2, 2}, {1, 2, 3, 4}),
                                                      f32_tensor("model.up.weight", {3, 2}, {0, 0, 0, 0, 0, 0}),
                                                      f32_tensor("model.q.bias", {2}, {5, 6}),
                                                      f32_tensor("model.embed.weight", {3, 2}, {1, 1, 2, 2, 3, 3})}));
    for (const auto& [name, tensor] : safetensors::Reader(path).stored()) {
      checkpoint_.tensors.emplace(name, safetensors::make_source(tensor));
    }
    checkpoint_.config = Json::object();
    checkpoint_.config.set("tie_word_embeddings", true);
  }

  void adapter(const std::string& keys, const std::vector<TensorBytes>& tensors) {
    dir_.write("a/adapter_config.json", "{\"peft_type\":\"LORA\",\"r\":1,\"lora_alpha\":2" + keys + "}");
    dir_.write("a/adapter_model.safetensors", test::safetensors_bytes(tensors));
  }
  void merge(double weight = 1) { merge_adapter(dir_ / "a", weight, base_, checkpoint_); }
  void refused(std::string_view what, double weight = 1) {
    expect_error(ErrorCode::kInput, what, [&] { merge(weight); });
  }
  std::vector<float> values(const std::string& name) {
    const Tensor all = checkpoint_.tensors.at(name)->read();
    return {all.values<float>().begin(), all.values<float>().end()};
  }

  /// B = [1, 10], A = [1, -1], alpha / r = 2: [[2, -2], [20, -20]].
  static std::vector<TensorBytes> of_q(const std::string& module = "model.q") {
    return {f32_tensor(kModel + module + ".lora_A.weight", {1, 2}, {1, -1}),
            f32_tensor(kModel + module + ".lora_B.weight", {2, 1}, {1, 10})};
  }

  test::TempDir dir_;
  Base base_;
  Checkpoint checkpoint_;
};

TEST_F(LoraAdapter, IsMergedIntoTheWeightItNames) {
  adapter("", of_q());
  merge();
  EXPECT_EQ(values("model.q.weight"), (std::vector<float>{3, 0, 23, -16}));
  EXPECT_EQ(values("model.up.weight"), std::vector<float>(6, 0));
  EXPECT_EQ(checkpoint_.notes,
            (std::vector<std::string>{"adapter " + kerf::quoted(dir_ / "a") + ": merged into 1 weights, rank 1"}));
}

TEST_F(LoraAdapter, SeveralAddUpByTheirWeights) {
  adapter("", of_q());
  merge(0.5);
  merge(-1);
  EXPECT_EQ(values("model.q.weight"), (std::vector<float>{0, 3, -7, 14}));
}

TEST_F(LoraAdapter, NamesMayDifferByAFirstPart) {
  adapter("", of_q("q"));
  merge();
  EXPECT_EQ(values("model.q.weight")[0], 3);
}

TEST_F(LoraAdapter, NamesMayHaveAFirstPartTheModelLacks) {
  adapter("", of_q("wrapper.model.q"));
  merge();
  EXPECT_EQ(values("model.q.weight")[0], 3);
}

TEST_F(LoraAdapter, MatricesThatAreStoredTransposedAreMergedAsTheyAreUsed) {
  base_.transposed = {"model.q.weight", "model.up.weight"};  // up is [in 3, out 2]
  std::vector<TensorBytes> tensors = of_q();
  tensors.push_back(f32_tensor(kModel + "model.up.lora_A.weight", {1, 3}, {1, 2, 3}));
  tensors.push_back(f32_tensor(kModel + "model.up.lora_B.weight", {2, 1}, {1, 10}));
  adapter("", tensors);
  merge();
  EXPECT_EQ(values("model.q.weight"), (std::vector<float>{3, 22, 1, -16}));
  EXPECT_EQ(values("model.up.weight"), (std::vector<float>{2, 20, 4, 40, 6, 60}));
}

TEST_F(LoraAdapter, EmbeddingsHaveTheirRowsInA) {
  adapter("", {f32_tensor(kModel + "model.embed.lora_embedding_A", {1, 3}, {1, 0, -1}),
               f32_tensor(kModel + "model.embed.lora_embedding_B", {2, 1}, {1, 5})});
  merge();
  EXPECT_EQ(values("model.embed.weight"), (std::vector<float>{3, 11, 2, 2, 1, -7}));
}

TEST_F(LoraAdapter, WholeTensorsTakeThePlaceOfTheModels) {
  adapter(R"(,"modules_to_save":["embed"],"bias":"all")",
          {f32_tensor(kModel + "model.embed.weight", {3, 2}, {9, 8, 7, 6, 5, 4}),
           f32_tensor(kModel + "model.q.base_layer.bias", {2}, {-1, -2})});
  merge();
  EXPECT_EQ(values("model.embed.weight")[0], 9);
  EXPECT_EQ(values("model.q.bias"), (std::vector<float>{-1, -2}));
}

TEST_F(LoraAdapter, AChangedEmbeddingPartsFromTheHead) {
  base_.shared_embedding = "model.embed.weight";
  base_.head = "lm_head.weight";
  adapter("", {f32_tensor(kModel + "lm_head.lora_A.weight", {1, 2}, {1, 0}),
               f32_tensor(kModel + "lm_head.lora_B.weight", {3, 1}, {1, 2, 3})});
  EXPECT_TRUE(merge_adapter(dir_ / "a", 1, base_, checkpoint_));
  EXPECT_EQ(values("model.embed.weight"), (std::vector<float>{1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(values("lm_head.weight"), (std::vector<float>{3, 1, 6, 2, 9, 3}));
  EXPECT_FALSE(checkpoint_.config.find("tie_word_embeddings")->as_bool());
}

TEST_F(LoraAdapter, AnEmbeddingInThePlaceOfTheModelsKeepsTheTie) {
  base_.shared_embedding = "model.embed.weight";
  base_.head = "lm_head.weight";
  const std::vector<TensorBytes> both = {f32_tensor(kModel + "model.embed.weight", {3, 2}, {9, 8, 7, 6, 5, 4}),
                                         f32_tensor(kModel + "lm_head.weight", {3, 2}, {9, 8, 7, 6, 5, 4})};
  adapter("", both);
  EXPECT_FALSE(merge_adapter(dir_ / "a", 1, base_, checkpoint_));
  EXPECT_EQ(values("model.embed.weight")[0], 9);
  EXPECT_FALSE(checkpoint_.tensors.contains("lm_head.weight"));
}

TEST_F(LoraAdapter, ASavedEmbeddingLeavesTheHeadAsItWas) {
  base_.shared_embedding = "model.embed.weight";
  base_.head = "lm_head.weight";
  const std::vector<TensorBytes> one = {f32_tensor(kModel + "model.embed.weight", {3, 2}, {9, 8, 7, 6, 5, 4})};
  adapter(R"(,"modules_to_save":["embed"],"ensure_weight_tying":true)", one);
  EXPECT_FALSE(merge_adapter(dir_ / "a", 1, base_, checkpoint_));
  EXPECT_FALSE(checkpoint_.tensors.contains("lm_head.weight"));
  adapter(R"(,"modules_to_save":["embed"])", one);
  EXPECT_TRUE(merge_adapter(dir_ / "a", 1, base_, checkpoint_));
  EXPECT_EQ(values("model.embed.weight")[0], 9);
}

TEST_F(LoraAdapter, RefusesWhatFitsNothing) {
  adapter("", of_q("model.k"));
  refused(
      "tensor 'base_model.model.model.k.lora_A.weight': fits no tensor of the model, which has no 'model.k.weight'");
  adapter("", {f32_tensor(kModel + "score.weight", {1, 2}, {0, 0})});
  refused("'base_model.model.score.weight': fits no tensor");
  adapter("", {});
  refused("adapter_model.safetensors: holds no tensor");
}

TEST_F(LoraAdapter, RefusesWrongShapesAndDtypes) {
  adapter(R"(,"rank_pattern":{"q":2})", of_q());
  refused("lora_A.weight': has shape [1, 2], expected [2, 2]");
  adapter("", of_q("model.up"));
  refused("model.up.lora_B.weight': has shape [2, 1], expected [3, 1] (the model's tensor is [3, 2])");
  adapter("", of_q("model.q.bias"));
  refused("fits no tensor");
  adapter("", {f32_tensor(kModel + "model.q.bias", {3}, {0, 0, 0})});
  refused("model.q.bias': has shape [3], expected [2]");
  std::vector<TensorBytes> integers = of_q();
  integers[0].dtype = "I32";
  adapter("", integers);
  refused("lora_A.weight': holds i32 values");
}

TEST_F(LoraAdapter, RefusesWeightsForWhatCannotBeWeighted) {
  adapter("", {f32_tensor(kModel + "model.q.bias", {2}, {0, 0})});
  refused("replaces the model's, which a weight of 0.5 cannot do by parts", 0.5);
  std::vector<TensorBytes> tensors = of_q();
  tensors.push_back(f32_tensor(kModel + "model.q.lora_magnitude_vector", {2}, {1, 1}));
  adapter(R"(,"use_dora":true)", tensors);
  refused("sets the length of rows", 0.5);
  adapter("", tensors);
  refused("is DoRA's, but adapter_config.json does not say use_dora");
  adapter(R"(,"use_dora":true)", of_q());
  refused("has no lora_magnitude_vector beside it");
}

TEST_F(LoraAdapter, SaysWhatAFolderLacks) {
  refused("is not an adapter: a folder with adapter_config.json and adapter_model.safetensors");
  adapter("", of_q());
  std::filesystem::rename(dir_ / "a/adapter_model.safetensors", dir_ / "a/adapter_model.bin");
  refused("has adapter_model.bin, a pickle that kerf does not execute; save the adapter as adapter_model.safetensors");
}

}  // namespace
}  // namespace kerf::formats::lora
