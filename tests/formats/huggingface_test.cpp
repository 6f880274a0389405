#include "formats/huggingface.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "formats/container.h"
#include "formats/model_folder.h"
#include "formats/text_part.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats {
namespace {

using test::expect_error;
using test::TempDir;

const std::string kGolden = test::source_dir() + "/tests/golden/";
const std::string kModel =
    test::file_of(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", std::string(4, 0));

std::vector<std::string> names_of(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) names.push_back(file_name(path));
  return names;
}

TEST(HuggingFace, OpensWhatTransformersSaved) {
  int opened = 0;
  for (const std::string& name : list_directory(kGolden + "checkpoints")) {
    SCOPED_TRACE(name);
    const Checkpoint checkpoint = open_huggingface(kGolden + "checkpoints/" + name);
    EXPECT_TRUE(checkpoint.config.find("model_type")->is_string());
    EXPECT_FALSE(checkpoint.tensors.empty());
    EXPECT_TRUE(checkpoint.layout.empty());
    ++opened;
  }
  EXPECT_GT(opened, 10);
}

TEST(HuggingFace, DecodesCompressedTensors) {
  const Checkpoint checkpoint = open_huggingface(kGolden + "compressed_tensors/model");
  EXPECT_EQ(checkpoint.layout, "compressed-tensors");
  EXPECT_FALSE(checkpoint.config.contains("quantization_config"));
  EXPECT_TRUE(checkpoint.tensors.at("model.layers.0.q_proj.weight")->scheme());
  EXPECT_FALSE(checkpoint.tensors.contains("model.layers.0.q_proj.weight_packed"));
}

class HuggingFaceDirectory : public ::testing::Test {
 protected:
  HuggingFaceDirectory() {
    dir_.write("config.json", R"({"model_type":"llama"})");
    dir_.write("model.safetensors", kModel);
  }
  void expect_refused(const std::string& path, std::string_view part) {
    expect_error(ErrorCode::kInput, part, [&] { open_huggingface(path); });
  }

