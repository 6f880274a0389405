#include "formats/gguf/tensor_source.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/block_codec.h"
#include "codec/float_codec.h"
#include "core/error.h"
#include "formats/gguf/ggml_types.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_model.h"
#include "tests/support/op_runner.h"
#include "tests/support/random_tensor.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_setting.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;
using testing::ElementsAre;

constexpr std::uint32_t kQ80 = 8, kIq2 = 16;
constexpr std::size_t kBefore = 96;  // bytes of something else in front of the tensor

/// A file with one tensor's bytes somewhere inside.
class GgufTensorSource : public testing::Test {
 protected:
  graph::SourcePtr source(std::uint32_t type, Shape shape, const std::string& bytes) const {
    const std::string path = folder_.write("model.gguf", std::string(kBefore, '\x7F') + bytes + "after");
    return make_gguf_source(InputFile::open(path), {"w", std::move(shape), type, kBefore, bytes.size()});
  }
  graph::SourcePtr floats(DType dtype, Shape shape, const std::vector<float>& values) const {
    std::string bytes(values.size() * dtype_bytes(dtype), '\0');
    codec::encode_floats(dtype, values, std::as_writable_bytes(std::span(bytes)));
    return source(find_ggml_type(dtype)->id, std::move(shape), bytes);
  }
  test::TempDir folder_;
};

/// The bytes of a matrix in blocks of `codec`, and the codes that they hold.
std::string blocks_of(const codec::BlockCodec& codec, const codec::QuantizedTensor& tensor) {
  const auto row_bytes = static_cast<std::size_t>(tensor.cols / codec.block_size * codec.block_bytes);
  std::string bytes(row_bytes * static_cast<std::size_t>(tensor.rows), '\0');
  for (std::int64_t r = 0; r < tensor.rows; ++r) {
    codec.encode_row(
        tensor, r,
        std::as_writable_bytes(std::span(bytes)).subspan(static_cast<std::size_t>(r) * row_bytes, row_bytes));
  }
  return bytes;
}

codec::QuantizedTensor random_codes(const codec::BlockCodec& codec, std::int64_t rows, std::int64_t cols) {
  const auto values = graph::make_memory_source(test::random_normal({rows, cols}, 1), "w");
  return test::quantize_to_nearest(*values, codec::parse_scheme(codec.scheme_name));
}

TEST_F(GgufTensorSource, FloatsAreExact) {
  const std::vector<float> values = {0, -0.0F, 1, -2.5F, 0.0078125F, 240};
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const auto found = floats(dtype, {2, 3}, values);
    EXPECT_EQ(found->dtype(), dtype);
    EXPECT_EQ(found->stored_bytes(), 6 * dtype_bytes(dtype));
    EXPECT_EQ(found->scheme(), std::nullopt);
    EXPECT_EQ(found->read_quantized(), std::nullopt);
    const Tensor read = found->read();
    EXPECT_THAT(read.values<float>(), testing::ElementsAreArray(values));
    EXPECT_TRUE(std::signbit(read.data<float>()[1]));
  }
}

