#include "api/provenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::api {
namespace {

std::vector<std::string> names(const std::vector<emit::FileHash>& files) {
  std::vector<std::string> result;
  for (const emit::FileHash& file : files) result.push_back(file.name);
  return result;
}

TEST(Provenance, HoldsEveryFileThatAModelIsReadFrom) {
  EXPECT_THAT(names(source_hashes(test::source_dir() + "/examples/tiny-llama")),
              testing::ElementsAre("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"));
}

TEST(Provenance, HoldsCalibrationFiles) {
  const test::TempDir folder;
  folder.write("a.txt", "abc");
  CalibrationOptions calibration;
  calibration.text.files = {folder / "a.txt"};
  const auto files = calibration_hashes(calibration);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].bytes, 3U);
}

TEST(Provenance, RecipesThatKerfBringsAreNoFiles) {
  QuantizationChoice choice;
  EXPECT_FALSE(is_path_of_recipe(choice));
  choice.recipe = "q4_k_m";
  EXPECT_FALSE(is_path_of_recipe(choice));
  choice.recipe = "mine.yaml";
  EXPECT_TRUE(is_path_of_recipe(choice));
}

}  // namespace
}  // namespace kerf::api
