#include "formats/safetensors/model_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

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

class ModelFiles : public ::testing::Test {
 protected:
  StoredTensors open() { return open_model_files(dir_.path(), notes_); }
  void expect_refused(std::string_view part) {
    expect_error(ErrorCode::kInput, part, [&] { open(); });
  }

  TempDir dir_;
  std::vector<std::string> notes_;
};

TEST_F(ModelFiles, ReadsTheShardsOfAnIndex) {
  dir_.write("one.safetensors", shard({"a"}));
  dir_.write("two.safetensors", shard({"b", "c"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"})"));
  dir_.write("consolidated.safetensors", "not looked at");
  const StoredTensors tensors = open();
  EXPECT_EQ(tensors.size(), 3U);
  EXPECT_EQ(tensors.at("b").file->path(), dir_ / "two.safetensors");
  EXPECT_TRUE(notes_.empty());
}

TEST_F(ModelFiles, PrefersTheSingleFileAndSaysSo) {
  dir_.write("model.safetensors", shard({"single"}));
  dir_.write(kIndex, "not looked at");
  EXPECT_TRUE(open().contains("single"));
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_NE(notes_[0].find(kIndex), std::string::npos);
}

TEST_F(ModelFiles, ShardHeadersDecideNotTheIndex) {
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

TEST_F(ModelFiles, NotesTensorsThatTheIndexLeavesOut) {
  dir_.write("one.safetensors", shard({"a", "b"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors"})"));
  EXPECT_EQ(open().size(), 2U);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_NE(notes_[0].find("leaves out 1 tensors that its shards have, first 'b'"), std::string::npos) << notes_[0];
}

TEST_F(ModelFiles, CountsMissingShards) {
  dir_.write("one.safetensors", shard({"a"}));
  dir_.write(kIndex, index_of(R"({"a":"one.safetensors","b":"two.safetensors","c":"three.safetensors"})"));
  expect_refused("names 3 shards, of which 2 are missing, first 'three.safetensors'");
}

TEST_F(ModelFiles, RefusesNamesThatLeaveTheFolder) {
  dir_.write("sub/one.safetensors", shard({"a"}));
  for (const std::string name : {"../one.safetensors", "/etc/passwd", "", ".", "..", "sub/../one.safetensors",
                                 "sub//one.safetensors", "sub/one.safetensors", "a\\\\b", "a\\u0000b"}) {
    SCOPED_TRACE(name);
    dir_.write(kIndex, index_of("{\"a\":\"" + name + "\"}"));
    expect_refused(kIndex);
  }
}

TEST_F(ModelFiles, RefusesIndexesThatAreNone) {
  for (const std::string index : {"", "[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{}})",
                                  R"({"weight_map":{"a":1}})", R"({"weight_map":{"a":"x","a":"x"}})"}) {
    SCOPED_TRACE(index);
    dir_.write(kIndex, index);
    expect_refused(kIndex);
  }
}

TEST_F(ModelFiles, FollowsLinksOfEntryFiles) {
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

TEST_F(ModelFiles, SaysWhatIsThereInstead) {
  expect_refused("has no model.safetensors");
  dir_.write("model.onnx", "");
  expect_refused(".onnx file");
  dir_.write("pytorch_model.bin", "");
  expect_refused("PyTorch checkpoint, whose pickles kerf does not execute; convert it to safetensors");
  dir_.write("weights.safetensors", shard({"a"}));
  expect_refused("other .safetensors files");
  dir_.write("adapter_model.safetensors", shard({"a"}));
  expect_refused("an adapter, not a model");
  dir_.write("model-00001-of-00002.safetensors", shard({"a"}));
  expect_refused("no model.safetensors.index.json");
}

}  // namespace
}  // namespace kerf::formats::safetensors
