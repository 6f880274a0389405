#include "formats/safetensors/reader.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "core/threads.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

using test::bytes_of;
using test::expect_error;
using test::file_of;
using test::TempDir;

/// A file of one tensor 't'.
std::string one_tensor(std::string_view dtype, std::string_view shape, const std::string& data) {
  return file_of("{\"t\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":" + std::string(shape) +
                     ",\"data_offsets\":[0," + std::to_string(data.size()) + "]}}",
                 data);
}

class SafetensorsReader : public ::testing::Test {
 protected:
  Reader open(std::string_view dtype, std::string_view shape, const std::string& data) {
    return Reader(dir_.write("t.safetensors", one_tensor(dtype, shape, data)));
  }
  std::vector<float> values(std::string_view dtype, std::string_view shape, const std::string& data) {
    const Tensor all = make_source(open(dtype, shape, data).stored("t"))->read();
    return {all.values<float>().begin(), all.values<float>().end()};
  }

  TempDir dir_;
};

// Bit patterns from IEEE 754 and the definitions of bfloat16 and OCP FP8.
TEST_F(SafetensorsReader, ConvertsEveryFloatingDtype) {
  const std::vector<float> expected = {1.0F, -2.0F, 0.5F};
  EXPECT_EQ(values("F32", "[3]", bytes_of<float>({1.0F, -2.0F, 0.5F})), expected);
  EXPECT_EQ(values("F64", "[3]", bytes_of<double>({1.0, -2.0, 0.5})), expected);
  EXPECT_EQ(values("F16", "[3]", bytes_of<std::uint16_t>({0x3C00, 0xC000, 0x3800})), expected);
  EXPECT_EQ(values("BF16", "[3]", bytes_of<std::uint16_t>({0x3F80, 0xC000, 0x3F00})), expected);
  EXPECT_EQ(values("F8_E4M3", "[3]", bytes_of<std::uint8_t>({0x38, 0xC0, 0x30})), expected);
  EXPECT_EQ(values("F8_E5M2", "[3]", bytes_of<std::uint8_t>({0x3C, 0xC0, 0x38})), expected);
}

TEST_F(SafetensorsReader, ReadsTensorsOfAnyDtype) {
  const Tensor i64 = open("I64", "[2]", bytes_of<std::int64_t>({-1, 1LL << 40})).read_tensor("t");
  EXPECT_EQ(i64.data<std::int64_t>()[1], 1LL << 40);
  const Tensor i32 = open("I32", "[1,2]", bytes_of<std::int32_t>({-7, 8})).read_tensor("t");
  EXPECT_EQ(i32.shape(), (Shape{1, 2}));
  EXPECT_EQ(i32.data<std::int32_t>()[0], -7);
  const Tensor i8 = open("I8", "[2]", bytes_of<std::int8_t>({-8, 7})).read_tensor("t");
  EXPECT_EQ(i8.data<std::int8_t>()[0], -8);
  const Tensor u8 = open("U8", "[]", bytes_of<std::uint8_t>({200})).read_tensor("t");
  EXPECT_EQ(u8.rank(), 0U);
  EXPECT_EQ(u8.data<std::uint8_t>()[0], 200);
  const Tensor f16 = open("F16", "[1]", bytes_of<std::uint16_t>({0x3C00})).read_tensor("t");
  EXPECT_EQ(f16.dtype(), DType::kF16);
  EXPECT_EQ(f16.bytes(), 2U);
  EXPECT_EQ(open("I16", "[2]", bytes_of<std::int16_t>({1, 2})).read_tensor("t").bytes(), 4U);
  EXPECT_EQ(open("F64", "[1]", bytes_of<double>({0.1})).read_tensor("t").data<double>()[0], 0.1);
  EXPECT_EQ(open("BOOL", "[2]", bytes_of<std::uint8_t>({0, 1})).read_tensor("t").size(), 2);
  const Reader bad = open("BOOL", "[2]", bytes_of<std::uint8_t>({0, 3}));
  expect_error(ErrorCode::kInput, "tensor 't': has the byte 3 at index 1", [&] { bad.read_tensor("t"); });
  expect_error(ErrorCode::kInput, "has no tensor 'x'", [&] { bad.read_tensor("x"); });
}

TEST_F(SafetensorsReader, ReadsAnyRunOfRows) {
  const auto source = make_source(open("F32", "[3,2]", bytes_of<float>({0, 1, 10, 11, 20, 21})).stored("t"));
  EXPECT_EQ(source->rows(), 3);
  EXPECT_EQ(source->row_size(), 2);
  EXPECT_EQ(source->stored_bytes(), 24U);
  std::vector<float> rows(4);
  source->read_rows(1, 2, rows.data());
  EXPECT_EQ(rows, (std::vector<float>{10, 11, 20, 21}));
}

