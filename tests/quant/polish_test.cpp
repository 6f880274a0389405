#include "quant/polish.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "codec/grid.h"
#include "core/threads.h"
#include "quant/sources.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

/// A^T A with a little on the diagonal: symmetric and positive, its columns far from independent.
Tensor random_hessian(std::int64_t cols, std::uint64_t seed) {
  const std::int64_t tokens = cols * 2;
  const Tensor a = test::random_normal({tokens, cols}, seed), b = test::random_normal({tokens, 1}, seed + 1);
  Tensor h = Tensor::zeros(DType::kF32, {cols, cols});
  for (std::int64_t i = 0; i < cols; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      double sum = i == j ? 0.05 : 0;
      for (std::int64_t t = 0; t < tokens; ++t) {
        const double common = b.data<float>()[t];
        const double left = a.data<float>()[t * cols + i], right = a.data<float>()[t * cols + j];
        sum += (left + common) * (right + common) / static_cast<double>(tokens);
      }
      h.data<float>()[i * cols + j] = h.data<float>()[j * cols + i] = static_cast<float>(sum);
    }
  }
  return h;
}

/// (w - v)^T H (w - v) of each row, by its definition.
std::vector<double> objectives(const Tensor& weights, const Tensor& hessian, const codec::QuantizedTensor& tensor) {
  const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
  std::vector<float> values(static_cast<std::size_t>(rows * cols));
  codec::dequantize_rows(tensor, 0, rows, values.data());
  std::vector<double> result;
  for (std::int64_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::int64_t i = 0; i < cols; ++i) {
      for (std::int64_t j = 0; j < cols; ++j) {
        const auto error = [&](std::int64_t c) {
          const auto at = static_cast<std::size_t>(r * cols + c);
          return static_cast<double>(weights.data<float>()[at]) - static_cast<double>(values[at]);
        };
        sum += error(i) * static_cast<double>(hessian.data<float>()[i * cols + j]) * error(j);
      }
    }
    result.push_back(sum);
  }
  return result;
}

class Polish : public testing::TestWithParam<std::string> {
 protected:
  codec::Scheme scheme() const { return codec::parse_scheme(GetParam()); }
};

TEST_P(Polish, NeverRaisesTheObjectiveOfARowAndLowersTheirSum) {
  for (const std::int64_t cols : {37, 96, 300}) {
    const Tensor weights = test::random_normal({5, cols}, 1), hessian = random_hessian(cols, 2);
    codec::QuantizedTensor tensor = round_to_nearest(weights, scheme(), "w");
    std::vector<double> before = objectives(weights, hessian, tensor);
    for (int sweep = 0; sweep < 3; ++sweep) {
      polish(weights, hessian, tensor, 1);
      const std::vector<double> after = objectives(weights, hessian, tensor);
      double sum_before = 0, sum_after = 0;
      for (std::size_t r = 0; r < before.size(); ++r) {
        EXPECT_LE(after[r], before[r] * 1.0001) << "row " << r << " of " << cols << " columns, sweep " << sweep;
        sum_before += before[r];
        sum_after += after[r];
      }
      if (sweep == 0) {
        EXPECT_LT(sum_after, 0.99 * sum_before) << cols;
      }
      before = after;
    }
  }
}

TEST_P(Polish, EndsWhereNoCodeAloneHelps) {
  const std::int64_t cols = 64;
  const Tensor weights = test::random_normal({3, cols}, 5), hessian = random_hessian(cols, 6);
  codec::QuantizedTensor tensor = round_to_nearest(weights, scheme(), "w");
  polish(weights, hessian, tensor, 50);
  const std::vector<double> settled = objectives(weights, hessian, tensor);
  const auto grid = codec::make_grid(scheme());
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::int64_t col = 0; col < cols; ++col) {
      codec::QuantizedTensor other = tensor;
      std::uint8_t& code = other.codes[row * static_cast<std::size_t>(cols) + static_cast<std::size_t>(col)];
      for (const int step : {-1, 1}) {
        const int changed = code + step;
        if (changed < 0 || changed > grid->highest_code()) continue;
        code = static_cast<std::uint8_t>(changed);
        const double objective = objectives(weights, hessian, other)[row];
        if (std::isfinite(objective)) {
          EXPECT_GE(objective, settled[row] * 0.9999) << row << ", " << col;
        }
        code = static_cast<std::uint8_t>(changed - step);
      }
    }
  }
}

TEST_P(Polish, WhatItStoresIsWhatItSays) {
  const Tensor weights = test::random_normal({4, 300}, 8), hessian = random_hessian(300, 9);
  codec::QuantizedTensor tensor = round_to_nearest(weights, scheme(), "w");
  polish(weights, hessian, tensor, 2);
  codec::QuantizedTensor again = tensor;
  for (std::int64_t row = 0; scheme().has_super_blocks() && row < 4; ++row) {
    for (std::int64_t col = 0; col < 300; col += scheme().super.cols) again.expand_super_block(row, col);
  }
  EXPECT_EQ(again.scales, tensor.scales);
  EXPECT_EQ(again.minima, tensor.minima);
  for (const float scale : scheme().has_super_blocks() ? tensor.super_scales : tensor.scales) {
    EXPECT_EQ(codec::round_to(scheme().scale_dtype, scale), scale);
  }
}

