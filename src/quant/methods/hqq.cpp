// HQQ (Badri & Shaji 2023, "Half-Quadratic Quantization of Large Machine Learning Models"): parameters for the least
// sum of |w - v|^p with p < 1, which cares less than squares for the few weights far out that a range would have to
// stretch for. Half-quadratic in its multiplicative form (Geman & Reynolds 1992): with the errors as they are, weights
// |w - v|^(p - 2) make squares of it, which every scheme's own search can fit; the fit gives new errors, and so on. The
// best that was met is kept. Needs no data.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/checked.h"
#include "core/threads.h"
#include "quant/method.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

constexpr double kPower = 0.7;  ///< of the authors' code
constexpr int kTurns = 8;
/// Errors below this fraction of the mean one count as if they were that large: otherwise they would hold everything.
constexpr double kFloor = 0.3;
constexpr std::int64_t kRowsAtOnce = 16;

/// One row, and copies of its parameters in a tensor of one row.
class RowFitter {
 public:
  RowFitter(const Rounder& rounder, const codec::Scheme& scheme, std::int64_t cols)
      : rounder_(rounder),
        trial_(codec::make_quantized(scheme, 1, cols)),
        best_(trial_),
        values_(static_cast<std::size_t>(cols)),
        importance_(values_.size()) {}

  /// The best that was found, of a row [cols]; false if a scale does not fit its dtype.
  bool fit(const float* row) {
    std::fill(importance_.begin(), importance_.end(), 1.0F);
    double least = 0;
    for (int turn = 0; turn < kTurns; ++turn) {
      if (!fit_once(row)) return turn > 0;
      const double now = objective(row);
      if (turn == 0 || now < least) {
        least = now;
        best_ = trial_;
      } else if (turn > 1) {
        break;
      }
      reweigh(row);
    }
    return true;
  }
  const codec::QuantizedTensor& best() const { return best_; }

 private:
  bool fit_once(const float* row) {
    const std::int64_t cols = trial_.cols, width = rounder_.fitter().width(cols);
    for (std::int64_t begin = 0; begin < cols; begin += width) {
      const auto count = static_cast<std::size_t>(std::min(width, cols - begin));
      if (!rounder_.fitter().fit({row + begin, count}, {importance_.data() + begin, count}, trial_, 0, begin))
        return false;
    }
    const std::int64_t group = trial_.scheme.group_width(cols);
    for (std::int64_t begin = 0; begin < cols; begin += group) {
      const auto count = static_cast<std::size_t>(std::min(group, cols - begin));
      rounder_.grid().encode_run({row + begin, count}, codec::get_params(trial_, trial_.group_index(0, begin)),
                                 {trial_.codes.data() + begin, count}, {values_.data() + begin, count});
    }
    return true;
  }

  double error(const float* row, std::size_t i) const {
    return std::fabs(static_cast<double>(row[i]) - static_cast<double>(values_[i]));
  }

  double objective(const float* row) const {
    double sum = 0;
    for (std::size_t i = 0; i < values_.size(); ++i) sum += std::pow(error(row, i), kPower);
    return sum;
  }

  void reweigh(const float* row) {
    double mean = 0;
    for (std::size_t i = 0; i < values_.size(); ++i) mean += error(row, i) / static_cast<double>(values_.size());
    if (!(mean > 0)) return;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      importance_[i] = static_cast<float>(std::pow(std::max(error(row, i) / mean, kFloor), kPower - 2));
    }
  }

  const Rounder& rounder_;
  codec::QuantizedTensor trial_, best_;
  std::vector<float> values_, importance_;
};

/// Row 0 of `from` as row `row` of `to`.
void copy_row(const codec::QuantizedTensor& from, codec::QuantizedTensor& to, std::int64_t row) {
  const auto copy = [row](const auto& source, auto& target) {
    std::copy(source.begin(), source.end(), target.begin() + row * std::ssize(source));
  };
  copy(from.codes, to.codes);
  copy(from.scales, to.scales);
  copy(from.zero_points, to.zero_points);
  copy(from.minima, to.minima);
  copy(from.scale_codes, to.scale_codes);
  copy(from.minimum_codes, to.minimum_codes);
  copy(from.super_scales, to.super_scales);
  copy(from.super_minima, to.super_minima);
}

/// Where rows share scales, all values that do so are a row of their own.
void solve_shared(const SiteProblem& problem, codec::QuantizedTensor& out) {
  codec::Scheme flat = problem.scheme;
  flat.granularity = codec::Granularity::kChannel;
  const Rounder rounder(flat, codec::FitRule::kSearch);
  const std::int64_t groups = out.groups(), width = out.scheme.group_width(out.cols);
  const std::int64_t height = out.scheme.group_height(out.rows);
  parallel_for(out.scheme.scale_rows(out.rows) * groups, [&](std::int64_t task) {
    const std::int64_t top = task / groups * height, left = task % groups * width;
    const std::int64_t bottom = std::min(out.rows, top + height), run = std::min(width, out.cols - left);
    std::vector<float> values;
    for (std::int64_t row = top; row < bottom; ++row) {
      const float* const from = problem.weights.data<float>() + row * out.cols + left;
      values.insert(values.end(), from, from + run);
    }
    RowFitter fitter(rounder, flat, std::ssize(values));
    if (!fitter.fit(values.data())) throw_scale_overflow(problem.name, problem.scheme, top);
    codec::set_params(out, out.group_index(top, left), codec::get_params(fitter.best(), 0));
    for (std::int64_t row = top; row < bottom; ++row) {
      std::copy_n(fitter.best().codes.begin() + (row - top) * run, run, out.codes.begin() + row * out.cols + left);
    }
  });
}

SiteOutcome solve(const SiteProblem& problem, const GroupState* /*state*/) {
  const std::int64_t rows = problem.weights.dim(0), cols = problem.weights.dim(1);
  SiteOutcome outcome;
  outcome.tensor = codec::make_quantized(problem.scheme, rows, cols);
  if (problem.scheme.shares_rows()) {
    solve_shared(problem, outcome.tensor);
    return outcome;
  }
  const Rounder rounder(problem.scheme, codec::FitRule::kSearch);
  parallel_for(div_up(rows, kRowsAtOnce), [&](std::int64_t task) {
    RowFitter fitter(rounder, problem.scheme, cols);
    for (std::int64_t row = task * kRowsAtOnce; row < std::min(rows, (task + 1) * kRowsAtOnce); ++row) {
      if (!fitter.fit(problem.weights.data<float>() + row * cols))
        throw_scale_overflow(problem.name, problem.scheme, row);
      copy_row(fitter.best(), outcome.tensor, row);
    }
  });
  return outcome;
}

}  // namespace

extern const MethodInfo hqq_method;
const MethodInfo hqq_method{
    .name = "hqq",
    .summary = "round to nearest; each group's scale for the least sum of |error|^0.7, half-quadratic",
    .source = "Badri & Shaji 2023, https://mobiusml.github.io/hqq_blog/",
    .observers = {},
    .prepare = nullptr,
    .solve = solve,
};

}  // namespace kerf::quant