TEST_F(SafetensorsReader, ReadsScalarsAndEmptyTensors) {
  EXPECT_EQ(values("F32", "[]", bytes_of<float>({3})), std::vector<float>{3});
  EXPECT_TRUE(values("F16", "[0,5]", "").empty());
  EXPECT_TRUE(values("F32", "[5,0]", "").empty());
}

TEST_F(SafetensorsReader, NamesTensorAndIndexOfAValueThatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto source = make_source(open("F32", "[2,3]", bytes_of<float>({0, 0, 0, 0, nan, 0})).stored("t"));
  std::vector<float> row(3);
  EXPECT_NO_THROW(source->read_rows(0, 1, row.data()));
  expect_error(ErrorCode::kInput, "t.safetensors: tensor 't': value at [1, 1] is NaN",
               [&] { source->read_rows(1, 1, row.data()); });
  const auto infinite = make_source(open("F16", "[1]", bytes_of<std::uint16_t>({0x7C00})).stored("t"));
  expect_error(ErrorCode::kInput, "value at [0] is infinite", [&] { infinite->read(); });
  // Finite as f64, not as f32.
  const auto large = make_source(open("F64", "[1]", bytes_of<double>({1e300})).stored("t"));
  expect_error(ErrorCode::kInput, "is infinite", [&] { large->read(); });
}

TEST_F(SafetensorsReader, FindsABadValueBeyondTheFirstSlab) {
  constexpr std::size_t kRows = 1000, kCols = 777;  // three slabs
  std::string data(kRows * kCols * 2, '\0');
  data[(999 * kCols + 5) * 2 + 1] = '\x7C';  // f16 infinity
  const auto source = make_source(open("F16", "[1000,777]", data).stored("t"));
  expect_error(ErrorCode::kInput, "value at [999, 5] is infinite", [&] { source->read(); });
}

TEST_F(SafetensorsReader, SlabsJoinWithoutASeam) {
  constexpr std::size_t kCount = 600'000;
  std::string data(kCount * 2, '\0');
  for (std::size_t i = 0; i < kCount; ++i) data[2 * i + 1] = static_cast<char>(0x3C + i % 3);  // 1.0, 8 bits on, …
  const std::vector<float> all = values("F16", "[600000]", data);
  const std::vector<float> three(all.begin(), all.begin() + 3);
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(all[i], three[i % 3]) << i;
}

TEST_F(SafetensorsReader, RefusesIntegersAsWeights) {
  const auto source = make_source(open("I32", "[1]", bytes_of<std::int32_t>({1})).stored("t"));
  EXPECT_EQ(source->dtype(), DType::kI32);
  float value = 0;
  expect_error(ErrorCode::kInput, "tensor 't': holds i32 values", [&] { source->read_rows(0, 1, &value); });
}

TEST_F(SafetensorsReader, SourcesAreSharedByThreads) {
  const auto source = make_source(open("F32", "[64,1]", std::string(256, '\0')).stored("t"));
  std::vector<float> out(64, 1);
  parallel_for(64, [&](std::int64_t row) { source->read_rows(row, 1, &out[static_cast<std::size_t>(row)]); });
  EXPECT_EQ(out, std::vector<float>(64, 0));
}

TEST_F(SafetensorsReader, RefusesWhatIsNoFile) {
  expect_error(ErrorCode::kInput, "absent.safetensors", [&] { Reader(dir_ / "absent.safetensors"); });
  expect_error(ErrorCode::kInput, "directory", [&] { Reader(dir_.path()); });
}

TEST_F(SafetensorsReader, NoticesAFileThatShrinks) {
  const std::string path = dir_.write("t.safetensors", one_tensor("F32", "[4]", std::string(16, '\0')));
  const auto source = make_source(Reader(path).stored("t"));
  std::filesystem::resize_file(path, 70);
  expect_error(ErrorCode::kInput, "t.safetensors", [&] { source->read(); });
}

// Files that the reference implementation wrote.
TEST(SafetensorsGolden, OpensWhatTransformersWrote) {
  const Reader reader(test::source_dir() + "/tests/golden/checkpoints/llama/expected.safetensors");
  EXPECT_TRUE(reader.header().tensors.contains("logits"));
  const Tensor ids = reader.read_tensor("input_ids");
  EXPECT_EQ(ids.dtype(), DType::kI64);
  const Tensor logits = make_source(reader.stored("logits"))->read();
  EXPECT_EQ(logits.dim(0), ids.dim(0));
}

}  // namespace
}  // namespace kerf::formats::safetensors
