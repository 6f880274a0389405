#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

test::OpCall bias_of(Tensor table, std::int64_t length, bool bidirectional, std::int64_t max_distance) {
  return {.op = "RelativePositionBias",
          .domain = "kerf",
          .inputs = {std::move(table), Tensor::zeros(DType::kI64, {1, length})},
          .attributes = {{"bidirectional", std::int64_t{bidirectional ? 1 : 0}}, {"max_distance", max_distance}}};
}

/// Buckets of T5's sizes by key - query, from a table whose rows say their number.
class T5Buckets {
 public:
  explicit T5Buckets(bool bidirectional) {
    Tensor table(DType::kF32, {32, 1});
    for (int i = 0; i < 32; ++i) table.data<float>()[i] = static_cast<float>(i);
    bias_ = test::run_op(bias_of(table, kLength, bidirectional, 128)).front();
  }
  int at(std::int64_t offset) const {
    const std::int64_t query = offset < 0 ? -offset : 0;
    return static_cast<int>(bias_.data<float>()[query * kLength + query + offset]);
  }

 private:
  static constexpr std::int64_t kLength = 300;
  Tensor bias_;
};

TEST(RelativePositionBias, NearDistancesHaveBucketsOfTheirOwn) {
  const T5Buckets encoder(true), decoder(false);
  for (int distance = 0; distance < 8; ++distance) {
    EXPECT_EQ(encoder.at(-distance), distance);
    EXPECT_EQ(encoder.at(distance), distance == 0 ? 0 : 16 + distance);
  }
  for (int distance = 0; distance < 16; ++distance) EXPECT_EQ(decoder.at(-distance), distance);
}

/// 8 * 2^(k/2) begins the encoder's bucket 8 + k, and 16 * 8^(k/16) the decoder's bucket 16 + k.
TEST(RelativePositionBias, BucketsOfFarDistancesBeginWhereTheLogarithmSays) {
  const T5Buckets encoder(true), decoder(false);
  for (const auto& [distance, bucket] : {std::pair(8, 8),
                                         {11, 8},
                                         {12, 9},
                                         {15, 9},
                                         {16, 10},
                                         {22, 10},
                                         {23, 11},
                                         {31, 11},
                                         {32, 12},
                                         {45, 12},
                                         {46, 13},
                                         {63, 13},
                                         {64, 14},
                                         {90, 14},
                                         {91, 15},
                                         {127, 15},
                                         {128, 15},
                                         {299, 15}}) {
    EXPECT_EQ(encoder.at(-distance), bucket) << distance;
    EXPECT_EQ(encoder.at(distance), 16 + bucket) << distance;
  }
  for (const auto& [distance, bucket] : {std::pair(16, 16),
                                         {18, 16},
                                         {19, 17},
                                         {20, 17},
                                         {21, 18},
                                         {63, 26},
                                         {64, 26},
                                         {112, 30},
                                         {113, 31},
                                         {128, 31},
                                         {299, 31}}) {
    EXPECT_EQ(decoder.at(-distance), bucket) << distance;
  }
}

TEST(RelativePositionBias, KeysAfterADecodersQueryAreNoDistance) {
  const T5Buckets decoder(false);
  for (const int offset : {1, 7, 299}) EXPECT_EQ(decoder.at(offset), 0);
}

TEST(RelativePositionBias, TablesThatCannotBeAreRefused) {
  const auto refused = [](Shape table, bool bidirectional, std::int64_t reach, std::string_view message) {
    const test::OpCall call = bias_of(Tensor::zeros(DType::kF32, std::move(table)), 4, bidirectional, reach);
    test::expect_error(ErrorCode::kInput, message, [&] { test::infer_op(call); });
  };
  refused({32}, true, 128, "input table: found shape [32], expected 2 dimensions");
  refused({3, 2}, true, 128, "found 3 buckets and max_distance 128");
  refused({1, 2}, false, 128, "found 1 buckets");
  refused({32, 2}, true, 8, "found 32 buckets and max_distance 8, expected a distance beyond those of their own");
  EXPECT_NO_THROW(test::infer_op(bias_of(Tensor::zeros(DType::kF32, {4, 2}), 4, true, 2)));
}

}  // namespace
}  // namespace kerf::ops
