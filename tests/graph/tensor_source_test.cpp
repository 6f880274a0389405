#include "graph/tensor_source.h"

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/codes_source.h"
#include "tests/support/gguf_model.h"
#include "tests/support/random_tensor.h"

namespace kerf::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Values 0, 1, 2, ...
SourcePtr counting(Shape shape, const std::string& label = "f: tensor 'w'") {
  Tensor values(DType::kF32, std::move(shape));
  std::iota(values.values<float>().begin(), values.values<float>().end(), 0.0F);
  return make_memory_source(values, label);
}

std::vector<float> values_of(const TensorSource& source) {
  const Tensor tensor = source.read();
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

std::vector<float> rows_of(const TensorSource& source, std::int64_t first, std::int64_t count) {
  std::vector<float> rows(static_cast<std::size_t>(count * source.row_size()));
  source.read_rows(first, count, rows.data());
  return rows;
}

SourcePtr codes_of(const std::string& scheme, std::int64_t rows, std::int64_t cols) {
  const auto values = make_memory_source(test::random_normal({rows, cols}, 1), "w");
  return std::make_shared<test::CodesSource>(test::quantize_to_nearest(*values, codec::parse_scheme(scheme)));
}

TEST(TensorSource, RowsAreTheFirstDimension) {
  EXPECT_EQ(counting({})->rows(), 1);
  EXPECT_EQ(counting({})->row_size(), 1);
  EXPECT_EQ(counting({5})->rows(), 5);
  EXPECT_EQ(counting({5})->row_size(), 1);
  EXPECT_EQ(counting({2, 3, 4})->rows(), 2);
  EXPECT_EQ(counting({2, 3, 4})->row_size(), 12);
  EXPECT_EQ(counting({0, 4})->rows(), 0);
}

TEST(TensorSource, SomeRowsAreThoseOfTheWhole) {
  const auto source = counting({4, 3});
  EXPECT_THAT(rows_of(*source, 1, 2), ElementsAre(3, 4, 5, 6, 7, 8));
  EXPECT_THAT(rows_of(*source, 3, 1), ElementsAre(9, 10, 11));
  EXPECT_THAT(rows_of(*source, 4, 0), IsEmpty());
  EXPECT_THAT(values_of(*counting({})), ElementsAre(0));
  EXPECT_THAT(values_of(*counting({0, 4})), IsEmpty());
}

TEST(MemorySource, IsFloatsUnderItsLabel) {
  const auto source = counting({2, 3});
  EXPECT_EQ(source->dtype(), DType::kF32);
  EXPECT_EQ(source->label(), "f: tensor 'w'");
  EXPECT_EQ(source->stored_bytes(), 24U);
  EXPECT_EQ(source->scheme(), std::nullopt);
  EXPECT_EQ(source->read_quantized(), std::nullopt);
}

TEST(TransposedSource, ItsRowsAreColumns) {
  const auto source = make_transposed_source(counting({2, 3}, "conv"));
  EXPECT_EQ(source->shape(), (Shape{3, 2}));
  EXPECT_EQ(source->label(), "conv");
  EXPECT_THAT(values_of(*source), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(rows_of(*source, 1, 1), ElementsAre(1, 4));
  EXPECT_THAT(rows_of(*source, 2, 1), ElementsAre(2, 5));
  EXPECT_EQ(source->stored_bytes(), 24U);
}

TEST(TransposedSource, MatricesOfOneRowColumnOrNothing) {
  EXPECT_THAT(values_of(*make_transposed_source(counting({1, 3}))), ElementsAre(0, 1, 2));
  EXPECT_THAT(values_of(*make_transposed_source(counting({3, 1}))), ElementsAre(0, 1, 2));
  EXPECT_THAT(values_of(*make_transposed_source(counting({0, 3}))), IsEmpty());
  EXPECT_THAT(values_of(*make_transposed_source(counting({3, 0}))), IsEmpty());
}

TEST(TransposedSource, MoreThanOneSlabIsPutTogether) {
  constexpr std::int64_t kHeight = 1031, kWidth = 2053;  // a slab has 2^20 values
  const auto source = counting({kHeight, kWidth});
  const auto columns = rows_of(*make_transposed_source(source), 2000, 53);
  for (std::int64_t c = 0; c < 53; ++c) {
    for (std::int64_t r = 0; r < kHeight; ++r) {
      ASSERT_EQ(columns[static_cast<std::size_t>(c * kHeight + r)], static_cast<float>(r * kWidth + 2000 + c));
    }
  }
}

TEST(TransposedSource, TwiceIsTheOriginalWithItsCodes) {
  const auto original = codes_of("int4-g32", 4, 64);
  const auto once = make_transposed_source(original);
  EXPECT_EQ(once->read_quantized(), std::nullopt);
  EXPECT_EQ(once->scheme(), std::nullopt);
  EXPECT_EQ(make_transposed_source(once), original);
}

TEST(RowGatherSource, RowsComeInTheGivenOrder) {
  const auto source = counting({4, 2});
  EXPECT_THAT(values_of(*make_row_gather_source(source, {3, 0, 1, 2})), ElementsAre(6, 7, 0, 1, 2, 3, 4, 5));
  EXPECT_THAT(rows_of(*make_row_gather_source(source, {3, 0, 1, 2}), 1, 2), ElementsAre(0, 1, 2, 3));
}

TEST(RowGatherSource, RowsMayBeLeftOutOrRepeated) {
  const auto source = counting({4, 2});
  const auto gathered = make_row_gather_source(source, {2, 2, 0});
  EXPECT_EQ(gathered->shape(), (Shape{3, 2}));
  EXPECT_THAT(values_of(*gathered), ElementsAre(4, 5, 4, 5, 0, 1));
  EXPECT_EQ(gathered->stored_bytes(), 24U);
  const auto none = make_row_gather_source(source, {});
  EXPECT_THAT(values_of(*none), IsEmpty());
  EXPECT_EQ(none->stored_bytes(), 0U);
  EXPECT_THAT(values_of(*make_row_gather_source(counting({3}), {2, 1})), ElementsAre(2, 1));
}

class GatheredCodes : public testing::TestWithParam<const char*> {};

TEST_P(GatheredCodes, MeanTheGatheredValues) {
  const auto source = codes_of(GetParam(), 6, 70);
  const std::vector<std::int64_t> rows = {5, 1, 2, 0};
  const auto gathered = make_row_gather_source(source, rows);
  const auto codes = gathered->read_quantized();
  ASSERT_TRUE(codes);
  EXPECT_EQ(gathered->scheme(), codes->scheme);
  EXPECT_EQ(codes->rows, 4);
  std::vector<float> values(4 * 70);
  codec::dequantize_rows(*codes, 0, 4, values.data());
  EXPECT_EQ(values, values_of(*gathered));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows_of(*gathered, static_cast<std::int64_t>(i), 1), rows_of(*source, rows[i], 1)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, GatheredCodes, testing::Values("int8", "int4-g32", "int4-g32-asym", "int4-g32-min"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(GatheredCodesPerTensor, KeepTheirOneScale) {
  codec::QuantizedTensor tensor = codec::make_quantized(codec::parse_scheme("int8-tensor"), 3, 2);
  tensor.codes = {128, 129, 130, 131, 132, 133};
  tensor.scales = {0.5F};
  const auto gathered = make_row_gather_source(std::make_shared<test::CodesSource>(tensor), {2, 0});
  const auto codes = gathered->read_quantized();
  ASSERT_TRUE(codes);
  EXPECT_THAT(codes->scales, ElementsAre(0.5F));
  EXPECT_THAT(codes->codes, ElementsAre(132, 133, 128, 129));
  EXPECT_THAT(values_of(*gathered), ElementsAre(2, 2.5, 0, 0.5));
}

}  // namespace
}  // namespace kerf::graph
