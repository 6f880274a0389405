// GPTQ (Frantar et al. 2022, arXiv:2210.17323, algorithm 1): codes are chosen column by column, and the error of each
// column is compensated in the columns that follow, weighted by the inverse Hessian. Columns go in order of falling
// diag(H) ("act-order") with static groups: a group's parameters come from the original weights, so that the stored
// order of columns does not change. Without act-order a group's parameters come from the updated weights when its
// first column is reached, as in the authors' code. Parameters are those of least squared error, weighted by diag(H).
// Pruned weights stay zero, and what that costs is made up for together with the rounding.
#include "quant/gptq.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "codec/grid.h"
#include "core/checked.h"
#include "core/threads.h"
#include "quant/column_walk.h"
#include "quant/importance.h"
#include "quant/polish.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

using codec::Granularity;
using codec::GroupParams;

constexpr int kMakeUpSweeps = 5;  ///< for zeros, before the walk

/// Rows [first, first + count) of one weight.
class RowSolver {
 public:
  RowSolver(const SiteProblem& problem, const Tensor& target, const HessianFactor& factor, const Rounder& rounder,
            std::span<const float> importance, codec::QuantizedTensor& out, std::int64_t first, std::int64_t count)
      : problem_(problem),
        target_(target),
        held_(problem.held_zeros()),
        factor_(factor),
        fitter_(rounder.fitter()),
        grid_(rounder.grid()),
        importance_(importance),
        out_(out),
        first_(first),
        cols_(out.cols),
        width_(fitter_.width(out.cols)),
        static_groups_(problem.options.act_order || out.scheme.granularity != Granularity::kGroup),
        walk_(target, factor, first, count) {
    if (!static_groups_ || out.scheme.shares_rows()) return;
    for (std::int64_t r = 0; r < count; ++r) fit_row(r);
  }

  void solve() {
    walk_.run([this](std::int64_t r, std::int64_t c, const float* row) { return store(r, c, row); });
  }

 private:
  void fit_row(std::int64_t r) {
    const float* const row = target_.data<float>() + (first_ + r) * cols_;
    for (std::int64_t begin = 0; begin < cols_; begin += width_) {
      fit(r, begin, {row + begin, static_cast<std::size_t>(std::min(width_, cols_ - begin))});
    }
  }

  void fit(std::int64_t r, std::int64_t column, std::span<const float> group) {
    const auto importance = importance_.subspan(static_cast<std::size_t>(column), group.size());
    if (!fitter_.fit(group, importance, out_, first_ + r, column)) {
      throw_scale_overflow(problem_.name, out_.scheme, first_ + r);
    }
  }

  bool is_held(std::int64_t r, std::int64_t column) const {
    return held_ != nullptr && held_->data<float>()[(first_ + r) * cols_ + column] == 0;
  }

  float store(std::int64_t r, std::int64_t c, const float* row) {
    const std::int64_t column = factor_.order()[static_cast<std::size_t>(c)];
    if (!static_groups_ && column % width_ == 0) {
      fit(r, column, {row + c, static_cast<std::size_t>(std::min(width_, cols_ - c))});
    }
    const GroupParams params = codec::get_params(out_, out_.group_index(first_ + r, column));
    const std::uint8_t code = grid_.encode(is_held(r, column) ? 0.0F : row[c], params);
    out_.codes[static_cast<std::size_t>((first_ + r) * cols_ + column)] = code;
    return grid_.decode(code, params);
  }

  const SiteProblem& problem_;
  const Tensor& target_;
  const Tensor* held_;  ///< whose zeros stay zero; may be null
  const HessianFactor& factor_;
  const codec::Fitter& fitter_;
  const codec::Grid& grid_;
  std::span<const float> importance_;  ///< by column
  codec::QuantizedTensor& out_;
  std::int64_t first_, cols_, width_;
  bool static_groups_;
  ColumnWalk walk_;
};

/// What the walk goes by: the target, or where values must stay zero, what the others have to be to make up for them.
Tensor walked_target(const SiteProblem& problem, const Tensor& target, const HessianFactor& factor) {
  const int sweeps = problem.options.sweeps(kMakeUpSweeps);
  if (problem.unpruned == nullptr || sweeps == 0) return target;
  Tensor values = problem.weights.clone();
  descend(target, factor.damped(), values, sweeps);
  return values;
}

}  // namespace

SiteOutcome solve_gptq(const SiteProblem& problem, const Tensor& target, const HessianFactor& factor) {
  SiteOutcome outcome;
  outcome.damping = factor.damping();
  outcome.dead_inputs = factor.dead();
  if (!factor.ok()) {
    outcome.tensor = round_to_nearest(problem.weights, problem.scheme, problem.name);
    outcome.fallback = true;
    outcome.note = factor.problem();
    return outcome;
  }
  const std::int64_t rows = problem.weights.dim(0), cols = problem.weights.dim(1);
  outcome.tensor = codec::make_quantized(problem.scheme, rows, cols);
  const Rounder rounder(problem.scheme, codec::FitRule::kSearch);
  const std::vector<float> importance = relative_importance(*problem.statistics);
  const Tensor walked = walked_target(problem, target, factor);
  if (problem.scheme.shares_rows()) {
    rounder.fit_shared(walked.data<float>(), importance, 0, rows, outcome.tensor, problem.name);
  }
  parallel_for(div_up(rows, ColumnWalk::kRowsAtOnce), [&](std::int64_t task) {
    const std::int64_t first = task * ColumnWalk::kRowsAtOnce, count = std::min(ColumnWalk::kRowsAtOnce, rows - first);
    RowSolver(problem, walked, factor, rounder, importance, outcome.tensor, first, count).solve();
  });
  const int sweeps = problem.options.sweeps(kPolishSweeps);
  if (sweeps > 0 && problem.scheme.granularity != Granularity::kTensor) {
    polish(target, factor.damped(), outcome.tensor, sweeps, problem.held_zeros());
  }
  return outcome;
}

}  // namespace kerf::quant