TEST_P(Polish, SameBitsForAnyNumberOfThreads) {
  const Tensor weights = test::random_normal({100, 96}, 11), hessian = random_hessian(96, 12);
  const int before = thread_count();
  std::vector<codec::QuantizedTensor> results;
  for (const int threads : {1, 2, 5}) {
    set_thread_count(threads);
    results.push_back(round_to_nearest(weights, scheme(), "w"));
    polish(weights, hessian, results.back(), 2);
  }
  set_thread_count(before);
  for (const auto& result : results) {
    EXPECT_EQ(result.codes, results.front().codes);
    EXPECT_EQ(result.scales, results.front().scales);
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, Polish,
                         testing::Values("int4-g32", "int4-g32-asym", "int4-g32-min", "int3-g64-asym", "int4-g256",
                                         "int4", "int8", "nf4-g64", "mxfp4", "f8_e4m3", "iq4_nl", "q2_k", "q3_k",
                                         "q4_k", "q6_k", "iq4_xs"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// tr(C E H E^T), by its definition.
double coupled_objective(const Tensor& weights, const Tensor& hessian, const Tensor& curvature,
                         const codec::QuantizedTensor& tensor) {
  const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
  std::vector<float> values(static_cast<std::size_t>(rows * cols));
  codec::dequantize_rows(tensor, 0, rows, values.data());
  std::vector<double> errors(values.size()), pulled(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    errors[i] = static_cast<double>(weights.values<float>()[i]) - static_cast<double>(values[i]);
  }
  double total = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      double sum = 0;
      for (std::int64_t k = 0; k < cols; ++k) {
        sum +=
            errors[static_cast<std::size_t>(r * cols + k)] * static_cast<double>(hessian.data<float>()[k * cols + c]);
      }
      pulled[static_cast<std::size_t>(r * cols + c)] = sum;
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t s = 0; s < rows; ++s) {
      double sum = 0;
      for (std::int64_t c = 0; c < cols; ++c) {
        sum += errors[static_cast<std::size_t>(r * cols + c)] * pulled[static_cast<std::size_t>(s * cols + c)];
      }
      total += static_cast<double>(curvature.data<float>()[r * rows + s]) * sum;
    }
  }
  return total;
}

TEST_P(Polish, CoupledNeverRaisesItsObjective) {
  // More rows than go at once, and an odd number of columns.
  for (const std::int64_t cols : {45, 300}) {
    const std::int64_t rows = 70;
    const Tensor weights = test::random_normal({rows, cols}, 1), hessian = random_hessian(cols, 2);
    const Tensor curvature = random_hessian(rows, 9);
    codec::QuantizedTensor tensor = round_to_nearest(weights, scheme(), "w");
    double before = coupled_objective(weights, hessian, curvature, tensor);
    for (int sweep = 0; sweep < 3; ++sweep) {
      polish_coupled(weights, hessian, curvature, tensor, 1);
      const double after = coupled_objective(weights, hessian, curvature, tensor);
      EXPECT_LE(after, before * 1.0001) << cols << " columns, sweep " << sweep;
      if (sweep == 0) {
        EXPECT_LT(after, 0.9 * before) << cols;
      }
      before = after;
    }
    // What rows say of each other helps: polishing each for itself ends higher.
    codec::QuantizedTensor alone = round_to_nearest(weights, scheme(), "w");
    polish(weights, hessian, alone, 3);
    EXPECT_LT(before, coupled_objective(weights, hessian, curvature, alone)) << cols;
  }
}

TEST_P(Polish, CoupledByTheIdentityIsPolishing) {
  const std::int64_t rows = 40, cols = 96;
  const Tensor weights = test::random_normal({rows, cols}, 1), hessian = random_hessian(cols, 2);
  Tensor identity = Tensor::zeros(DType::kF32, {rows, rows});
  for (std::int64_t r = 0; r < rows; ++r) identity.data<float>()[r * rows + r] = 1.0F;
  codec::QuantizedTensor coupled = round_to_nearest(weights, scheme(), "w"), alone = coupled;
  polish_coupled(weights, hessian, identity, coupled, 2);
  polish(weights, hessian, alone, 2);
  EXPECT_EQ(coupled.codes, alone.codes);
  EXPECT_EQ(coupled.scales, alone.scales);
}

TEST_P(Polish, CoupledDoesNotDependOnThreads) {
  const std::int64_t rows = 100, cols = 160;
  const Tensor weights = test::random_normal({rows, cols}, 1), hessian = random_hessian(cols, 2);
  const Tensor curvature = random_hessian(rows, 9);
  codec::QuantizedTensor one = round_to_nearest(weights, scheme(), "w"), three = one;
  const int before = thread_count();
  set_thread_count(1);
  polish_coupled(weights, hessian, curvature, one, 2);
  set_thread_count(3);
  polish_coupled(weights, hessian, curvature, three, 2);
  set_thread_count(before);
  EXPECT_EQ(one.codes, three.codes);
  EXPECT_EQ(one.scales, three.scales);
}

}  // namespace
}  // namespace kerf::quant
