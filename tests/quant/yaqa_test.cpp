#include <memory>

#include <gtest/gtest.h>

#include "quant/drift.h"
#include "quant/method.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

/// tr(C E H E^T) over tokens x of the statistics, E = W - V.
double objective(const Tensor& weights, const codec::QuantizedTensor& tensor, const Tensor& tokens,
                 const Tensor& curvature) {
  const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
  std::vector<float> values(static_cast<std::size_t>(rows * cols));
  codec::dequantize_rows(tensor, 0, rows, values.data());
  double total = 0;
  for (std::int64_t t = 0; t < tokens.dim(0); ++t) {
    std::vector<double> y(static_cast<std::size_t>(rows));
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < cols; ++c) {
        const auto at = static_cast<std::size_t>(r * cols + c);
        y[static_cast<std::size_t>(r)] +=
            (static_cast<double>(weights.values<float>()[at]) - static_cast<double>(values[at])) *
            static_cast<double>(tokens.data<float>()[t * cols + c]);
      }
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t s = 0; s < rows; ++s) {
        total += y[static_cast<std::size_t>(r)] * static_cast<double>(curvature.data<float>()[r * rows + s]) *
                 y[static_cast<std::size_t>(s)];
      }
    }
  }
  return total;
}

TEST(Yaqa, ErrorsGoWhereTheyCostLess) {
  const std::int64_t rows = 40, cols = 64;
  const Tensor weights = test::random_normal({rows, cols}, 1), tokens = test::random_normal({300, cols}, 2);
  // Outputs that are seen through five directions only.
  const Tensor directions = test::random_normal({5, rows}, 3);
  Tensor curvature = Tensor::zeros(DType::kF32, {rows, rows});
  for (std::int64_t d = 0; d < 5; ++d) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t s = 0; s < rows; ++s) {
        curvature.data<float>()[r * rows + s] +=
            directions.data<float>()[d * rows + r] * directions.data<float>()[d * rows + s];
      }
    }
  }
  calibration::Statistics statistics(cols, {"outer_product"});
  statistics.observe(tokens.data<float>(), tokens.dim(0));
  const codec::Scheme scheme = codec::parse_scheme("int3-g32-asym");
  const MethodInfo &yaqa = find_method("yaqa"), &gptaq = find_method("gptaq");
  const auto state = yaqa.prepare(statistics, {});
  SiteProblem problem{"w", weights, scheme, &statistics, {}};
  const auto without = gptaq.solve(problem, state.get()).tensor;
  EXPECT_EQ(yaqa.solve(problem, state.get()).tensor.codes, without.codes) << "without curvature it is gptaq";
  problem.curvature = &curvature;
  const auto with = yaqa.solve(problem, state.get()).tensor;
  EXPECT_LT(objective(weights, with, tokens, curvature), 0.7 * objective(weights, without, tokens, curvature));
}

/// No token ever depends on an output: nothing to weigh by.
TEST(Yaqa, WithoutAnyCurvatureIsGptaq) {
  const Tensor weights = test::random_normal({8, 32}, 1), tokens = test::random_normal({100, 32}, 2);
  calibration::Statistics statistics(32, {"outer_product"});
  statistics.observe(tokens.data<float>(), 100);
  const codec::Scheme scheme = codec::parse_scheme("int4-g32");
  const auto state = prepare_drift(statistics, {});
  SiteProblem problem{"w", weights, scheme, &statistics, {}};
  const auto expected = find_method("gptaq").solve(problem, state.get()).tensor;
  const Tensor nothing = Tensor::zeros(DType::kF32, {8, 8});
  problem.curvature = &nothing;
  EXPECT_EQ(find_method("yaqa").solve(problem, state.get()).tensor.codes, expected.codes);
}

}  // namespace
}  // namespace kerf::quant
