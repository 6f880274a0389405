#include "quant/rotation/rotated_source.h"

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "quant/sources.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

graph::SourcePtr source_of(const Tensor& values) { return graph::make_memory_source(values, "w"); }

/// Entry [i, k] of Q.
double entry(const Rotation& q, std::int64_t i, std::int64_t k) {
  std::vector<double> row(static_cast<std::size_t>(q.size()));
  row[static_cast<std::size_t>(i)] = 1;
  q.apply(row.data());
  return row[static_cast<std::size_t>(k)];
}

TEST(RotatedSource, ColumnsAreScaledThenRotatedBlockByBlock) {
  const Tensor w = test::random_normal({3, 8}, 1);
  const auto q = std::make_shared<const Rotation>(4, 7);
  const std::vector<float> factors = {1, 2, 3, 4, 5, 6, 7, 8};
  const Tensor rotated = make_column_rotated_source(source_of(w), q, factors)->read();
  for (std::int64_t r = 0; r < 3; ++r) {
    for (std::int64_t c = 0; c < 8; ++c) {
      double expected = 0;
      for (std::int64_t i = 0; i < 4; ++i) {
        const std::int64_t from = c / 4 * 4 + i;
        expected +=
            static_cast<double>(w.data<float>()[r * 8 + from]) * static_cast<double>(from + 1) * entry(*q, i, c % 4);
      }
      EXPECT_NEAR(rotated.data<float>()[r * 8 + c], expected, 1e-5);
    }
  }
}

TEST(RotatedSource, RowsOfTheBlocksAreRotatedAndOthersStay) {
  const Tensor w = test::random_normal({11, 5}, 2);
  const auto q = std::make_shared<const Rotation>(4, 7);
  const auto source = make_row_rotated_source(source_of(w), q, 2, 2, make_rotated_blocks());
  const Tensor rotated = source->read();
  for (std::int64_t r = 0; r < 11; ++r) {
    for (std::int64_t c = 0; c < 5; ++c) {
      double expected = static_cast<double>(w.data<float>()[r * 5 + c]);
      if (r >= 2 && r < 10) {
        expected = 0;
        for (std::int64_t i = 0; i < 4; ++i) {
          expected +=
              static_cast<double>(w.data<float>()[((r - 2) / 4 * 4 + 2 + i) * 5 + c]) * entry(*q, i, (r - 2) % 4);
        }
      }
      EXPECT_NEAR(rotated.data<float>()[r * 5 + c], expected, 1e-6) << r << " " << c;
    }
  }
}

/// Whatever part is read, in whatever order.
TEST(RotatedSource, PartsAreThoseOfTheWhole) {
  const Tensor w = test::random_normal({40, 33}, 3);
  const auto q = std::make_shared<const Rotation>(8, 1);
  const auto source = make_row_rotated_source(source_of(w), q, 3, 4, make_rotated_blocks());
  const Tensor whole = source->read();
  for (const std::int64_t first : {30, 0, 5, 36, 2, 20}) {
    for (const std::int64_t count : {1, 3, 4}) {
      std::vector<float> part(static_cast<std::size_t>(count * 33));
      source->read_rows(first, count, part.data());
      EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.data<float>() + first * 33)) << first << " " << count;
    }
  }
}

TEST(RotatedSource, AVectorKeepsItsDtype) {
  const auto bias = make_rounded_source(source_of(test::random_normal({8}, 4)), DType::kBF16);
  const auto source =
      make_row_rotated_source(bias, std::make_shared<const Rotation>(8, 1), 0, 1, make_rotated_blocks());
  EXPECT_EQ(source->dtype(), DType::kBF16);
  const Tensor values = source->read();
  for (const float value : values.values<float>()) EXPECT_EQ(value, codec::round_to(DType::kBF16, value));
}

}  // namespace
}  // namespace kerf::quant
