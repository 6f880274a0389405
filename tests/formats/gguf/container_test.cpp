#include "formats/gguf/container.h"

#include <cstring>
#include <ctime>
#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_bytes.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;
using test::GgufBytes;

Container parse(const std::string& bytes) {
  const ReadAt read = [&](std::uint64_t offset, std::span<std::byte> into) {
    ASSERT_LE(offset + into.size(), bytes.size());
    std::memcpy(into.data(), bytes.data() + offset, into.size());
  };
  return parse_container(read, bytes.size(), "model.gguf");
}

void expect_refused(const GgufBytes& file, std::string_view message) {
  expect_error(ErrorCode::kInput, message, [&] { parse(file.bytes()); });
  expect_error(ErrorCode::kInput, "model.gguf", [&] { parse(file.bytes()); });
}

GgufBytes small_file() {
  GgufBytes file;
  file.key("general.architecture", "llama")
      .key("numbers", GgufBytes::kArray, GgufBytes::numbers<std::int32_t>(GgufBytes::kI32, {1, -2}))
      .key("words", GgufBytes::kArray, GgufBytes::texts({"a", "", "bc"}))
      .key("flag", GgufBytes::kBool, GgufBytes::number(std::uint8_t{1}))
      .tensor("a", {2, 3}, {1, 2, 3, 4, 5, 6})
      .tensor("b", {}, {7});
  return file;
}

TEST(GgufContainer, ReadsEveryKindOfValue) {
  GgufBytes file;
  file.key("u8", GgufBytes::kU8, GgufBytes::number(std::uint8_t{200}))
      .key("i8", GgufBytes::kI8, GgufBytes::number(std::int8_t{-3}))
      .key("u32", 7U)
      .key("f32", 0.5F)
      .key("f64", GgufBytes::kF64, GgufBytes::number(0.25))
      .key("u64", GgufBytes::kU64, GgufBytes::number(~std::uint64_t{0}))
      .key("flag", GgufBytes::kBool, GgufBytes::number(std::uint8_t{0}))
      .key("text", "hello")
      .key("nested", GgufBytes::kArray,
           GgufBytes::array(GgufBytes::kArray, 1, GgufBytes::numbers<std::uint8_t>(GgufBytes::kU8, {1, 2})));
  const Metadata metadata = parse(file.bytes()).metadata;
  ASSERT_EQ(metadata.size(), 9U);
  EXPECT_EQ(*metadata.find("u8"), Value(std::uint8_t{200}));
  EXPECT_EQ(*metadata.find("i8"), Value(std::int8_t{-3}));
  EXPECT_EQ(*metadata.find("u32"), Value(std::uint32_t{7}));
  EXPECT_EQ(*metadata.find("f32"), Value(0.5F));
  EXPECT_EQ(*metadata.find("f64"), Value(0.25));
  EXPECT_EQ(*metadata.find("u64"), Value(~std::uint64_t{0}));
  EXPECT_EQ(*metadata.find("flag"), Value(false));
  EXPECT_EQ(*metadata.find("text"), Value(std::string("hello")));
  EXPECT_EQ(*metadata.find("nested"), Value(Array{std::vector<Array>{Array{std::vector<std::uint8_t>{1, 2}}}}));
  EXPECT_EQ(metadata.find("absent"), nullptr);
}

TEST(GgufContainer, ReadsTensorsOutermostDimensionFirst) {
  for (const std::uint32_t version : {2U, 3U}) {
    GgufBytes file = small_file();
    file.version = version;
    const std::string bytes = file.bytes();
    const Container container = parse(bytes);
    EXPECT_EQ(container.version, version);
    ASSERT_EQ(container.tensors.size(), 2U);
    EXPECT_EQ(container.tensors[0].name, "a");
    EXPECT_EQ(container.tensors[0].shape, (Shape{3, 2}));
    EXPECT_EQ(container.tensors[0].bytes, 24U);
    EXPECT_EQ(container.tensors[0].offset, container.data_offset);
    EXPECT_EQ(container.tensors[1].shape, Shape{});
    float value = 0;
    std::memcpy(&value, bytes.data() + container.tensors[1].offset, sizeof(value));
    EXPECT_EQ(value, 7.0F);
  }
}

TEST(GgufContainer, ReadsAFileWithoutTensors) {
  EXPECT_EQ(parse(GgufBytes().key("general.architecture", "llama").bytes()).metadata.size(), 1U);
}

TEST(GgufContainer, RefusesTruncationAtEveryByte) {
  const std::string whole = small_file().bytes();
  parse(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse(whole.substr(0, size)), Error) << size;
  }
}

