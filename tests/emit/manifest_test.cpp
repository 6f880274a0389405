#include "emit/manifest.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::emit {
namespace {

using test::expect_error;

Manifest sample() {
  Manifest manifest;
  manifest.version = "1.2.3";
  manifest.build = {"Eigen 3.4.0"};
  manifest.chosen = "scheme int4-g32, method gptq";
  manifest.request.set("name", "tiny");
  manifest.recipe = "rules: []\n";
  manifest.source = {{"model.safetensors", 12, std::string(64, 'a')}};
  manifest.calibration = {{"text.txt", 3, std::string(64, '0')}};
  manifest.name = "out.gguf";
  manifest.format = "gguf";
  manifest.options = {{"split-max-size", "1G"}};
  manifest.files = {{"out.gguf", 7, std::string(64, 'f')}};
  manifest.bits_per_weight = 4.5;
  manifest.weights_hash = "00ff";
  TensorPlan tensor;
  tensor.name = "w";
  tensor.role = "up";
  tensor.shape = {4, 8};
  tensor.scheme = "int4-g32";
  tensor.method = "gptq";
  tensor.rule = "--scheme";
  tensor.bits_per_weight = 4.5;
  tensor.fallback = true;
  tensor.pruning = "wanda:50%";
  tensor.activations = "int8-dynamic";
  tensor.relative_error = 0.125;
  tensor.hash = "0f";
  manifest.tensors = {tensor};
  return manifest;
}

Manifest parse(const std::string& text) {
  const Json json = Json::parse(text, "m.json");
  return parse_manifest(JsonCursor(json, "m.json"));
}

TEST(Manifest, SurvivesItsJson) {
  const std::string text = to_json(sample()).dump();
  EXPECT_EQ(to_json(parse(text)).dump(), text);
  EXPECT_EQ(parse(text).tensors[0].relative_error, 0.125);
}

TEST(Manifest, RefusesWhatIsMissingUnknownOrOfAnotherVersion) {
  expect_error(ErrorCode::kInput, "no manifest of kerf", [] { parse("{}"); });
  Json json = to_json(sample());
  json.set("kerf_manifest", 2);
  expect_error(ErrorCode::kInput, "found version 2, expected 1", [&] { parse(json.dump()); });
  json = to_json(sample());
  json.set("weihgts_xxh3", "x");
  expect_error(ErrorCode::kInput, "did you mean weights_xxh3?", [&] { parse(json.dump()); });
  json = to_json(sample());
  json.as_object().erase("files");
  expect_error(ErrorCode::kInput, "files", [&] { parse(json.dump()); });
}

TEST(Manifest, NamesNoFileOutsideItsFolder) {
  Manifest manifest = sample();
  manifest.files[0].name = "../out.gguf";
  expect_error(ErrorCode::kInput, "..", [&] { parse(to_json(manifest).dump()); });
  manifest = sample();
  manifest.files[0].sha256 = "short";
  expect_error(ErrorCode::kInput, "64 hexadecimal digits", [&] { parse(to_json(manifest).dump()); });
}

TEST(ManifestPath, StandsBesideAFileAndInAFolder) {
  EXPECT_EQ(manifest_path("a/model.gguf", false), "a/model.gguf.kerf.json");
  EXPECT_EQ(manifest_path("a/model", true), "a/model/model.kerf.json");
}

TEST(ManifestPath, IsFoundFromWhateverPartOfTheModelIsNamed) {
  const test::TempDir folder;
  EXPECT_EQ(find_manifest(folder.path()), "");
  EXPECT_EQ(find_manifest(folder / "model.gguf"), "");
  folder.write("model.gguf.kerf.json", "{}");
  EXPECT_EQ(find_manifest(folder / "model.gguf"), folder / "model.gguf.kerf.json");
  EXPECT_EQ(find_manifest(folder / "model-00002-of-00003.gguf"), folder / "model.gguf.kerf.json");
  EXPECT_EQ(find_manifest(folder / "other.gguf"), "");
  folder.write("model.kerf.json", "{}");
  EXPECT_EQ(find_manifest(folder.path()), folder / "model.kerf.json");
  EXPECT_EQ(find_manifest(folder / "model.safetensors"), folder / "model.kerf.json");
}

}  // namespace
}  // namespace kerf::emit
