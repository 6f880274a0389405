#include "quant/objective.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

#include "core/threads.h"
#include "ops/linalg.h"

namespace kerf::quant {
namespace {

/// The symmetric matrix of which only the tiles up to the diagonal were collected.
Tensor whole_outer_product(const Tensor& tiles) {
  const std::int64_t cols = tiles.dim(0);
  Tensor result(DType::kF32, {cols, cols});
  const float* const from = tiles.data<float>();
  float* const to = result.data<float>();
  parallel_for(cols, [&](std::int64_t i) {
    for (std::int64_t j = 0; j < cols; ++j) to[i * cols + j] = i >= j ? from[i * cols + j] : from[j * cols + i];
  });
  return result;
}

Tensor narrowed(std::span<const double> values) {
  Tensor result(DType::kF32, {static_cast<std::int64_t>(values.size())});
  std::transform(values.begin(), values.end(), result.data<float>(), [](double v) { return static_cast<float>(v); });
  return result;
}

Tensor multiplied(const Tensor& rows, const Tensor& matrix) {
  const std::int64_t count = rows.dim(0), cols = rows.dim(1);
  Tensor product(DType::kF32, {count, cols});
  ops::linalg::gemm(false, false, count, cols, cols, 1.0f, rows.data<float>(), cols, matrix.data<float>(), cols, 0.0f,
                    product.data<float>(), cols);
  return product;
}

double inner(const float* a, const float* b, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

Tensor RowSample::of(const Tensor& whole) const {
  const std::int64_t cols = whole.dim(1);
  Tensor values(DType::kF32, weights.shape());
  for (std::size_t s = 0; s < rows.size(); ++s) {
    std::copy_n(whole.data<float>() + rows[s] * cols, cols, values.data<float>() + static_cast<std::int64_t>(s) * cols);
  }
  return values;
}

Tensor RowSample::of(const codec::QuantizedTensor& whole) const {
  Tensor values(DType::kF32, weights.shape());
  for (std::size_t s = 0; s < rows.size(); ++s) {
    codec::dequantize_rows(whole, rows[s], 1, values.data<float>() + static_cast<std::int64_t>(s) * whole.cols);
  }
  return values;
}

RowSample sample_rows(const Tensor& weights, const codec::Scheme& scheme, std::int64_t most) {
  const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
  const bool whole = scheme.shares_rows();
  const std::int64_t sampled = whole ? rows : std::min(rows, most);
  RowSample sample;
  for (std::int64_t s = 0; s < sampled; ++s) sample.rows.push_back(s * rows / sampled);
  sample.weights = Tensor(DType::kF32, {sampled, cols});
  sample.weights = sample.of(weights);
  return sample;
}

bool Objective::measurable(const calibration::Statistics& seen) {
  return seen.tokens() > 0 && (seen.has("outer_product") || seen.has("sum_squares"));
}

Objective::Objective(const calibration::Statistics& seen)
    : seen_(seen),
      hessian_(seen.has("outer_product") ? whole_outer_product(seen.state("outer_product"))
                                         : narrowed(seen.state("sum_squares").values<double>())) {}

Tensor Objective::multiply(const Tensor& rows) const {
  if (hessian_.rank() == 2) return multiplied(rows, hessian_);
  const std::int64_t cols = rows.dim(1);
  Tensor product = rows.clone();
  for (std::int64_t i = 0; i < rows.size(); ++i) product.data<float>()[i] *= hessian_.data<float>()[i % cols];
  return product;
}

std::vector<OutputError> Objective::measure(const Tensor& weights, std::span<const Tensor> approximations) const {
  const auto count = static_cast<std::int64_t>(approximations.size()), size = weights.size(), rows = weights.dim(0);
  // One product for all: first the weights, then what each approximation is off by.
  Tensor stacked(DType::kF32, {(count + 1) * rows, weights.dim(1)});
  float* const all = stacked.data<float>();
  std::copy_n(weights.data<float>(), size, all);
  for (std::int64_t a = 0; a < count; ++a) {
    const float* const values = approximations[static_cast<std::size_t>(a)].data<float>();
    for (std::int64_t i = 0; i < size; ++i) all[(a + 1) * size + i] = all[i] - values[i];
  }
  const Tensor product = multiply(stacked);
  const Tensor drifted = seen_.drift().defined() ? multiplied(weights, seen_.drift()) : Tensor();
  const double whole = inner(all, product.data<float>(), size);
  std::vector<OutputError> errors(approximations.size());
  for (std::int64_t a = 0; a < count && whole > 0; ++a) {
    const float* const off = all + (a + 1) * size;
    OutputError& error = errors[static_cast<std::size_t>(a)];
    error.relative = inner(off, product.data<float>() + (a + 1) * size, size) / whole;
    // |W r - V x|^2 = |W (r - x)|^2 + 2 (W (r - x)) . ((W - V) x) + |(W - V) x|^2
    const double drift = drifted.defined() ? 2 * inner(off, drifted.data<float>(), size) / whole : 0;
    error.against_reference = error.relative + drift;
  }
  return errors;
}

double relative_objective(const Tensor& weights, const codec::QuantizedTensor& quantized,
                          const calibration::Statistics& statistics) {
  const RowSample sample = sample_rows(weights, quantized.scheme);
  const Tensor values = sample.of(quantized);
  return Objective(statistics).measure(sample.weights, {&values, 1}).front().relative;
}

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic>;

/// Lower triangle of the correlations of channels; rows and columns of channels without energy are zero.
Matrix correlations(const Tensor& outer_product) {
  const std::int64_t cols = outer_product.dim(0);
  const float* const outer = outer_product.data<float>();
  std::vector<double> inverse_norms(static_cast<std::size_t>(cols), 0.0);
  for (std::int64_t i = 0; i < cols; ++i) {
    const auto energy = static_cast<double>(outer[i * cols + i]);
    if (energy > 0) inverse_norms[static_cast<std::size_t>(i)] = 1 / std::sqrt(energy);
  }
  Matrix result(static_cast<Eigen::Index>(cols), static_cast<Eigen::Index>(cols));
  parallel_for(cols, [&](std::int64_t j) {
    const double scale = inverse_norms[static_cast<std::size_t>(j)];
    for (std::int64_t i = j; i < cols; ++i) {
      result(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          scale * inverse_norms[static_cast<std::size_t>(i)] * static_cast<double>(outer[i * cols + j]);
    }
  });
  return result;
}

/// One column of Cholesky's factorization, and what it means for the columns up to `end`; false, and a column of
/// zeros, if those before it explain all but `least` of it.
bool factor_column(Matrix& a, Eigen::Index column, Eigen::Index end, double least) {
  const Eigen::Index below = a.rows() - column;
  if (!(a(column, column) > least)) {
    a.col(column).tail(below).setZero();
    return false;
  }
  a.col(column).tail(below) /= std::sqrt(a(column, column));
  for (Eigen::Index j = column + 1; j < end; ++j)
    a.col(j).tail(a.rows() - j) -= a(j, column) * a.col(column).tail(a.rows() - j);
  return true;
}

}  // namespace

std::int64_t numerical_rank(const calibration::Statistics& seen) {
  // Cholesky of the correlations: a pivot is the share of a channel's energy that those before it do not explain.
  constexpr double kLeastShare = 1e-3;
  constexpr Eigen::Index kColumnsAtOnce = 64;
  if (!seen.has("outer_product")) return -1;
  Matrix a = correlations(seen.state("outer_product"));
  std::int64_t rank = 0;
  for (Eigen::Index begin = 0; begin < a.rows(); begin += kColumnsAtOnce) {
    const Eigen::Index end = std::min(a.rows(), begin + kColumnsAtOnce), rest = a.rows() - end;
    for (Eigen::Index column = begin; column < end; ++column)
      rank += factor_column(a, column, end, kLeastShare) ? 1 : 0;
    a.bottomRightCorner(rest, rest)
        .selfadjointView<Eigen::Lower>()
        .rankUpdate(a.block(end, begin, rest, end - begin), -1.0);
  }
  return rank;
}

}  // namespace kerf::quant