  TempDir dir_;
};

TEST_F(HuggingFaceDirectory, OpensDirectoriesAndFiles) {
  for (const std::string& path : {dir_.path(), dir_.path() + "/", dir_ / "model.safetensors"}) {
    const Checkpoint checkpoint = open_huggingface(path);
    EXPECT_TRUE(checkpoint.tensors.contains("w")) << path;
    EXPECT_EQ(checkpoint.path, path);
    EXPECT_EQ(checkpoint.format, "huggingface");
    EXPECT_TRUE(checkpoint.tokenizer.tokenizer_json.is_null());
  }
}

TEST_F(HuggingFaceDirectory, ReadsTheTokenizerAndListsWhatTravels) {
  dir_.write("tokenizer.json", R"({"model":{}})");
  dir_.write("tokenizer_config.json", R"({"bos_token":"<s>"})");
  for (const std::string name : {"LICENSE.txt", "generation_config.json", "chat_template.jinja", "merges.txt"}) {
    dir_.write(name, "");
  }
  for (const std::string name : {"README.md", "pytorch_model.bin", "modeling_custom.py", "optimizer.pt"}) {
    dir_.write(name, "");
  }
  std::filesystem::create_directory(dir_ / "chat_template.d");
  const Checkpoint checkpoint = open_huggingface(dir_.path());
  EXPECT_TRUE(checkpoint.tokenizer.tokenizer_json.contains("model"));
  EXPECT_TRUE(checkpoint.tokenizer.tokenizer_config.contains("bos_token"));
  EXPECT_EQ(checkpoint.tokenizer.source_file, dir_ / "tokenizer.json");
  EXPECT_EQ(names_of(checkpoint.carried_files),
            (std::vector<std::string>{"LICENSE.txt", "chat_template.jinja", "generation_config.json", "merges.txt",
                                      "tokenizer.json", "tokenizer_config.json"}));
  EXPECT_TRUE(std::is_sorted(checkpoint.carried_files.begin(), checkpoint.carried_files.end()));
}

TEST_F(HuggingFaceDirectory, ReadsATokenizerByItself) {
  const TempDir only;
  const std::string path = only.write("tokenizer.json", R"({"model":{}})");
  EXPECT_TRUE(read_tokenizer(only.path()).tokenizer_json.contains("model"));
  EXPECT_TRUE(read_tokenizer(path).tokenizer_json.contains("model"));
  EXPECT_TRUE(read_tokenizer(path).tokenizer_config.is_null());
}

TEST_F(HuggingFaceDirectory, SpecialTokensThatOnlyTheirMapNames) {
  const TempDir folder;
  folder.write("tokenizer.json", R"({"model":{}})");
  folder.write("tokenizer_config.json", R"({"cls_token":"[C]"})");
  folder.write("special_tokens_map.json", R"({"cls_token":"[D]","mask_token":{"content":"[HIDDEN]"}})");
  EXPECT_EQ(read_tokenizer(folder.path()).tokenizer_config.dump(), R"({"cls_token": "[C]", "mask_token": "[HIDDEN]"})");
}

TEST_F(HuggingFaceDirectory, OpensTheCacheOfTheHub) {
  const TempDir cache;
  const std::string revision = "0123456789abcdef";
  const std::string blob = cache.write("models--o--n/blobs/aa", kModel);
  cache.write("models--o--n/blobs/bb", R"({"model_type":"llama"})");
  cache.write("models--o--n/refs/main", revision + "\n");
  const std::string snapshot = cache / ("models--o--n/snapshots/" + revision);
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_symlink("../../blobs/aa", snapshot + "/model.safetensors");
  std::filesystem::create_symlink("../../blobs/bb", snapshot + "/config.json");
  EXPECT_TRUE(open_huggingface(snapshot).tensors.contains("w"));
  EXPECT_TRUE(open_huggingface(cache / "models--o--n").tensors.contains("w"));
  EXPECT_TRUE(huggingface_container().matches(blob));
  cache.write("models--o--n/blobs/cc", R"({"model":{}})");
  std::filesystem::create_symlink("../../blobs/cc", snapshot + "/tokenizer.json");
  EXPECT_TRUE(read_tokenizer(cache / "models--o--n").tokenizer_json.contains("model"));
  EXPECT_EQ(open_huggingface(cache / "models--o--n").carried_files,
            (std::vector<std::string>{snapshot + "/tokenizer.json"}));
  cache.write("models--o--n/refs/main", "../../elsewhere");
  expect_refused(cache / "models--o--n", "leaves the folder");
}

TEST_F(HuggingFaceDirectory, OpensTheCacheWithoutABranch) {
  const TempDir cache;
  cache.write("models--o--n/snapshots/abc/config.json", R"({"model_type":"llama"})");
  cache.write("models--o--n/snapshots/abc/model.safetensors", kModel);
  EXPECT_TRUE(open_huggingface(cache / "models--o--n").tensors.contains("w"));
  cache.write("models--o--n/refs/main", "def");
  expect_refused(cache / "models--o--n", "refs/main: names 'def', which is not in the cache; download the model again");
  std::filesystem::remove(cache / "models--o--n/refs/main");
  std::filesystem::create_directory(cache / "models--o--n/snapshots/def");
  expect_refused(cache / "models--o--n", "is a cache folder with 2 revisions and no refs/main");
  expect_refused(cache.path(), "has no config.json");
}

TEST_F(HuggingFaceDirectory, SaysWhatAFolderWithoutConfigIs) {
  const TempDir other;
  expect_refused(other.path(), "has no config.json, which says what the model is");
  other.write("tokenizer.json", "{}");
  expect_refused(other.path(), "holds a tokenizer and no model");
  other.write("params.json", "{}");
  expect_refused(other.path(), "has params.json in place of config.json");
  other.write("0_Transformer/config.json", "{}");
  expect_refused(other.path(), "has no config.json, but its folder '0_Transformer' has; open that");
  for (const std::string name : {"b", "c", "d", "e"}) other.write(name + "/config.json", "{}");
  expect_refused(other.path(), "holds 5 models ('0_Transformer', 'b', 'c', 'd', ...), expected one");
  other.write("model_index.json", "{}");
  expect_refused(other.path(), "is a pipeline of diffusers");
  other.write("adapter_config.json", R"({"base_model_name_or_path":"org/base"})");
  expect_refused(other.path(),
                 "is an adapter of 'org/base', not a model; open that model, and the adapter with --lora");
}

/// Gemma 3 with vision, in both spellings of its names.
TEST_F(HuggingFaceDirectory, TakesTheLanguageModelOutOfAModelThatSees) {
  const auto tensor = [](const std::string& name, int at) {
    return "\"" + name + R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(at) + "," +
           std::to_string(at + 1) + "]}";
  };
  dir_.write("config.json", R"({"model_type":"gemma3","architectures":["Gemma3ForConditionalGeneration"],
      "eos_token_id":[1,106],"text_config":{"hidden_size":2560,"model_type":"gemma3_text"},"vision_config":{}})");
  for (const auto& [layer, head] : {std::pair("language_model.model.", "language_model.lm_head.weight"),
                                    std::pair("model.language_model.", "lm_head.weight")}) {
    SCOPED_TRACE(layer);
    dir_.write("model.safetensors",
               test::file_of("{" + tensor(std::string(layer) + "norm.weight", 0) + "," + tensor(head, 1) + "," +
                                 tensor("vision_tower.a", 2) + "," + tensor("multi_modal_projector.b", 3) + "}",
                             "abcd"));
    const Checkpoint checkpoint = open_huggingface(dir_.path());
    EXPECT_EQ(checkpoint.tensors.size(), 2U);
    EXPECT_TRUE(checkpoint.tensors.contains("model.norm.weight"));
    EXPECT_TRUE(checkpoint.tensors.contains("lm_head.weight"));
    EXPECT_EQ(checkpoint.config.find("model_type")->as_string(), "gemma3_text");
    EXPECT_EQ(checkpoint.config.find("hidden_size")->as_int64(), 2560);
    EXPECT_EQ(checkpoint.config.find("vocab_size")->as_int64(), 262208) << "transformers' default";
    EXPECT_EQ(checkpoint.config.find("eos_token_id")->as_array().size(), 2U);
    ASSERT_EQ(checkpoint.notes.size(), 1U);
    EXPECT_EQ(
        checkpoint.notes[0],
        "gemma3 is read as the language model in it (gemma3_text); 2 tensors of its other parts left aside, first "
        "'multi_modal_projector.b'");
  }
}

