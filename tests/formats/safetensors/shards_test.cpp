#include "formats/safetensors/shards.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/json.h"
#include "formats/weight_files.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

using test::as_bytes;
using test::expect_error;
using test::TempDir;

std::vector<TensorPlan> plan_of(const std::vector<std::int64_t>& sizes) {
  std::vector<TensorPlan> plan;
  for (std::size_t i = 0; i < sizes.size(); ++i) plan.push_back({"t" + std::to_string(i), DType::kU8, {sizes[i]}});
  return plan;
}

/// "0 1 | 2": the tensors of each shard.
std::string layout_of(const ShardPlan& plan) {
  std::string text;
  for (const Shard& shard : plan.shards) {
    if (!text.empty()) text += "|";
    for (const TensorPlan& tensor : shard.tensors) text += tensor.name.substr(1);
  }
  return text;
}

TEST(SafetensorsShards, FillsShardsInOrderUpToTheLimit) {
  EXPECT_EQ(layout_of(plan_shards(plan_of({4, 4, 4}), 12)), "012");
  EXPECT_EQ(layout_of(plan_shards(plan_of({4, 4, 4}), 11)), "01|2");
  EXPECT_EQ(layout_of(plan_shards(plan_of({4, 4, 4}), 4)), "0|1|2");
  EXPECT_EQ(layout_of(plan_shards(plan_of({1, 50, 1, 1}), 4)), "0|1|23");  // 1 is larger than any shard
  EXPECT_EQ(layout_of(plan_shards(plan_of({0, 4, 0, 4}), 4)), "012|3");
  EXPECT_EQ(layout_of(plan_shards({}, 4)), "");
}

TEST(SafetensorsShards, NamesFilesAsHuggingFaceDoes) {
  const ShardPlan one = plan_shards(plan_of({1, 1}));
  EXPECT_EQ(one.shards.at(0).file, "model.safetensors");
  EXPECT_TRUE(one.index.empty());
  const ShardPlan two = plan_shards(plan_of({1, 1}), 1);
  EXPECT_EQ(two.shards.at(0).file, "model-00001-of-00002.safetensors");
  EXPECT_EQ(two.shards.at(1).file, "model-00002-of-00002.safetensors");
  const Json index = Json::parse(two.index, "index");
  EXPECT_EQ(index.find("metadata")->find("total_size")->as_int64(), 2);
  EXPECT_EQ(index.find("weight_map")->find("t1")->as_string(), "model-00002-of-00002.safetensors");
}

TEST(SafetensorsShards, WritesWhatItPlannedAndReadsItBack) {
  for (const std::uint64_t limit : {1ULL, 5ULL, 9ULL, 100ULL}) {
    SCOPED_TRACE(limit);
    const TempDir dir;
    const std::vector<TensorPlan> tensors = plan_of({3, 0, 4, 5, 0, 1, 0});
    const ShardPlan plan = plan_shards(tensors, limit);
    OutputFolder folder(dir / "out", false);
    ShardedWriter writer(folder, plan);
    for (const TensorPlan& tensor : tensors) {
      writer.append(tensor.name, as_bytes(std::string(tensor.bytes(), tensor.name[1])));
    }
    writer.finish();
    folder.commit();

    std::uint64_t bytes = 0;
    for (const std::string& name : list_directory(dir / "out")) bytes += InputFile::open(dir / "out/" + name)->size();
    EXPECT_EQ(bytes, plan.bytes());
    std::vector<std::string> notes;
    const StoredTensors stored = open_weights(dir / "out", {}, notes);
    EXPECT_TRUE(notes.empty());
    ASSERT_EQ(stored.size(), tensors.size());
    for (const TensorPlan& tensor : tensors) {
      const Tensor read = stored.at(tensor.name).read();
      for (std::int64_t i = 0; i < read.size(); ++i) EXPECT_EQ(read.data<std::uint8_t>()[i], tensor.name[1]);
    }
  }
}

TEST(SafetensorsShards, NoticesAMissingTensor) {
  const TempDir dir;
  OutputFolder folder(dir / "out", false);
  ShardedWriter writer(folder, plan_shards(plan_of({1, 1}), 1));
  writer.append("t0", as_bytes("a"));
  expect_error(ErrorCode::kUsage, "'t1' has 0 of 1 bytes", [&] { writer.finish(); });
}

TEST(SafetensorsShards, RefusesATensorInTwoShards) {
  const std::vector<TensorPlan> twice = {{"a", DType::kU8, {1}}, {"a", DType::kU8, {1}}};
  expect_error(ErrorCode::kUsage, "twice", [&] { plan_shards(twice, 1); });
}

}  // namespace
}  // namespace kerf::formats::safetensors
