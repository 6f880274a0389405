#include "formats/lora/tensors.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::lora {
namespace {

using test::expect_error;

class LoraTensors : public ::testing::Test {
 protected:
  Tensors sort(const std::vector<std::string>& names) {
    std::vector<test::TensorBytes> tensors;
    for (const std::string& name : names) tensors.push_back(test::f32_tensor(name, {1}, {0}));
    return sort_tensors(safetensors::Reader(dir_.write("a.safetensors", test::safetensors_bytes(tensors))).stored());
  }

  test::TempDir dir_;
};

TEST_F(LoraTensors, TakesNamesApart) {
  const std::string p = "base_model.model.";
  const Tensors tensors =
      sort({p + "model.q_proj.lora_A.weight", p + "model.q_proj.lora_B.weight", p + "k.lora_A.default.weight",
            p + "k.lora_B.default.weight", p + "e.lora_embedding_A", p + "e.lora_embedding_B.default",
            p + "k.lora_magnitude_vector", p + "lm_head.weight", p + "e.base_layer.weight", p + "q.base_layer.bias",
            p + "score.modules_to_save.default.weight", p + "other.modules_to_save.bias"});
  ASSERT_EQ(tensors.modules.size(), 3U);
  EXPECT_FALSE(tensors.modules.at("model.q_proj").is_embedding);
  EXPECT_FALSE(tensors.modules.at("model.q_proj").magnitude);
  EXPECT_TRUE(tensors.modules.at("k").magnitude);
  EXPECT_TRUE(tensors.modules.at("e").is_embedding);
  std::vector<std::string> whole;
  for (const auto& [name, tensor] : tensors.whole) whole.push_back(name);
  EXPECT_EQ(whole, (std::vector<std::string>{"e.weight", "lm_head.weight", "other.bias", "q.bias", "score.weight"}));
}

TEST_F(LoraTensors, MagnitudesHaveHadTwoNames) {
  const std::string p = "base_model.model.q.";
  EXPECT_TRUE(sort({p + "lora_A.weight", p + "lora_B.weight", p + "lora_magnitude_vector.default.weight"})
                  .modules.at("q")
                  .magnitude);
}

TEST_F(LoraTensors, RefusesWhatItCannotPlace) {
  const std::string p = "base_model.model.";
  expect_error(ErrorCode::kInput, "tensor 'q.lora_A.weight': has a name that does not begin with",
               [&] { sort({"q.lora_A.weight"}); });
  expect_error(ErrorCode::kInput, "'base_model.model.q.lora_A.weight': stands without its lora_B",
               [&] { sort({p + "q.lora_A.weight"}); });
  expect_error(ErrorCode::kInput, "q.lora_magnitude_vector': stands without its lora_A",
               [&] { sort({p + "q.lora_magnitude_vector"}); });
  expect_error(ErrorCode::kInput, "more than one adapter", [&] {
    sort({p + "q.lora_A.a.weight", p + "q.lora_A.b.weight", p + "q.lora_B.a.weight"});
  });
  expect_error(ErrorCode::kInput, "does not know as a part", [&] { sort({p + "q.lora_A.bias"}); });
  expect_error(ErrorCode::kInput, "does not know as a part", [&] { sort({p + "lora_A.weight"}); });
  expect_error(ErrorCode::kInput, "replaces what", [&] { sort({p + "e.weight", p + "e.base_layer.weight"}); });
}

}  // namespace
}  // namespace kerf::formats::lora