TEST(GgufContainer, RefusesOtherMagicNumbersAndVersions) {
  GgufBytes file = small_file();
  file.magic = "GGML";
  expect_refused(file, "found magic number 'GGML'");
  file.magic = "GGUF";
  file.version = 1;
  expect_refused(file, "found version 1, expected 2 or 3");
  file.version = 4;
  expect_refused(file, "found version 4");
  file.version = 0;
  expect_refused(file, "found version 0");
  file.version = 3U << 24;
  expect_refused(file, "big-endian");
}

TEST(GgufContainer, RefusesCountsBeyondTheFile) {
  GgufBytes file = small_file();
  file.claimed_tensors = std::int64_t{1} << 62;
  expect_refused(file, "number of tensors: found a count of 4611686018427387904");
  file.claimed_tensors = -1;
  file.claimed_keys = std::int64_t{1} << 40;
  expect_refused(file, "number of metadata keys");
  file.claimed_keys = 5;
  EXPECT_THROW(parse(file.bytes()), Error);
  file.claimed_keys = 3;
  EXPECT_THROW(parse(file.bytes()), Error);
}

TEST(GgufContainer, RefusesLengthsBeyondTheFile) {
  const auto huge = GgufBytes::number(~std::uint64_t{0});
  expect_refused(GgufBytes().raw_key(huge + "a longer key"), "metadata key 0");
  expect_refused(GgufBytes().key("text", GgufBytes::kString, huge), "key 'text'");
  expect_refused(GgufBytes().key("text", GgufBytes::kString, GgufBytes::number(std::uint64_t{9}) + "8 bytes!"),
                 "key 'text'");
  expect_refused(GgufBytes().key("list", GgufBytes::kArray, GgufBytes::array(GgufBytes::kF32, 3, "only8byt")),
                 "key 'list'");
  expect_refused(
      GgufBytes().key("list", GgufBytes::kArray, GgufBytes::array(GgufBytes::kU64, std::uint64_t{1} << 61, "")),
      "key 'list'");
  expect_refused(
      GgufBytes().key("list", GgufBytes::kArray, GgufBytes::array(GgufBytes::kString, std::uint64_t{1} << 60, "")),
      "key 'list'");
  expect_refused(
      GgufBytes().key("list", GgufBytes::kArray, GgufBytes::array(GgufBytes::kBool, std::uint64_t{1} << 60, "")),
      "key 'list'");
}

TEST(GgufContainer, RefusesMalformedValues) {
  expect_refused(GgufBytes().key("x", 13, ""), "found value type 13, expected 0 to 12");
  expect_refused(GgufBytes().key("x", 0xFFFFFFFFU, ""), "found value type 4294967295");
  expect_refused(GgufBytes().key("x", GgufBytes::kBool, GgufBytes::number(std::uint8_t{2})),
                 "found a boolean of value 2");
  expect_refused(GgufBytes().key("x", GgufBytes::kArray, GgufBytes::array(14, 0, "")), "found value type 14");
  expect_refused(GgufBytes().key("x", GgufBytes::kArray, GgufBytes::array(GgufBytes::kBool, 1, "\x03")),
                 "boolean of value 3");
  expect_refused(GgufBytes().key("", 1U), "empty name for metadata key 0");
  expect_refused(GgufBytes().key(std::string(65536, 'k'), 1U), "expected at most 65535");
}

TEST(GgufContainer, RefusesDeepArrays) {
  std::string nested;
  for (int depth = 0; depth < 100000; ++depth) nested += GgufBytes::array(GgufBytes::kArray, 1, "");
  nested += GgufBytes::array(GgufBytes::kU8, 0, "");
  expect_refused(GgufBytes().key("deep", GgufBytes::kArray, nested), "nested deeper than 4");
}

TEST(GgufContainer, RefusesDuplicates) {
  expect_refused(GgufBytes().key("same", 1U).key("other", 2U).key("same", 3U), "found key 'same' twice");
  expect_refused(GgufBytes().tensor("t", {1}, {1}).tensor("t", {1}, {2}), "found tensor 't' twice");
}

TEST(GgufContainer, RefusesMalformedAlignment) {
  expect_refused(GgufBytes().key("general.alignment", 24U), "expected a power of two");
  expect_refused(GgufBytes().key("general.alignment", 0U), "expected a power of two");
  expect_refused(GgufBytes().key("general.alignment", "32"), "type string, expected u32");
  expect_refused(GgufBytes().key("general.alignment", 1U << 31).tensor("t", {1}, {1}), "incomplete download");
}

TEST(GgufContainer, HonoursAlignment) {
  GgufBytes file;
  file.alignment = 128;
  file.key("general.alignment", 128U).tensor("a", {1}, {1}).tensor("b", {1}, {2});
  const Container container = parse(file.bytes());
  EXPECT_EQ(container.data_offset % 128, 0U);
  EXPECT_EQ(container.tensors[1].offset - container.tensors[0].offset, 128U);
}

