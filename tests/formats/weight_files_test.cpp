#include "formats/weight_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "formats/safetensors/shard_index.h"
#include "tests/formats/pytorch/torch_bytes.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats {
namespace {

using safetensors::StoredTensors;
using test::expect_error;
using test::file_of;
using test::TempDir;

constexpr std::string_view kIndex = "model.safetensors.index.json";

/// A file with tensors of one byte each.
std::string shard(const std::vector<std::string>& names) {
  std::string json = "{";
  for (std::size_t i = 0; i < names.size(); ++i) {
    json += (i == 0 ? "\"" : ",\"") + names[i] + R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(i) +
            "," + std::to_string(i + 1) + "]}";
  }
  return file_of(json + "}", std::string(names.size(), 'x'));
}

std::string index_of(std::string_view weight_map) {
  return R"({"metadata":{"total_size":2},"weight_map":)" + std::string(weight_map) + "}";
}

class WeightFiles : public ::testing::Test {
 protected:
  StoredTensors open() { return open_weights(dir_.path(), {}, notes_); }
  void expect_refused(std::string_view part) {
    expect_error(ErrorCode::kInput, part, [&] { open(); });
  }

  TempDir dir_;
  std::vector<std::string> notes_;
};

TEST_F(WeightFiles, ReadsTheShardsOfAnIndex) {
  dir_.write("one.safetensors", shard({"a"}));
  dir_.write("two.safetensors", shard({"b", "c"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"})"));
  const StoredTensors tensors = open();
  EXPECT_EQ(tensors.size(), 3U);
  EXPECT_EQ(tensors.at("b").file->path(), dir_ / "two.safetensors");
  EXPECT_TRUE(notes_.empty());
  dir_.write("consolidated.safetensors", "not looked at");
  open();
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_EQ(notes_[0], "'consolidated.safetensors' is there too and left aside");
}

TEST_F(WeightFiles, PrefersTheSingleFileAndSaysSo) {
  dir_.write("model.safetensors", shard({"single"}));
  dir_.write(kIndex, "not looked at");
  EXPECT_TRUE(open().contains("single"));
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_NE(notes_[0].find(kIndex), std::string::npos);
}

TEST_F(WeightFiles, ShardHeadersDecideNotTheIndex) {
  dir_.write("one.safetensors", shard({"a"}));
  dir_.write("two.safetensors", shard({"b"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"})"));
  expect_refused("tensor 'c': is said to be in 'two.safetensors', but no shard has it");
  dir_.write(kIndex, index_of(R"({"a":"two.safetensors","b":"two.safetensors","x":"one.safetensors"})"));
  expect_refused("tensor 'a': is said to be in 'two.safetensors', but is in 'one.safetensors'");
  dir_.write("two.safetensors", shard({"a", "b"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors","b":"two.safetensors"})"));
  expect_refused("tensor 'a': is in " + (dir_ / "one.safetensors") + " too");
}

TEST_F(WeightFiles, NotesTensorsThatTheIndexLeavesOut) {
  dir_.write("one.safetensors", shard({"a", "b"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors"})"));
  EXPECT_EQ(open().size(), 2U);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_NE(notes_[0].find("leaves out 1 tensors that its shards have, first 'b'"), std::string::npos) << notes_[0];
}

TEST_F(WeightFiles, CountsMissingShards) {
  dir_.write("one.safetensors", shard({"a"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors","b":"two.safetensors","c":"three.safetensors"})"));
  expect_refused("names 3 shards, of which 2 are missing, first 'three.safetensors'");
}

TEST_F(WeightFiles, RefusesNamesThatLeaveTheFolder) {
  dir_.write("sub/one.safetensors", shard({"a"}));
  for (const std::string name : {"../one.safetensors", "/etc/passwd", "", ".", "..", "sub/../one.safetensors",
                                 "sub//one.safetensors", "sub/one.safetensors", "a\\\\b", "a\\u0000b"}) {
    SCOPED_TRACE(name);
    dir_.write(kIndex, index_of("{\"a\":\"" + name + "\"}"));
    expect_refused(kIndex);
  }
}

TEST_F(WeightFiles, RefusesIndexesThatAreNone) {
  for (const std::string index : {"", "[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{}})",
                                  R"({"weight_map":{"a":1}})", R"({"weight_map":{"a":"x","a":"x"}})"}) {
    SCOPED_TRACE(index);
    dir_.write(kIndex, index);
    expect_refused(kIndex);
  }
}

TEST_F(WeightFiles, FollowsLinksOfEntryFiles) {
  const TempDir elsewhere;
  elsewhere.write("blob1", shard({"a"}));
  elsewhere.write("blob2", index_of(R"({"a":"one.safetensors"})"));
  std::filesystem::create_symlink(elsewhere / "blob1", dir_ / "one.safetensors");
  std::filesystem::create_symlink(elsewhere / "blob2", dir_ / kIndex);
  EXPECT_TRUE(open().contains("a"));
  std::filesystem::remove(elsewhere / "blob1");
  expect_refused("1 is missing");
  std::filesystem::create_directory(elsewhere / "blob1");
  expect_refused("directory");
}

TEST_F(WeightFiles, SaysWhatIsThereInstead) {
  expect_refused("has no model.safetensors");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"tf_model.h5", "'tf_model.h5' of TensorFlow or Flax"},
      {"model.onnx", "'model.onnx', which can be opened by its own name"},
      {"weights.pt", "'weights.pt', which can be opened by its own name with --allow-bin"},
      {"weights.safetensors", "no model.safetensors, but 'weights.safetensors'"},
      {"consolidated.safetensors", "consolidated.safetensors only, whose names are not those of transformers"},
      {"model.fp16.safetensors", "the variant 'model.fp16.safetensors'; open that file by its own name"},
      {"adapter_model.safetensors", "an adapter, not a model"},
      {"model-00001-of-00002.safetensors", "shards, but no model.safetensors.index.json"},
      {"model-00002-of-00002.safetensors.crdownload",
       "'model-00002-of-00002.safetensors.crdownload' is an unfinished"}};
  for (const auto& [name, message] : cases) {
    SCOPED_TRACE(name);
    dir_.write(name, shard({"a"}));
    expect_refused(message);
  }
}

TEST_F(WeightFiles, PyTorchNeedsToBeAllowed) {
  const std::string bin = test::zip_of({{.name = "m/data.pkl", .data = test::pickle_of("}")}});
  dir_.write("pytorch_model.bin", bin);
  expect_refused(
      "pytorch_model.bin: is a PyTorch checkpoint, a pickle; convert it to safetensors (save_pretrained does), "
      "or read it with --allow-bin, which takes the pickle as data and executes nothing");
  EXPECT_TRUE(open_weights(dir_.path(), {.allow_bin = true}, notes_).empty());
  dir_.write("pytorch_model.bin", "version https://git-lfs.github.com/spec/v1\n");
  expect_refused("a Git LFS pointer");
  dir_.write("model.safetensors", shard({"a"}));
  EXPECT_TRUE(open().contains("a")) << "safetensors come first";
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_EQ(notes_[0], "'pytorch_model.bin' is there too and left aside");
}

TEST_F(WeightFiles, ReadsThePyTorchShardsOfAnIndex) {
  const std::string tensor = test::pickled_tensor(test::pickled_storage("ByteStorage", "0", 2), 0, {2}, {1});
  for (const std::string name : {"a", "b"}) {
    dir_.write(name + ".bin",
               test::zip_of({{.name = "m/data.pkl", .data = test::pickle_of(test::pickled_dict({{name, tensor}}))},
                             {.name = "m/data/0", .data = "xy"}}));
  }
  dir_.write("pytorch_model.bin.index.json", index_of(R"({"a":"a.bin","b":"b.bin"})"));
  expect_refused("pytorch_model.bin.index.json: is a PyTorch checkpoint");
  EXPECT_EQ(open_weights(dir_.path(), {.allow_bin = true}, notes_).size(), 2U);
  dir_.write("b.bin", "<html>");
  expect_error(ErrorCode::kInput, "b.bin: is an HTML page",
               [&] { open_weights(dir_.path(), {.allow_bin = true}, notes_); });
}

/// aria2 gives a file its full size at once, filled with zeros.
TEST_F(WeightFiles, UnfinishedDownloadsAreNotRead) {
  dir_.write("model.safetensors", shard({"a"}));
  dir_.write("model.safetensors.aria2", "");
  expect_refused("model.safetensors: is an unfinished download: 'model.safetensors.aria2' is beside it");
}

TEST_F(WeightFiles, UnfinishedDownloadsOfTheHubAreFound) {
  dir_.write(".cache/huggingface/download/abc.incomplete", "");
  expect_refused(
      "has no model.safetensors yet: '.cache/huggingface/download/abc.incomplete' is an unfinished download");
}

TEST_F(WeightFiles, NamesBrokenLinks) {
  std::filesystem::create_symlink("../../blobs/abc", dir_ / "model.safetensors");
  expect_refused("model.safetensors: is a link to a file that is not there; download the model again");
}

TEST_F(WeightFiles, OpensVariantsByTheirNames) {
  const auto open_file = [&](const std::string& name) { return open_weight_file(dir_ / name, {}, notes_); };
  dir_.write("model.fp16.safetensors", shard({"half"}));
  EXPECT_TRUE(open_file("model.fp16.safetensors").contains("half"));
  dir_.write("one.fp16.safetensors", shard({"a"}));
  dir_.write("model.safetensors.index.fp16.json", index_of(R"({"a":"one.fp16.safetensors"})"));
  EXPECT_TRUE(open_file("model.safetensors.index.fp16.json").contains("a"));
}

}  // namespace
}  // namespace kerf::formats
