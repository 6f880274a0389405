#include "quant/drift.h"

#include <algorithm>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/linalg.h"

namespace kerf::quant {
namespace {

/// A fraction of mean diag H, like MethodOptions::damping. Measured on a 29M Llama with 128 windows, KL divergence of
/// int4-g128-asym: 0.0152 at 0.01, 0.0148 at 0.3; of int4-g32 0.0111 at 0.01, 0.0110 at 0.1, 0.0109 at 1.
constexpr double kDriftDamping = 0.3;
constexpr std::int64_t kRowsAtOnce = 64;

}  // namespace

DriftState::DriftState(const calibration::Statistics& statistics, const MethodOptions& options)
    : factor_(statistics, options.damping, options.act_order) {
  if (factor_.ok() && statistics.drift().defined()) {
    correction_ = factor_.solve(statistics.drift(), statistics.tokens(), kDriftDamping);
  }
}

Tensor DriftState::target(const Tensor& weights) const {
  if (!correction_.defined()) return weights;
  const std::int64_t rows = weights.dim(0), cols = weights.dim(1);
  Tensor result = weights.clone();
  parallel_for(div_up(rows, kRowsAtOnce), [&](std::int64_t task) {
    const std::int64_t first = task * kRowsAtOnce, count = std::min(kRowsAtOnce, rows - first);
    ops::linalg::gemm(false, false, count, cols, cols, 1.0f, weights.data<float>() + first * cols, cols,
                      correction_.data<float>(), cols, 1.0f, result.data<float>() + first * cols, cols);
  });
  return result;
}

std::shared_ptr<const GroupState> prepare_drift(const calibration::Statistics& statistics,
                                                const MethodOptions& options) {
  return std::make_shared<DriftState>(statistics, options);
}

}  // namespace kerf::quant
