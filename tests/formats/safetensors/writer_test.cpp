#include "formats/safetensors/writer.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/random.h"
#include "formats/safetensors/reader.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

using test::as_bytes;
using test::expect_error;
using test::TempDir;

constexpr std::array kDtypes = {DType::kF64, DType::kF32, DType::kF16,   DType::kBF16, DType::kI64,
                                DType::kI32, DType::kI16, DType::kI8,    DType::kU8,   DType::kBool,
                                DType::kU32, DType::kU16, DType::kF8E4M3};

std::string read_all(const std::string& path) { return read_file(path, 1 << 26); }

TEST(SafetensorsWriter, WritesTheBytesThatTheFormatDescribes) {
  const TempDir dir;
  OutputFile out(dir / "t.safetensors");
  const std::vector<TensorPlan> plan = {{"a", DType::kU8, {3}}, {"b", DType::kI16, {}}};
  Writer writer(out, plan, {{"format", "pt"}});
  writer.append("a", as_bytes("xyz"));
  writer.append("b", as_bytes("12"));
  writer.finish();
  out.commit();
  const std::string json =
      R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}, )"
      R"("b": {"dtype": "I16", "shape": [], "data_offsets": [3, 5]}})";
  const std::string padding((8 - json.size() % 8) % 8, ' ');
  EXPECT_EQ(read_all(dir / "t.safetensors"), test::file_of(json + padding, "xyz12"));
}

TEST(SafetensorsWriter, DataBeginsAligned) {
  for (std::size_t length = 1; length < 20; ++length) {
    const std::vector<TensorPlan> plan = {{std::string(length, 'n'), DType::kU8, {1}}};
    EXPECT_EQ(make_header(plan, {}).size() % 8, 0U);
  }
}

TEST(SafetensorsWriter, RoundTripsRandomTensors) {
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    SCOPED_TRACE(round);
    const TempDir dir;
    std::vector<TensorPlan> plan;
    std::vector<std::string> data;
    for (std::uint64_t i = 0, count = random.below(6); i < count; ++i) {
      Shape shape(random.below(5));
      for (auto& dimension : shape) dimension = static_cast<std::int64_t>(random.below(5));
      plan.push_back({"t\"\\\n\xC3\xA9" + std::to_string(i), kDtypes[random.below(kDtypes.size())], shape});
      std::string bytes(plan.back().bytes(), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random.below(2));  // valid for BOOL too
      data.push_back(bytes);
    }
    const Metadata metadata = {{"k", "v\""}, {"format", "pt"}};
    OutputFile out(dir / "t.safetensors");
    Writer writer(out, plan, metadata);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const std::size_t half = data[i].size() / 2;
      writer.append(plan[i].name, as_bytes(data[i]).first(half));
      writer.append(plan[i].name, as_bytes(data[i]).subspan(half));
    }
    writer.finish();
    out.commit();

    const Reader reader(dir / "t.safetensors");
    EXPECT_EQ(InputFile::open(reader.path())->size(), plan_bytes(plan, metadata));
    EXPECT_EQ(reader.header().metadata, metadata);
    ASSERT_EQ(reader.header().tensors.size(), plan.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const Tensor tensor = reader.read_tensor(plan[i].name);
      EXPECT_EQ(tensor.dtype(), plan[i].dtype);
      EXPECT_EQ(tensor.shape(), plan[i].shape);
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes()), data[i]);
    }
  }
}

TEST(SafetensorsWriter, RefusesBytesThatThePlanDoesNotHave) {
  const TempDir dir;
  OutputFile out(dir / "t.safetensors");
  Writer writer(out, {{"a", DType::kU8, {2}}, {"empty", DType::kF32, {0}}, {"b", DType::kU8, {1}}}, {});
  expect_error(ErrorCode::kUsage, "'b' comes in place of 'a'", [&] { writer.append("b", as_bytes("1")); });
  expect_error(ErrorCode::kUsage, "more than the 2 bytes", [&] { writer.append("a", as_bytes("123")); });
  writer.append("a", as_bytes("1"));
  expect_error(ErrorCode::kUsage, "'a' has 1 of 2 bytes", [&] { writer.finish(); });
  writer.append("a", as_bytes("2"));
  EXPECT_FALSE(writer.complete());
  writer.append("b", as_bytes("3"));
  EXPECT_TRUE(writer.complete());
  expect_error(ErrorCode::kUsage, "after the last", [&] { writer.append("b", as_bytes("3")); });
}

TEST(SafetensorsWriter, RefusesPlansThatNoReaderAccepts) {
  const std::vector<TensorPlan> twice = {{"a", DType::kU8, {1}}, {"a", DType::kU8, {1}}};
  expect_error(ErrorCode::kUsage, "twice", [&] { plan_bytes(twice, {}); });
  const std::vector<TensorPlan> metadata = {{"__metadata__", DType::kU8, {1}}};
  expect_error(ErrorCode::kUsage, "twice", [&] { plan_bytes(metadata, {}); });
  const std::vector<TensorPlan> large = {{"a", DType::kF64, {std::int64_t{1} << 62}}};
  expect_error(ErrorCode::kUsage, "too large", [&] { plan_bytes(large, {}); });
}

TEST(SafetensorsWriter, SortsWideElementsFirst) {
  std::vector<TensorPlan> plan = {{"a", DType::kI8, {1}},
                                  {"b", DType::kF16, {1}},
                                  {"c", DType::kI64, {2}},
                                  {"d", DType::kBF16, {3}},
                                  {"e", DType::kI32, {1}}};
  sort_for_alignment(plan);
  std::string order;
  std::uint64_t offset = 0;
  for (const TensorPlan& tensor : plan) {
    order += tensor.name;
    EXPECT_EQ(offset % dtype_bytes(tensor.dtype), 0U) << tensor.name;
    offset += tensor.bytes();
  }
  EXPECT_EQ(order, "cebda");
}

TEST(SafetensorsWriter, LeavesNothingWithoutCommit) {
  const TempDir dir;
  {
    OutputFile out(dir / "t.safetensors");
    Writer writer(out, {{"a", DType::kU8, {1}}}, {});
    writer.append("a", as_bytes("1"));
  }
  EXPECT_TRUE(list_directory(dir.path()).empty());
}

}  // namespace
}  // namespace kerf::formats::safetensors
