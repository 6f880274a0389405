#include "formats/checkpoint.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "formats/container.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats {
namespace {

using test::expect_error;
using test::TempDir;

TEST(Checkpoint, ContainersDescribeThemselves) {
  std::set<std::string_view> names;
  for (const ContainerInfo* container : containers()) {
    EXPECT_TRUE(names.insert(container->name).second) << container->name;
    EXPECT_FALSE(container->summary.empty());
  }
  EXPECT_TRUE(names.contains("huggingface"));
  EXPECT_TRUE(names.contains("gguf"));
}

TEST(Checkpoint, OpensADirectory) {
  const std::string path = test::source_dir() + "/tests/golden/checkpoints/llama";
  const Checkpoint checkpoint = open_checkpoint(path);
  EXPECT_EQ(checkpoint.format, "huggingface");
  EXPECT_EQ(checkpoint.path, path);
  EXPECT_FALSE(checkpoint.tensors.empty());
}

TEST(Checkpoint, RefusesAPathThatIsNotThere) {
  expect_error(ErrorCode::kInput, "no-such-model: there is no such file or directory",
               [] { open_checkpoint("no-such-model"); });
}

TEST(Checkpoint, SaysWhatItOpens) {
  const TempDir dir;
  const std::string path = dir.write("model.dat", "\x01\x02");
  expect_error(ErrorCode::kInput, path + ": is not a model that kerf opens", [&] { open_checkpoint(path); });
  for (const ContainerInfo* container : containers()) {
    expect_error(ErrorCode::kInput, container->summary, [&] { open_checkpoint(path); });
  }
}

TEST(Checkpoint, LeavesBrokenFilesToTheContainerOfTheirName) {
  const TempDir dir;
  dir.write("config.json", "{}");
  const std::string path = dir.write("model.safetensors", "version https://git-lfs.github.com/spec/v1\n");
  expect_error(ErrorCode::kInput, "Git LFS pointer", [&] { open_checkpoint(path); });
}

TEST(Checkpoint, AGgufFileIsOneUnderAnyName) {
  const TempDir dir;
  expect_error(ErrorCode::kInput, "model.bin: offset ", [&] { open_checkpoint(dir.write("model.bin", "GGUF\x03")); });
}

TEST(Checkpoint, OpensSafetensorsUnderAnyName) {
  const TempDir dir;
  dir.write("config.json", "{}");
  const std::string path = dir.write("blob", test::file_of(R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"));
  EXPECT_TRUE(open_checkpoint(path).tensors.contains("w"));
}

}  // namespace
}  // namespace kerf::formats
