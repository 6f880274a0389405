#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quant/method.h"
#include "quant/sources.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

/// Sum of |error|^0.7, what the method is for.
double power_sum(const Tensor& weights, const codec::QuantizedTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(weights.size()));
  codec::dequantize_rows(tensor, 0, tensor.rows, values.data());
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += std::pow(std::fabs(static_cast<double>(weights.values<float>()[i]) - static_cast<double>(values[i])), 0.7);
  }
  return sum;
}

/// Normal weights of which one in fifty lies far out.
Tensor with_outliers(Shape shape) {
  Tensor weights = test::random_normal(std::move(shape), 4);
  for (std::int64_t i = 0; i < weights.size(); i += 50) weights.data<float>()[i] *= 4;
  return weights;
}

TEST(Hqq, LosesLessThanLeastSquaresByItsOwnMeasure) {
  for (const char* name : {"int4-g64", "int4-g64-asym", "int4-g64-min", "int3-g32-min", "q4_k", "nf4-g64", "int4",
                           "int4-tensor", "f8_e4m3-b8x32"}) {
    const codec::Scheme scheme = codec::parse_scheme(name);
    for (const std::int64_t cols : {256, 250}) {
      const Tensor weights = with_outliers({12, cols});
      const auto squares = find_method("mse").solve({"w", weights, scheme, nullptr, {}}, nullptr).tensor;
      const auto found = find_method("hqq").solve({"w", weights, scheme, nullptr, {}}, nullptr).tensor;
      EXPECT_LE(power_sum(weights, found), power_sum(weights, squares)) << name << " " << cols;
    }
  }
}

TEST(Hqq, ARunWithoutDataSolvesEveryWeight) {
  const test::GoldenModel golden("llama");
  Candidate candidate = candidate_of(golden.walker, "int4-g32", "hqq");
  Quantizer quantizer(golden.walker, {&candidate}, {}, budget_of(1 << 28));
  EXPECT_TRUE(quantizer.walks());
  for (const sweep::Block& block : golden.walker.plan().blocks) {
    quantizer.process_block(block, golden.walker.prepare_block(block, nullptr, nullptr));
  }
  for (const auto& [id, decision] : candidate.decisions) {
    if (decision.scheme.quantized()) {
      EXPECT_EQ(codes_of(candidate, id).scheme, decision.scheme);
    }
  }
}

}  // namespace
}  // namespace kerf::quant
