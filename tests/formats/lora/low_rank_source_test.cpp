#include "formats/lora/low_rank_source.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::lora {
namespace {

using graph::make_memory_source;
using graph::SourcePtr;
using test::expect_error;

SourcePtr matrix(Shape shape, std::vector<float> values) {
  return make_memory_source(Tensor::from<float>(std::move(shape), values), "m");
}

std::vector<float> values_of(const SourcePtr& source) {
  const Tensor all = source->read();
  return {all.values<float>().begin(), all.values<float>().end()};
}

TEST(LowRankSource, AddsTheScaledProduct) {
  // B = [[1, 2], [3, 4]], A = [[1, 0, -1], [2, 1, 0]]: B A = [[5, 2, -1], [11, 4, -3]].
  const auto merged = make_low_rank_source(matrix({2, 3}, {10, 20, 30, 40, 50, 60}), matrix({2, 2}, {1, 2, 3, 4}),
                                           matrix({2, 3}, {1, 0, -1, 2, 1, 0}), 0.5F, nullptr);
  EXPECT_EQ(values_of(merged), (std::vector<float>{12.5, 21, 29.5, 45.5, 52, 58.5}));
  EXPECT_EQ(merged->dtype(), DType::kF32);
  EXPECT_EQ(merged->stored_as(), "f32 + rank 2");
  EXPECT_EQ(merged->stored_bytes(), 24U + 16U + 24U);
  EXPECT_FALSE(merged->scheme());
}

TEST(LowRankSource, MagnitudesAreLengthsOfRows) {
  // V = W + B A = [[3, 4], [0, -2]]; lengths 5 and 2.
  const auto merged = make_low_rank_source(matrix({2, 2}, {2, 4, 0, 0}), matrix({2, 1}, {1, -2}),
                                           matrix({1, 2}, {1, 0}), 1, matrix({2}, {10, 3}));
  EXPECT_EQ(values_of(merged), (std::vector<float>{6, 8, -3, 0}));
  const auto zero =
      make_low_rank_source(matrix({1, 2}, {1, 0}), matrix({1, 1}, {-1}), matrix({1, 2}, {1, 0}), 1, matrix({1}, {1}));
  expect_error(ErrorCode::kInput, "row 0 is zero", [&] { zero->read(); });
}

// A candidate reads whole matrices, a writer slabs of rows, an embedding single ones: all must see the same bits.
TEST(LowRankSource, RowsHaveTheSameBitsHoweverTheyAreRead) {
  constexpr std::int64_t kRows = 300, kCols = 1500, kRank = 7;
  Random random(3);
  const auto drawn = [&](Shape shape) {
    Tensor tensor(DType::kF32, std::move(shape));
    for (float& value : tensor.values<float>()) value = static_cast<float>(random.uniform() - 0.5);
    return make_memory_source(tensor, "m");
  };
  const auto merged =
      make_low_rank_source(drawn({kRows, kCols}), drawn({kRows, kRank}), drawn({kRank, kCols}), 0.3F, drawn({kRows}));
  const std::vector<float> all = values_of(merged);
  std::vector<float> part(static_cast<std::size_t>(kCols) * 3);
  for (const std::int64_t first : {0, 1, 254, 255, 256, 297}) {
    merged->read_rows(first, 3, part.data());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + first * kCols)) << first;
  }
}

TEST(LowRankSource, NamesAValueThatLeavesTheRange) {
  const float large = std::numeric_limits<float>::max();
  const auto merged =
      make_low_rank_source(matrix({1, 2}, {0, large}), matrix({1, 1}, {large}), matrix({1, 2}, {0, 1}), 1, nullptr);
  expect_error(ErrorCode::kInput, "m: value at [0, 1] is not finite", [&] { merged->read(); });
}

TEST(ColumnSource, IsTheTranspose) {
  const test::TempDir dir;
  const std::string file =
      dir.write("a.safetensors", test::safetensors_bytes({test::f32_tensor("t", {2, 3}, {1, 2, 3, 4, 5, 6})}));
  const auto columns = make_column_source(safetensors::Reader(file).stored("t"));
  EXPECT_EQ(columns->shape(), (Shape{3, 2}));
  EXPECT_EQ(values_of(columns), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  std::vector<float> row(2);
  columns->read_rows(2, 1, row.data());
  EXPECT_EQ(row, (std::vector<float>{3, 6}));
}

}  // namespace
}  // namespace kerf::formats::lora
