#include <gtest/gtest.h>

#include "quant/method.h"
#include "quant/sources.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

constexpr std::int64_t kRows = 16, kCols = 64, kTokens = 600;

/// What a layer reads: of the reference, and of a model whose earlier layers have lost something.
struct Inputs {
  Tensor reference, own;
};

Inputs drifted_inputs() {
  const Tensor mix = test::random_normal({kCols, kCols}, 1), base = test::random_normal({kTokens, kCols}, 2);
  const Tensor noise = test::random_normal({kTokens, kCols}, 3, 0.4F);
  Inputs inputs{Tensor::zeros(DType::kF32, {kTokens, kCols}), Tensor::zeros(DType::kF32, {kTokens, kCols})};
  for (std::int64_t t = 0; t < kTokens; ++t) {
    for (std::int64_t c = 0; c < kCols; ++c) {
      float sum = 0;
      for (std::int64_t k = 0; k < kCols; ++k) {
        sum += base.data<float>()[t * kCols + k] * mix.data<float>()[k * kCols + c] * 0.2F;
      }
      inputs.reference.data<float>()[t * kCols + c] = sum;
      inputs.own.data<float>()[t * kCols + c] = 0.9F * sum + noise.data<float>()[t * kCols + c];
    }
  }
  return inputs;
}

calibration::Statistics observe(const Inputs& inputs) {
  calibration::Statistics statistics(kCols, {"outer_product"});
  // In two parts, as windows come.
  for (const std::int64_t first : {std::int64_t{0}, kTokens / 2}) {
    const float* const x = inputs.own.data<float>() + first * kCols;
    statistics.observe(x, kTokens / 2);
    statistics.observe_drift(inputs.reference.data<float>() + first * kCols, x, kTokens / 2);
  }
  return statistics;
}

/// Mean over tokens of |W r - V x|^2, by its definition.
double output_error(const Tensor& weights, const codec::QuantizedTensor& quantized, const Inputs& inputs) {
  std::vector<float> values(static_cast<std::size_t>(weights.size()));
  codec::dequantize_rows(quantized, 0, kRows, values.data());
  double sum = 0;
  for (std::int64_t t = 0; t < kTokens; ++t) {
    for (std::int64_t r = 0; r < kRows; ++r) {
      double off = 0;
      for (std::int64_t c = 0; c < kCols; ++c) {
        off += static_cast<double>(weights.data<float>()[r * kCols + c]) *
                   static_cast<double>(inputs.reference.data<float>()[t * kCols + c]) -
               static_cast<double>(values[static_cast<std::size_t>(r * kCols + c)]) *
                   static_cast<double>(inputs.own.data<float>()[t * kCols + c]);
      }
      sum += off * off;
    }
  }
  return sum / kTokens;
}

codec::QuantizedTensor run(const char* name, const Tensor& weights, const calibration::Statistics& statistics) {
  const MethodInfo& method = find_method(name);
  const codec::Scheme scheme = codec::parse_scheme("int4-g32");
  const auto state = method.prepare(statistics, {});
  return method.solve({"w", weights, scheme, &statistics, {}}, state.get()).tensor;
}

TEST(Gptaq, GivesWhatTheReferenceGivesBetterThanGptq) {
  const Inputs inputs = drifted_inputs();
  const Tensor weights = test::random_normal({kRows, kCols}, 4);
  const auto statistics = observe(inputs);
  const double gptq = output_error(weights, run("gptq", weights, statistics), inputs);
  const double gptaq = output_error(weights, run("gptaq", weights, statistics), inputs);
  // Most of the error is the noise, which nobody can take back; the shrunken part can be.
  EXPECT_LT(gptaq, 0.9 * gptq);
}

TEST(Gptaq, IsGptqWithoutDrift) {
  Inputs inputs = drifted_inputs();
  inputs.reference = inputs.own;
  const Tensor weights = test::random_normal({kRows, kCols}, 4);
  const auto statistics = observe(inputs);
  EXPECT_EQ(run("gptaq", weights, statistics).codes, run("gptq", weights, statistics).codes);
  calibration::Statistics nothing(kCols, {"outer_product"});
  nothing.observe(inputs.own.data<float>(), kTokens);
  EXPECT_EQ(run("gptaq", weights, nothing).codes, run("gptq", weights, nothing).codes);
}

}  // namespace
}  // namespace kerf::quant