TEST_F(GgufTensorSource, ShapesOfAnyRankHaveRows) {
  const std::vector<float> values = {0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<float> row(4);
  floats(DType::kF32, {2, 2, 2}, values)->read_rows(1, 1, row.data());
  EXPECT_THAT(row, ElementsAre(4, 5, 6, 7));
  EXPECT_THAT(floats(DType::kF32, {8}, values)->read().values<float>(), testing::ElementsAreArray(values));
  EXPECT_THAT(floats(DType::kF32, {}, {7})->read().values<float>(), ElementsAre(7));
}

TEST_F(GgufTensorSource, ErrorsNameFileAndTensor) {
  const auto found = floats(DType::kF32, {2, 2}, {0, 1, 2, std::numeric_limits<float>::infinity()});
  EXPECT_THAT(found->label(), testing::EndsWith("model.gguf: tensor 'w'"));
  expect_error(ErrorCode::kInput, "model.gguf: tensor 'w': found inf at index 3", [&] { found->read(); });
  std::vector<float> row(2);
  EXPECT_NO_THROW(found->read_rows(0, 1, row.data()));
  expect_error(ErrorCode::kInput, "found inf at index 3", [&] { found->read_rows(1, 1, row.data()); });
}

TEST_F(GgufTensorSource, ManySlabsAreReadByAnyNumberOfThreads) {
  // A slab has a mebibyte: these rows are more than one slab each, or many to a slab.
  for (const Shape& shape : {Shape{3, 300001}, Shape{300001, 3}, Shape{7, 2, 50000}}) {
    const Tensor values = test::random_normal(shape, 5);
    const auto found =
        floats(DType::kF32, shape, std::vector<float>(values.values<float>().begin(), values.values<float>().end()));
    for (const int threads : {1, 2, 8}) {
      const test::ThreadSetting setting(threads);
      EXPECT_TRUE(test::same_bits(found->read(), values)) << to_string(shape) << ", " << threads;
    }
  }
}

TEST_F(GgufTensorSource, BlocksGiveTheirCodesAndTheValuesOfThese) {
  for (const codec::BlockCodec* codec : codec::block_codecs()) {
    SCOPED_TRACE(codec->name);
    const std::int64_t cols = 3 * codec->block_size;
    const codec::QuantizedTensor codes = random_codes(*codec, 5, cols);
    const std::string bytes = blocks_of(*codec, codes);
    const auto found = source(codec->ggml_type, {5, cols}, bytes);
    EXPECT_EQ(found->scheme(), codes.scheme);
    EXPECT_EQ(found->stored_bytes(), bytes.size());
    const auto read = found->read_quantized();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->codes, codes.codes);
    EXPECT_EQ(read->scales, codes.scales);
    EXPECT_EQ(read->minima, codes.minima);
    Tensor expected(DType::kF32, {5, cols});
    codec::dequantize_rows(codes, 0, 5, expected.data<float>());
    EXPECT_TRUE(test::same_bits(found->read(), expected));
    Tensor rows(DType::kF32, {2, cols});
    found->read_rows(2, 2, rows.data<float>());
    EXPECT_TRUE(std::equal(rows.data<float>(), rows.data<float>() + 2 * cols, expected.data<float>() + 2 * cols));
  }
}

TEST_F(GgufTensorSource, BlocksOfThreeDimensionsAreLines) {
  const codec::BlockCodec& codec = *codec::find_block_codec(kQ80);
  const codec::QuantizedTensor codes = random_codes(codec, 6, 64);
  const auto found = source(kQ80, {2, 3, 64}, blocks_of(codec, codes));
  EXPECT_EQ(found->read_quantized()->rows, 6);
  std::vector<float> second(3 * 64), expected(3 * 64);
  found->read_rows(1, 1, second.data());
  codec::dequantize_rows(codes, 3, 3, expected.data());
  EXPECT_EQ(second, expected);
}

TEST_F(GgufTensorSource, LargeBlocksAreTheSameForAnyNumberOfThreads) {
  const codec::BlockCodec& codec = *codec::find_block_codec(kQ80);
  const codec::QuantizedTensor codes = random_codes(codec, 600, 4096);  // 2.6 MB
  const auto found = source(kQ80, {600, 4096}, blocks_of(codec, codes));
  for (const int threads : {1, 2, 8}) {
    const test::ThreadSetting setting(threads);
    EXPECT_EQ(found->read_quantized()->codes, codes.codes) << threads;
  }
}

TEST_F(GgufTensorSource, OneDimensionOfBlocksIsRefused) {
  const codec::BlockCodec& codec = *codec::find_block_codec(kQ80);
  const auto found = source(kQ80, {64}, blocks_of(codec, random_codes(codec, 1, 64)));
  expect_error(ErrorCode::kInput, "tensor 'w': found a block type for one dimension", [&] { found->read(); });
}

TEST_F(GgufTensorSource, TypesWithoutACodecAreListedNotRead) {
  const auto found = source(kIq2, {1, 256}, std::string(66, '\0'));
  EXPECT_EQ(found->stored_bytes(), 66U);
  EXPECT_EQ(found->shape(), (Shape{1, 256}));
  EXPECT_EQ(found->read_quantized(), std::nullopt);
  expect_error(ErrorCode::kInput, "tensor 'w': found values of type iq2_xxs", [&] { found->read(); });
}

TEST_F(GgufTensorSource, AFileThatShrinksIsAnErrorNamingIt) {
  const auto found = floats(DType::kF32, {1000}, std::vector<float>(1000, 1));
  std::filesystem::resize_file(folder_ / "model.gguf", 1000);
  expect_error(ErrorCode::kInput, "model.gguf: offset", [&] { found->read(); });
}

TEST(GgufReadable, AreFloatsAndBlocksThatThisBuildKnows) {
  for (const codec::BlockCodec* codec : codec::block_codecs()) EXPECT_TRUE(is_readable(codec->ggml_type));
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    EXPECT_TRUE(is_readable(find_ggml_type(dtype)->id));
  }
  EXPECT_FALSE(is_readable(kIq2));
  EXPECT_FALSE(is_readable(26)) << "i32";
  EXPECT_FALSE(is_readable(77)) << "no type";
}

}  // namespace
}  // namespace kerf::formats::gguf
