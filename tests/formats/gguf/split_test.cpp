#include "formats/gguf/split.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "formats/checkpoint.h"
#include "formats/gguf/reader.h"
#include "formats/gguf/writer.h"
#include "tests/formats/gguf/planned.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;

TEST(GgufSplitName, IsTheOneOfLlamaCpp) {
  EXPECT_EQ(part_path("a/model.gguf", 2, 3), "a/model-00002-of-00003.gguf");
  EXPECT_EQ(part_path("model", 1, 12), "model-00001-of-00012.gguf");
  const auto name = parse_split_name("a/m-00001-of-00002-00002-of-00003.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->prefix, "a/m-00001-of-00002");
  EXPECT_EQ(name->number, 2);
  EXPECT_EQ(name->count, 3);
  for (const char* other : {"model.gguf", "model-1-of-3.gguf", "model-00001-of-00003", "model-0001-of-00003.gguf",
                            "model-00001of-00003.gguf", "00001-of-00003.gguf", "m--0001-of-00003.gguf", ""}) {
    EXPECT_FALSE(parse_split_name(other)) << other;
  }
}

/// A model in three parts or more.
class GgufSplit : public testing::Test {
 protected:
  GgufSplit() {
    plan_ = gguf::plan(planned_.model, planned_.tokenizer, planned_.tensors, {.name = "", .part_bytes = 100000});
    write_parts(
        plan_, [&](std::int64_t number) { return std::make_unique<OutputFile>(path(number)); },
        [&](std::size_t i) -> TensorData {
          Tensor values(DType::kF32, planned_.tensors[i].shape);
          std::fill(values.values<float>().begin(), values.values<float>().end(), static_cast<float>(i));
          return values;
        });
  }
  std::int64_t count() const { return std::ssize(plan_.parts); }
  std::string path(std::int64_t number) const { return part_path(folder_ / "model.gguf", number, count()); }
  void expect_refused(std::int64_t number, std::string_view message) {
    expect_error(ErrorCode::kInput, message, [&] { open_gguf(path(number)); });
  }

  test::TempDir folder_;
  Planned planned_{"llama"};
  GgufPlan plan_;
};

TEST_F(GgufSplit, ThePathOfTheWholeNamesTheFirstPart) {
  const std::string whole = folder_ / "model.gguf";
  EXPECT_EQ(find_first_part(whole), path(1));
  expect_error(ErrorCode::kInput, "there is no such file, but '" + path(1) + "'; name that",
               [&] { open_checkpoint(whole); });
  for (const char* other : {"mode.gguf", "model.onnx", "model", "nowhere/model.gguf"}) {
    EXPECT_EQ(find_first_part(folder_ / other), "") << other;
  }
}

TEST_F(GgufSplit, AnyPartLeadsToAllTensors) {
  ASSERT_GE(count(), 3);
  std::uint64_t bytes = 0;
  for (std::int64_t number = 1; number <= count(); ++number) {
    bytes += InputFile::open(path(number))->size();
    const Checkpoint checkpoint = open_gguf(path(number));
    EXPECT_EQ(std::ssize(checkpoint.tensor_files), count());
    ASSERT_EQ(checkpoint.tensors.size(), planned_.tensors.size());
    for (std::size_t i = 0; i < planned_.tensors.size(); ++i) {
      EXPECT_EQ(checkpoint.tensors.at(planned_.tensors[i].name)->read().values<float>().back(), static_cast<float>(i));
    }
  }
  EXPECT_EQ(plan_.total_bytes(), bytes);
}

TEST_F(GgufSplit, AMissingPartIsNamed) {
  std::filesystem::remove(path(2));
  expect_refused(1, part_path("model.gguf", 2, count()));
  expect_refused(3, part_path("model.gguf", 2, count()));
}

TEST_F(GgufSplit, APartUnderAnotherNameIsRefused) {
  std::filesystem::copy_file(path(1), folder_ / "other.gguf");
  expect_error(ErrorCode::kInput, "is part 1 of", [&] { open_gguf(folder_ / "other.gguf"); });
  std::filesystem::remove(path(2));
  std::filesystem::copy_file(path(3), path(2));
  expect_refused(1, "is part 3 of");
  expect_refused(2, "is part 3 of");
}

TEST_F(GgufSplit, ATensorInTwoPartsIsRefused) {
  // The second part's header with the first part's tensors in it.
  Metadata keys;
  keys.set("split.no", std::uint16_t{1});
  keys.set("split.count", static_cast<std::uint16_t>(count()));
  keys.set("split.tensors.count", static_cast<std::int32_t>(plan_.layout.tensors.size()));
  const FileLayout layout = lay_out(keys, {{plan_.layout.tensors.front().name, {1}, 0}});
  std::filesystem::remove(path(2));
  OutputFile file(path(2));
  ContainerWriter writer(layout, file);
  writer.write(std::as_bytes(std::span("\0\0\0", 4)));
  writer.finish_tensor();
  file.commit();
  expect_refused(1, "is in another part too");
}

TEST_F(GgufSplit, PartsAgreeOnWhatTheyArePartsOf) {
  const auto with = [&](const char* key, Value value, std::string_view message) {
    Metadata keys;
    keys.set("split.no", std::uint16_t{1});
    keys.set("split.count", static_cast<std::uint16_t>(count()));
    keys.set("split.tensors.count", static_cast<std::int32_t>(plan_.layout.tensors.size()));
    keys.set(key, std::move(value));
    std::filesystem::remove(path(2));
    OutputFile file(path(2));
    file.write(lay_out(keys, {}).header);
    file.commit();
    expect_refused(1, message);
  };
  with("split.no", std::uint16_t{7}, "key 'split.no': found 7, expected 0 to");
  with("split.count", std::uint16_t{9}, "is part 2 of 9 by its metadata");
  with("split.count", std::uint16_t{0}, "is part 1 of 1 by its metadata");
  with("split.count", std::uint16_t{65535}, "key 'split.count': found 65535, expected 0 to 512");
  with("split.count", std::string("3"), "expected an integer");
  with("split.tensors.count", std::int32_t{1}, "found another number than in the first part");
  with("split.tensors.count", static_cast<std::int32_t>(plan_.layout.tensors.size()), "but all parts together have");
}

}  // namespace
}  // namespace kerf::formats::gguf
