#include "quant/learned_codes.h"

#include <cmath>

#include <gtest/gtest.h>

#include "quant/sources.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

struct Case {
  Tensor weights = test::random_normal({6, 64}, 1);
  graph::SourcePtr original = graph::make_memory_source(weights, "w");
  codec::QuantizedTensor start;
  explicit Case(const char* scheme) : start(round_to_nearest(weights, codec::parse_scheme(scheme), "w")) {}
};

double squared_distance(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a.data<float>()[i]) - static_cast<double>(b.data<float>()[i]);
    sum += d * d;
  }
  return sum;
}

class LearnedCodesOf : public testing::TestWithParam<const char*> {};

TEST_P(LearnedCodesOf, BeginWhereTheMethodEnded) {
  const Case given(GetParam());
  const LearnedCodes codes(given.start, given.weights, *given.original);
  EXPECT_EQ(codes.tensor().codes, given.start.codes);
  EXPECT_EQ(codes.tensor().scales, given.start.scales);
}

/// Values that a neighbouring code would suit better, and a derivative only where that is so: the codes get there.
TEST_P(LearnedCodesOf, FollowTheDerivative) {
  const Case given(GetParam());
  LearnedCodes codes(given.start, given.weights, *given.original);
  const codec::QuantizedTensor wanted = round_to_nearest(given.weights, given.start.scheme, "w");
  codec::QuantizedTensor target = wanted;
  for (std::size_t i = 0; i < target.codes.size(); i += 7) {
    if (target.codes[i] > 1) --target.codes[i];
  }
  Tensor values(DType::kF32, {6, 64});
  codec::dequantize_rows(target, 0, 6, values.data<float>());
  for (int step = 0; step < 100; ++step) {
    Tensor by = codes.source()->read();
    for (std::int64_t i = 0; i < by.size(); ++i) by.data<float>()[i] -= values.data<float>()[i];
    codes.step(by, 0.01, 0);
  }
  std::size_t differing = 0, moved = 0;
  for (std::size_t i = 0; i < target.codes.size(); ++i) {
    moved += target.codes[i] != given.start.codes[i];
    differing += target.codes[i] != codes.tensor().codes[i];
  }
  EXPECT_GT(moved, 40U);
  EXPECT_LT(differing, moved / 20 + 1);
}

TEST_P(LearnedCodesOf, ScalesFollowTooAndStayWhatCanBeStored) {
  const Case given(GetParam());
  LearnedCodes codes(given.start, given.weights, *given.original);
  const Tensor start = codes.source()->read();
  // The derivative of half the squared distance to values that are a hundredth larger.
  const auto distance = [&](Tensor* by) {
    const Tensor now = codes.source()->read();
    double sum = 0;
    for (std::int64_t i = 0; i < now.size(); ++i) {
      const float d = now.data<float>()[i] - 1.01F * start.data<float>()[i];
      sum += static_cast<double>(d) * static_cast<double>(d);
      if (by != nullptr) by->data<float>()[i] = d;
    }
    return sum;
  };
  const double before = distance(nullptr);
  for (int step = 0; step < 15; ++step) {
    Tensor by(DType::kF32, {6, 64});
    distance(&by);
    codes.step(by, 0, 1e-3);
  }
  EXPECT_LT(distance(nullptr), 0.3 * before);
}

/// What is read is what would be stored.
TEST_P(LearnedCodesOf, AreWhatTheSourceHolds) {
  const Case given(GetParam());
  LearnedCodes codes(given.start, given.weights, *given.original);
  codes.step(test::random_normal({6, 64}, 3), 0.3, 1e-2);
  const graph::SourcePtr source = codes.source();
  const codec::QuantizedTensor stored = source->read_quantized().value();
  EXPECT_EQ(stored.codes, codes.tensor().codes);
  Tensor values(DType::kF32, {6, 64});
  codec::dequantize_rows(stored, 0, 6, values.data<float>());
  EXPECT_EQ(squared_distance(values, source->read()), 0);
  EXPECT_EQ(source->shape(), given.original->shape());
}

INSTANTIATE_TEST_SUITE_P(Schemes, LearnedCodesOf,
                         testing::Values("int4-g32", "int3-g64-asym", "int4-g32-min", "int8", "nf4-g64"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(LearnedCodes, StayWithinHalfAStepOfWhereTheyBegan) {
  const Case given("int4-g32");
  LearnedCodes codes(given.start, given.weights, *given.original);
  Tensor by(DType::kF32, {6, 64});
  for (float& value : by.values<float>()) value = 1;
  for (int step = 0; step < 50; ++step) codes.step(by, 0.1, 0);
  for (std::size_t i = 0; i < given.start.codes.size(); ++i) {
    EXPECT_LE(std::abs(codes.tensor().codes[i] - given.start.codes[i]), 1);
  }
  EXPECT_EQ(codes.tensor().scales, given.start.scales);
}

}  // namespace
}  // namespace kerf::quant