TEST_F(HuggingFaceDirectory, NeedsAConfig) {
  std::filesystem::remove(dir_ / "config.json");
  expect_refused(dir_.path(), "has no config.json");
  expect_refused(dir_ / "model.safetensors", "has no config.json");
  dir_.write("config.json", "[]");
  expect_refused(dir_.path(), "config.json: holds an array, expected an object");
  dir_.write("config.json", "{");
  expect_refused(dir_.path(), "config.json");
  dir_.write("config.json", "");
  expect_refused(dir_.path(), "config.json: is empty");
  dir_.write("config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  expect_refused(dir_.path(), "config.json: is a Git LFS pointer, not the file it stands for; run 'git lfs pull'");
  dir_.write("config.json", "<!DOCTYPE html><html></html>");
  expect_refused(dir_.path(), "config.json: is an HTML page");
  dir_.write("config.json", std::string((16 << 20) + 1, ' '));
  expect_refused(dir_.path(), "config.json");
  dir_.write("config.json", R"({"a":1,"a":1})");
  expect_refused(dir_.path(), "twice");
}

TEST_F(HuggingFaceDirectory, RefusesOtherQuantizationsByName) {
  dir_.write("config.json", R"({"quantization_config":{"quant_method":"hqq\u001b","bits":4}})");
  expect_refused(dir_.path(), "quantization_config: the model is quantized with 'hqq\\x1B', which kerf does not read");
  dir_.write("config.json", R"({"quantization_config":{"bits":4,"group_size":64}})");
  expect_refused(dir_.path(), "quantization_config: has no quant_method");
  dir_.write("config.json", R"({"quantization_config":7})");
  expect_refused(dir_.path(), "quantization_config");
  dir_.write("config.json", R"({"quantization_config":null})");
  EXPECT_NO_THROW(open_huggingface(dir_.path()));
}

TEST_F(HuggingFaceDirectory, PointsFromAShardToItsDirectory) {
  const std::string shard = dir_.write("model-00001-of-00002.safetensors", kModel);
  dir_.write("model.safetensors.index.json", "{}");
  expect_refused(shard, "one shard of several; open the directory");
}

TEST_F(HuggingFaceDirectory, RefusesBrokenTokenizers) {
  dir_.write("tokenizer.json", "[1]");
  expect_refused(dir_.path(), "tokenizer.json: holds an array");
  dir_.write("tokenizer.json", "{}");
  dir_.write("tokenizer_config.json", "");
  expect_refused(dir_.path(), "tokenizer_config.json");
}

}  // namespace
}  // namespace kerf::formats