TEST(GgufContainer, RefusesMalformedShapes) {
  const std::string data(4096, '\0');
  const std::uint64_t big = std::uint64_t{1} << 32;
  expect_refused(GgufBytes().tensor("t", {1, 1, 1, 1, 1}, 0, 0).data(data), "found 5 dimensions, expected at most 4");
  expect_refused(GgufBytes().tensor("t", {4, 0}, 0, 0).data(data), "found a dimension of 0");
  expect_refused(GgufBytes().tensor("t", {~std::uint64_t{0}}, 0, 0).data(data), "tensor 't'");
  expect_refused(GgufBytes().tensor("t", {big, big}, 0, 0).data(data), "tensor 't'");
  expect_refused(GgufBytes().tensor("t", {big, big, big}, 0, 0).data(data), "tensor 't'");
  expect_refused(GgufBytes().tensor("t", {std::uint64_t{1} << 61, 2}, 0, 0).data(data), "tensor 't'");
  expect_refused(GgufBytes().tensor("t", {33}, 2, 0).data(data), "multiple of q4_0's block of 32");
  expect_refused(GgufBytes().tensor("t", {16, 2}, 8, 0).data(data), "multiple of q8_0's block of 32");
  expect_refused(GgufBytes().tensor("t", {128}, 12, 0).data(data), "multiple of q4_k's block of 256");
}

TEST(GgufContainer, RefusesUnknownTypes) {
  const std::string data(4096, '\0');
  for (const std::uint32_t type : {4U, 5U, 31U, 36U, 43U, 77U, 0xFFFFFFFFU}) {
    expect_refused(GgufBytes().tensor("t", {32}, type, 0).data(data), "found tensor type " + std::to_string(type));
  }
}

TEST(GgufContainer, RefusesMisplacedTensors) {
  const std::string data(64, '\0');
  expect_refused(GgufBytes().tensor("t", {1}, 0, 4).data(data), "found offset 4, expected a multiple of 32");
  expect_refused(GgufBytes().tensor("t", {1}, 0, 64).data(data), "perhaps an incomplete download");
  expect_refused(GgufBytes().tensor("t", {17}, 0, 0).data(data), "found 68 bytes at offset 0");
  expect_refused(GgufBytes().tensor("t", {1}, 0, ~std::uint64_t{31}).data(data), "tensor 't'");
  expect_refused(GgufBytes().tensor("t", {1}, 0, 0), "but the file has only");
  expect_refused(GgufBytes().tensor("a", {16}, 0, 0).tensor("b", {1}, 0, 32).data(data), "overlapping");
  expect_refused(GgufBytes().tensor("a", {1}, 0, 32).tensor("b", {9}, 0, 0).data(data), "overlapping");
  expect_refused(GgufBytes().tensor("a", {1}, 0, 0).tensor("b", {1}, 0, 0).data(data), "overlapping");
}

TEST(GgufContainer, RefusesEmptyNames) { expect_refused(GgufBytes().tensor("", {1}, {1}), "empty name for tensor 0"); }

TEST(GgufContainer, QuotesHostileNames) { expect_refused(GgufBytes().key("\x1b[31m\n", 13, ""), "'\\x1B[31m\\x0A'"); }

TEST(GgufContainer, AcceptsTensorsInAnyOrderAndTrailingBytes) {
  const Container container =
      parse(GgufBytes().tensor("a", {1}, 0, 32).tensor("b", {1}, 0, 0).data(std::string(96, '\0')).bytes());
  EXPECT_GT(container.tensors[0].offset, container.tensors[1].offset);
}

/// A scan over earlier items takes minutes of processor time here. A linear reader takes less than half a second; the
/// rest is for sanitizers on slow machines.
TEST(GgufContainer, TakesLinearTime) {
  GgufBytes file;
  for (int i = 0; i < 200000; ++i) file.key("key." + std::to_string(i), 1U);
  for (std::uint64_t i = 0; i < 100000; ++i) file.tensor("tensor." + std::to_string(i), {1}, 0, 32 * i);
  const std::string bytes = file.data(std::string(32 * 100000, '\0')).bytes();
  const std::clock_t start = std::clock();
  const Container container = parse(bytes);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_EQ(container.metadata.size(), 200000U);
  EXPECT_EQ(container.tensors.size(), 100000U);
  EXPECT_LT(seconds, 8.0);
  RecordProperty("seconds", std::to_string(seconds));
}

}  // namespace
}  // namespace kerf::formats::gguf
