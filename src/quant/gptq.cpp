// GPTQ (Frantar et al. 2022, arXiv:2210.17323, algorithm 1): codes are chosen column by column, and the error of each
// column is compensated in the columns that follow, weighted by the inverse Hessian. Columns go in order of falling
// diag(H) ("act-order") with static groups: a group's parameters come from the original weights, so that the stored
// order of columns does not change. Without act-order a group's parameters come from the updated weights when its
// first column is reached, as in the authors' code. Parameters are those of least squared error, weighted by diag(H).
#include "quant/gptq.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "codec/grid.h"
#include "core/threads.h"
#include "ops/linalg.h"
#include "quant/importance.h"
#include "quant/polish.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

using codec::Granularity;
using codec::GroupParams;

constexpr int kPolishSweeps = 2;            ///< more than these changed little
constexpr std::int64_t kUpdateBlock = 128;  ///< columns between lazy updates of the rest (the paper's B)
constexpr std::int64_t kRowsAtOnce = 32;    ///< rows of a task: fixed, so that bits do not depend on threads

/// Rows [first, first + count) of one weight.
class RowSolver {
 public:
  RowSolver(const SiteProblem& problem, const Tensor& target, const HessianFactor& factor, const Rounder& rounder,
            std::span<const float> importance, codec::QuantizedTensor& out, std::int64_t first, std::int64_t count)
      : problem_(problem),
        target_(target),
        factor_(factor),
        fitter_(rounder.fitter()),
        grid_(rounder.grid()),
        importance_(importance),
        out_(out),
        first_(first),
        count_(count),
        cols_(out.cols),
        width_(fitter_.width(out.cols)),
        static_groups_(problem.options.act_order || out.scheme.granularity != Granularity::kGroup),
        values_(static_cast<std::size_t>(count * cols_)),
        errors_(static_cast<std::size_t>(count * kUpdateBlock)) {}

  void solve() {
    load();
    for (std::int64_t begin = 0; begin < cols_; begin += kUpdateBlock) {
      const std::int64_t end = std::min(cols_, begin + kUpdateBlock);
      for (std::int64_t r = 0; r < count_; ++r) solve_block(r, begin, end);
      if (end == cols_) break;
      // The rest of the columns learns of this block's errors at once.
      ops::linalg::gemm(false, false, count_, cols_ - end, end - begin, -1.0f, errors_.data(), kUpdateBlock,
                        factor_.upper() + begin * cols_ + end, cols_, 1.0f, values_.data() + end, cols_);
    }
  }

 private:
  const float* original_row(std::int64_t r) const { return target_.data<float>() + (first_ + r) * cols_; }

  void load() {
    for (std::int64_t r = 0; r < count_; ++r) {
      const float* const row = original_row(r);
      for (std::int64_t c = 0; c < cols_; ++c) {
        values_[static_cast<std::size_t>(r * cols_ + c)] = row[factor_.order()[static_cast<std::size_t>(c)]];
      }
      if (static_groups_ && out_.scheme.granularity != Granularity::kTensor) fit_row(r);
    }
  }

  void fit_row(std::int64_t r) {
    for (std::int64_t begin = 0; begin < cols_; begin += width_) {
      fit(r, begin, {original_row(r) + begin, static_cast<std::size_t>(std::min(width_, cols_ - begin))});
    }
  }

  void fit(std::int64_t r, std::int64_t column, std::span<const float> group) {
    const auto importance = importance_.subspan(static_cast<std::size_t>(column), group.size());
    if (!fitter_.fit(group, importance, out_, first_ + r, column)) {
      throw_scale_overflow(problem_.name, out_.scheme, first_ + r);
    }
  }

  void solve_block(std::int64_t r, std::int64_t begin, std::int64_t end) {
    float* const row = values_.data() + r * cols_;
    float* const error = errors_.data() + r * kUpdateBlock;
    const float* const upper = factor_.upper();
    for (std::int64_t c = begin; c < end; ++c) {
      const std::int64_t column = factor_.order()[static_cast<std::size_t>(c)];
      if (!static_groups_ && column % width_ == 0) {
        fit(r, column, {row + c, static_cast<std::size_t>(std::min(width_, cols_ - c))});
      }
      const GroupParams params = codec::get_params(out_, out_.group_index(first_ + r, column));
      const std::uint8_t code = grid_.encode(row[c], params);
      out_.codes[static_cast<std::size_t>((first_ + r) * cols_ + column)] = code;
      const float scaled = (row[c] - grid_.decode(code, params)) / upper[c * cols_ + c];
      error[c - begin] = scaled;
      const float* const factors = upper + c * cols_;
#pragma omp simd
      for (std::int64_t k = c + 1; k < end; ++k) row[k] -= scaled * factors[k];
    }
  }

  const SiteProblem& problem_;
  const Tensor& target_;
  const HessianFactor& factor_;
  const codec::Fitter& fitter_;
  const codec::Grid& grid_;
  std::span<const float> importance_;  ///< by column
  codec::QuantizedTensor& out_;
  std::int64_t first_, count_, cols_, width_;
  bool static_groups_;
  std::vector<float> values_, errors_;
};

void fit_tensor(const SiteProblem& problem, const Tensor& target, const Rounder& rounder, codec::QuantizedTensor& out) {
  if (!rounder.fitter().fit(target.values<float>(), {}, out, 0, 0)) {
    throw_scale_overflow(problem.name, out.scheme, 0);
  }
}

}  // namespace

SiteOutcome solve_gptq(const SiteProblem& problem, const Tensor& target, const HessianFactor& factor) {
  SiteOutcome outcome;
  outcome.damping = factor.damping();
  outcome.dead_inputs = factor.dead();
  if (!factor.ok()) {
    outcome.tensor = round_to_nearest(problem.weights, problem.scheme, problem.name);
    outcome.fallback = true;
    outcome.note = factor.dead() == factor.cols() ? "every input was zero"
                                                  : "the Hessian stayed singular at every damping up to 10";
    return outcome;
  }
  const std::int64_t rows = problem.weights.dim(0), cols = problem.weights.dim(1);
  outcome.tensor = codec::make_quantized(problem.scheme, rows, cols);
  const Rounder rounder(problem.scheme, codec::FitRule::kSearch);
  const std::vector<float> importance = relative_importance(*problem.statistics);
  if (problem.scheme.granularity == Granularity::kTensor) fit_tensor(problem, target, rounder, outcome.tensor);
  const std::int64_t tasks = (rows + kRowsAtOnce - 1) / kRowsAtOnce;
  parallel_for(tasks, [&](std::int64_t task) {
    const std::int64_t first = task * kRowsAtOnce;
    RowSolver(problem, target, factor, rounder, importance, outcome.tensor, first, std::min(kRowsAtOnce, rows - first))
        .solve();
  });
  const int sweeps = problem.options.sweeps(kPolishSweeps);
  if (sweeps > 0 && problem.scheme.granularity != Granularity::kTensor) {
    polish(target, factor.damped(), outcome.tensor, sweeps);
  }
  return outcome;
}

}  // namespace kerf::quant
