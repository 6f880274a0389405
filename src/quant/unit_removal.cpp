#include "quant/unit_removal.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "core/checked.h"
#include "core/threads.h"
#include "quant/hessian.h"

namespace kerf::quant {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic>;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Columns of a task: fixed, so that bits do not depend on the number of threads.
constexpr Eigen::Index kColumnsAtOnce = 128;
/// Units of one channel are removed in so many rounds; wider ones one by one.
constexpr std::int64_t kRounds = 32;

/// The inverse of a symmetric positive definite matrix.
Matrix inverse_of(const Tensor& hessian) {
  const auto n = static_cast<Eigen::Index>(hessian.dim(0));
  const Matrix h = Eigen::Map<const RowMajor>(hessian.data<float>(), n, n).cast<double>();
  const Eigen::LLT<Matrix> factor(h);
  Matrix result(n, n);
  parallel_for(div_up<std::int64_t>(n, kColumnsAtOnce), [&](std::int64_t task) {
    const Eigen::Index begin = static_cast<Eigen::Index>(task) * kColumnsAtOnce;
    const Eigen::Index width = std::min(kColumnsAtOnce, n - begin);
    Matrix columns = Matrix::Zero(n, width);
    columns.block(begin, 0, width, width).setIdentity();
    result.middleCols(begin, width) = factor.solve(columns);
  });
  return result;
}

class Remover {
 public:
  Remover(const Tensor& weights, const Reduction& reduction, const Tensor& hessian)
      : reduction_(reduction),
        width_(static_cast<Eigen::Index>(reduction.width)),
        weights_(Eigen::Map<const RowMajor>(weights.data<float>(), static_cast<Eigen::Index>(weights.dim(0)),
                                            static_cast<Eigen::Index>(weights.dim(1)))
                     .cast<double>()),
        inverse_(inverse_of(hessian)),
        left_(static_cast<std::size_t>(reduction.units)) {
    std::iota(left_.begin(), left_.end(), 0);
  }

  UnitRemoval run() {
    const std::int64_t removed = reduction_.units - reduction_.kept;
    const std::int64_t batch = width_ > 1 ? 1 : div_up(removed, kRounds);
    for (std::int64_t done = 0; done < removed; done += batch) remove(cheapest(std::min(batch, removed - done)));
    UnitRemoval result{left_, {}, ""};
    const auto columns = reduction_.columns(left_);
    result.weights = Tensor(DType::kF32, {static_cast<std::int64_t>(weights_.rows()), std::ssize(columns)});
    for (std::int64_t r = 0; r < result.weights.dim(0); ++r) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        result.weights.data<float>()[r * std::ssize(columns) + static_cast<std::int64_t>(c)] =
            static_cast<float>(weights_(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(columns[c])));
      }
    }
    return result;
  }

 private:
  double cost(std::int64_t unit) const {
    const Eigen::Index at = static_cast<Eigen::Index>(unit) * width_;
    const Matrix part = weights_.middleCols(at, width_);
    if (width_ == 1) return part.squaredNorm() / inverse_(at, at);
    const Eigen::LLT<Matrix> factor(Matrix(inverse_.block(at, at, width_, width_)));
    return (factor.solve(part.transpose()).array() * part.transpose().array()).sum();
  }

  /// Those of least cost; of equal ones the first.
  std::vector<std::int64_t> cheapest(std::int64_t count) const {
    std::vector<double> costs(left_.size());
    parallel_for(std::ssize(left_), [&](std::int64_t i) {
      costs[static_cast<std::size_t>(i)] = cost(left_[static_cast<std::size_t>(i)]);
    });
    std::vector<std::size_t> order(left_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return costs[a] < costs[b]; });
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < count; ++i) result.push_back(left_[order[static_cast<std::size_t>(i)]]);
    std::sort(result.begin(), result.end());
    return result;
  }

  /// W -= W_P ([H^-1]_PP)^-1 [H^-1]_P:, and the same of H^-1, which then is that of what is left.
  void remove(const std::vector<std::int64_t>& units) {
    const auto columns = reduction_.columns(units);
    const auto count = static_cast<Eigen::Index>(columns.size()), n = inverse_.rows();
    Matrix rows(count, n), own(weights_.rows(), count), square(count, count);
    for (Eigen::Index i = 0; i < count; ++i) {
      const auto c = static_cast<Eigen::Index>(columns[static_cast<std::size_t>(i)]);
      rows.row(i) = inverse_.col(c).transpose();
      own.col(i) = weights_.col(c);
    }
    for (Eigen::Index i = 0; i < count; ++i) {
      square.col(i) = rows.col(static_cast<Eigen::Index>(columns[static_cast<std::size_t>(i)]));
    }
    const Eigen::LLT<Matrix> factor(square);
    const Matrix before = rows.transpose();
    parallel_for(div_up<std::int64_t>(n, kColumnsAtOnce), [&](std::int64_t task) {
      const Eigen::Index begin = static_cast<Eigen::Index>(task) * kColumnsAtOnce;
      const Eigen::Index some = std::min(kColumnsAtOnce, n - begin);
      const Matrix solved = factor.solve(rows.middleCols(begin, some));
      weights_.middleCols(begin, some).noalias() -= own * solved;
      inverse_.middleCols(begin, some).noalias() -= before * solved;
    });
    std::vector<std::int64_t> left;
    std::set_difference(left_.begin(), left_.end(), units.begin(), units.end(), std::back_inserter(left));
    left_ = std::move(left);
  }

  const Reduction& reduction_;
  Eigen::Index width_;
  Matrix weights_, inverse_;
  std::vector<std::int64_t> left_;  ///< units, ascending
};

