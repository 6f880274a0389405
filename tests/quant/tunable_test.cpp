#include "quant/tunable.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "quant/sources.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

class TunableScales : public testing::TestWithParam<std::string> {};

/// L = sum of by_weight * value: its derivative by a number is the difference that a step of the number makes.
TEST_P(TunableScales, DerivativesFollowDifferences) {
  codec::Scheme scheme = codec::parse_scheme(GetParam());
  if (!scheme.fixed_scale_dtype) scheme.scale_dtype = DType::kF32;
  const Tensor weights = test::random_normal({6, 256}, 1), by_weight = test::random_normal({6, 256}, 2);
  const auto original = graph::make_memory_source(weights, "w");
  const codec::QuantizedTensor start = round_to_nearest(weights, scheme, "w");
  const auto tunable = make_tunable_scales(start, *original);
  ASSERT_NE(tunable, nullptr);
  std::vector<float> found(tunable->numbers.size(), 0.0F);
  tunable->chain(by_weight, found);
  const auto value = [&] {
    const Tensor values = tunable->source()->read();
    double sum = 0;
    for (std::int64_t i = 0; i < values.size(); ++i) {
      sum += static_cast<double>(values.data<float>()[i]) * static_cast<double>(by_weight.data<float>()[i]);
    }
    return sum;
  };
  for (std::size_t i = 0; i < found.size(); i += 1 + found.size() / 20) {
    const float before = tunable->numbers[i];
    // Large enough to be seen in scales of half precision: values are linear in them.
    const float up = codec::round_to(scheme.scale_dtype, before * 1.25F + 1e-3F);
    const double low = value();
    tunable->numbers[i] = up;
    const double high = value();
    tunable->numbers[i] = before;
    const double step = static_cast<double>(up) - static_cast<double>(before);
    EXPECT_NEAR((high - low) / step, static_cast<double>(found[i]),
                2e-3 * std::fabs(static_cast<double>(found[i])) + 1e-2)
        << GetParam() << " number " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, TunableScales,
                         testing::Values("int4-g32", "int4-g32-asym", "int4-g32-min", "int8", "int8-tensor", "nf4-g64",
                                         "q4_k", "q6_k", "q3_k"),
                         [](const auto& named) {
                           std::string name = named.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(TunableScales, NumbersThatDoNotFitStayAtTheirLastValue) {
  const Tensor weights = test::random_normal({2, 64}, 1);
  const auto original = graph::make_memory_source(weights, "w");
  const auto tunable = make_tunable_scales(round_to_nearest(weights, codec::parse_scheme("int4-g32"), "w"), *original);
  const Tensor before = tunable->source()->read();
  for (float& number : tunable->numbers) number = 1e30F;
  const Tensor after = tunable->source()->read();
  for (std::int64_t i = 0; i < before.size(); ++i) EXPECT_EQ(before.data<float>()[i], after.data<float>()[i]);
}

TEST(TunableScales, PowersOfTwoAreNotTuned) {
  const Tensor weights = test::random_normal({2, 64}, 1);
  EXPECT_EQ(make_tunable_scales(round_to_nearest(weights, codec::parse_scheme("mxfp4"), "w"),
                                *graph::make_memory_source(weights, "w")),
            nullptr);
}

TEST(TunableVector, IsRoundedToItsDtype) {
  const auto source = graph::make_memory_source(Tensor::from<float>({2}, std::vector<float>{1.0F, 2.0F}), "norm");
  const auto tunable = make_tunable_vector(*source, DType::kBF16);
  tunable->numbers = {1.001F, 2.5F};
  const Tensor values = tunable->source()->read();
  EXPECT_EQ(values.data<float>()[0], 1.0F);
  EXPECT_EQ(values.data<float>()[1], 2.5F);
  EXPECT_DOUBLE_EQ(make_tunable_vector(*source, DType::kBF16)->unit(1), 1.5);
}

}  // namespace
}  // namespace kerf::quant
