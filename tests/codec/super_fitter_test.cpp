#include "codec/super_fitter.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/codec/quantize.h"

namespace kerf::codec {
namespace {

double squared_error(const QuantizedTensor& tensor, const std::vector<float>& weights) {
  const std::vector<float> values = dequantize(tensor);
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += std::pow(static_cast<double>(weights[i]) - static_cast<double>(values[i]), 2);
  }
  return sum;
}

TEST(SuperFitter, CodesOfScalesCostLittle) {
  // The same groups with scales (and minima) of their own in f32 are what the codes can come near to.
  struct Pair {
    const char *super, *free;
    double ratio;
  };
  for (const auto& [super, free, ratio] :
       {Pair{"q6_k", "int6-g16", 1.02}, Pair{"q5_k", "int5-g32-min", 1.06}, Pair{"q4_k", "int4-g32-min", 1.06},
        Pair{"q3_k", "int3-g16", 1.06}, Pair{"q2_k", "int2-g16-min", 1.35}}) {
    const std::vector<float> weights = random_weights(17, 16 * 512);
    const double with_codes = squared_error(quantize(parse_scheme(super), 16, 512, weights), weights);
    const Scheme own = with_scales(parse_scheme(free), DType::kF32);
    const double with_floats = squared_error(quantize(own, 16, 512, weights, FitRule::kSearch), weights);
    EXPECT_LT(with_codes, ratio * with_floats) << super;
  }
}

TEST(SuperFitter, AShortLastSuperBlockIsOneToo) {
  for (const char* name : {"q4_k", "q6_k", "iq4_xs"}) {
    const std::vector<float> weights = random_weights(18, 2 * 300);
    const QuantizedTensor tensor = quantize(parse_scheme(name), 2, 300, weights);
    EXPECT_EQ(tensor.super_scales.size(), 4U);
    double energy = 0;
    for (const float weight : weights) energy += static_cast<double>(weight) * static_cast<double>(weight);
    EXPECT_LT(squared_error(tensor, weights), 0.01 * energy) << name;
  }
}

TEST(SuperFitter, MinimaAreNotAboveZero) {
  std::vector<float> weights = random_weights(19, 256);
  for (float& weight : weights) weight = std::abs(weight) + 0.005F;
  const QuantizedTensor tensor = quantize(parse_scheme("q4_k"), 1, 256, weights);
  for (const float minimum : tensor.minima) EXPECT_LE(minimum, 0);
  EXPECT_LT(squared_error(tensor, weights), 1e-4);
}

}  // namespace
}  // namespace kerf::codec