/// Without anything known about the inputs: the units of least weights go, the others stay as they are.
UnitRemoval remove_by_magnitude(const Tensor& weights, const Reduction& reduction) {
  Tensor identity = Tensor::zeros(DType::kF32, {weights.dim(1), weights.dim(1)});
  for (std::int64_t i = 0; i < weights.dim(1); ++i) identity.data<float>()[i * weights.dim(1) + i] = 1;
  return Remover(weights, reduction, identity).run();
}

Tensor channels_of(const Tensor& state, std::int64_t cols, const std::vector<std::int64_t>& channels) {
  const auto count = std::ssize(channels);
  const std::size_t size = dtype_bytes(state.dtype());
  Shape shape = state.shape();
  const bool square = shape.size() == 2 && shape[0] == cols && shape[1] == cols;
  if (shape.empty() || (shape[0] != cols && shape.back() != cols)) return state;
  Tensor result(state.dtype(), square ? Shape{count, count} : Shape{count});
  if (!square && shape.size() != 1) return state;
  const std::byte* const from = state.raw();
  std::byte* to = result.raw();
  const std::int64_t rows = square ? count : 1;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < count; ++j, to += size) {
      const std::int64_t row = square ? channels[static_cast<std::size_t>(i)] : 0;
      std::copy_n(from + static_cast<std::size_t>(row * cols + channels[static_cast<std::size_t>(j)]) * size, size, to);
    }
  }
  return result;
}

}  // namespace

UnitRemoval remove_units(const Tensor& weights, const Reduction& reduction, const calibration::Statistics& statistics,
                         double damping) {
  const HessianFactor factor(statistics, damping, false);
  if (factor.ok()) return Remover(weights, reduction, factor.damped()).run();
  UnitRemoval result = remove_by_magnitude(weights, reduction);
  result.note = "removed by magnitude: " + factor.problem();
  return result;
}

calibration::Statistics channels_of(const calibration::Statistics& statistics,
                                    const std::vector<std::int64_t>& channels) {
  std::map<std::string, Tensor, std::less<>> states;
  for (const auto& [name, state] : statistics.states()) {
    states.emplace(name, channels_of(state, statistics.cols(), channels));
  }
  calibration::Statistics result;
  result.restore(std::ssize(channels), statistics.tokens(), std::move(states));
  return result;
}

}  // namespace kerf::quant
