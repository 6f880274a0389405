#include "formats/gguf/container_writer.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;

Metadata every_kind() {
  Metadata metadata;
  metadata.set("u8", std::uint8_t{255});
  metadata.set("i8", std::int8_t{-128});
  metadata.set("u16", std::uint16_t{65535});
  metadata.set("i16", std::int16_t{-32768});
  metadata.set("u32", std::uint32_t{4000000000U});
  metadata.set("i32", std::int32_t{-5});
  metadata.set("f32", 1e-5F);
  metadata.set("bool", true);
  metadata.set("string", std::string("h\xC3\xA9llo\0there", 12));
  metadata.set("u64", std::numeric_limits<std::uint64_t>::max());
  metadata.set("i64", std::numeric_limits<std::int64_t>::min());
  metadata.set("f64", 0.1);
  metadata.set("words", Array{std::vector<std::string>{"a", "", "b c"}});
  metadata.set("flags", Array{std::vector<bool>{true, false, true}});
  metadata.set("floats", Array{std::vector<float>{1, 2.5F}});
  metadata.set("empty", Array{std::vector<std::int32_t>{}});
  metadata.set("nested", Array{std::vector<Array>{Array{std::vector<std::int8_t>{1}}, Array{std::vector<double>{2}}}});
  return metadata;
}

TEST(GgufContainerWriter, WritesWhatReadsBack) {
  const test::TempDir folder;
  Random random(5);
  std::vector<TensorInfo> tensors;
  for (int i = 0; i < 40; ++i) {
    Shape shape;
    for (std::uint64_t rank = random.below(5); rank > 0; --rank)
      shape.push_back(static_cast<std::int64_t>(random.below(5) + 1));
    tensors.push_back({"tensor." + std::to_string(i), shape, static_cast<std::uint32_t>(random.below(2))});
  }
  const FileLayout layout = lay_out(every_kind(), tensors);
  OutputFile output(folder / "x.gguf");
  ContainerWriter writer(layout, output);
  for (const TensorInfo& info : layout.tensors) {
    EXPECT_EQ(output.size(), info.offset);
    const std::vector<std::byte> half(info.bytes / 2, std::byte{0x11}), rest(info.bytes - half.size(), std::byte{0x22});
    writer.write(half);
    writer.write(rest);
    writer.finish_tensor();
  }
  writer.finish();
  output.commit();

  const auto file = InputFile::open(folder / "x.gguf");
  EXPECT_EQ(file->size(), layout.total_bytes);
  const Container container = read_container(*file);
  const Metadata expected = every_kind();
  ASSERT_EQ(container.metadata.size(), expected.size());
  for (const auto& [key, value] : expected) {
    ASSERT_NE(container.metadata.find(key), nullptr) << key;
    EXPECT_EQ(*container.metadata.find(key), value) << key;
  }
  ASSERT_EQ(container.tensors.size(), tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(container.tensors[i].name, tensors[i].name);
    EXPECT_EQ(container.tensors[i].shape, tensors[i].shape);
    EXPECT_EQ(container.tensors[i].type, tensors[i].type);
    EXPECT_EQ(container.tensors[i].offset, layout.tensors[i].offset);
    EXPECT_EQ(container.tensors[i].offset % kDefaultAlignment, 0U);
  }
}

TEST(GgufContainerWriter, PadsWithZeros) {
  const test::TempDir folder;
  const FileLayout layout = lay_out({}, {{"a", {1}, 0}, {"b", {3}, 0}});
  OutputFile output(folder / "x.gguf");
  ContainerWriter writer(layout, output);
  const std::vector<std::byte> four(4, std::byte{0xFF}), twelve(12, std::byte{0xFF});
  writer.write(four);
  writer.finish_tensor();
  writer.write(twelve);
  writer.finish_tensor();
  writer.finish();
  output.commit();
  const std::string bytes = read_file(folder / "x.gguf", 1 << 20);
  ASSERT_EQ(bytes.size(), layout.total_bytes);
  const std::size_t data = layout.tensors[0].offset;
  EXPECT_EQ(bytes.substr(layout.header.size(), data - layout.header.size()),
            std::string(data - layout.header.size(), '\0'));
  EXPECT_EQ(bytes.substr(data),
            std::string(4, '\xFF') + std::string(28, '\0') + std::string(12, '\xFF') + std::string(20, '\0'));
}

TEST(GgufContainerWriter, RefusesWhatDoesNotFit) {
  expect_error(ErrorCode::kUsage, "found a name of 64 bytes", [] { lay_out({}, {{std::string(64, 'n'), {1}, 0}}); });
  lay_out({}, {{std::string(63, 'n'), {1}, 0}});
  expect_error(ErrorCode::kUsage, "found a name of 0 bytes", [] { lay_out({}, {{"", {1}, 0}}); });
  expect_error(ErrorCode::kUsage, "tensor 'a': found the name twice", [] {
    lay_out({}, {{"a", {1}, 0}, {"a", {1}, 0}});
  });
  expect_error(ErrorCode::kUsage, "found 5 dimensions", [] { lay_out({}, {{"a", {1, 1, 1, 1, 1}, 0}}); });
  expect_error(ErrorCode::kUsage, "multiple of q4_0's block", [] { lay_out({}, {{"a", {2, 31}, 2}}); });
  expect_error(ErrorCode::kUsage, "positive number of values", [] { lay_out({}, {{"a", {2, 0}, 0}}); });
}

TEST(GgufContainerWriter, RefusesTheWrongNumberOfBytes) {
  const test::TempDir folder;
  const FileLayout layout = lay_out({}, {{"a", {2}, 0}});
  OutputFile output(folder / "x.gguf");
  ContainerWriter writer(layout, output);
  expect_error(ErrorCode::kUsage, "found 0 of 1 tensors written", [&] { writer.finish(); });
  writer.write(std::vector<std::byte>(4));
  expect_error(ErrorCode::kUsage, "found 4 bytes to write, expected 8", [&] { writer.finish_tensor(); });
}

}  // namespace
}  // namespace kerf::formats::gguf
