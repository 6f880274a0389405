#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "ops/linalg.h"
#include "quant/hessian.h"

namespace kerf::quant {

/// Rows of one weight, column by column in the factor's order: what a column is off by is made up for in those that
/// follow, weighted by the inverse Hessian (the optimal brain surgeon's update; Frantar et al. 2022, arXiv:2210.17323,
/// algorithm 1). Rows do not depend on each other.
class ColumnWalk {
 public:
  static constexpr std::int64_t kUpdateBlock = 128;  ///< columns between lazy updates of the rest (the paper's B)
  static constexpr std::int64_t kRowsAtOnce = 32;    ///< rows of a task: fixed, so that bits do not depend on threads

  /// Rows [first, first + count) of `target` [out, in]. `block`: columns between updates of the rest, whose values
  /// are current only within the block.
  ColumnWalk(const Tensor& target, const HessianFactor& factor, std::int64_t first, std::int64_t count,
             std::int64_t block = kUpdateBlock)
      : factor_(factor),
        count_(count),
        cols_(target.dim(1)),
        block_(block),
        values_(static_cast<std::size_t>(count * cols_)),
        errors_(static_cast<std::size_t>(count * block)) {
    for (std::int64_t r = 0; r < count; ++r) {
      const float* const from = target.data<float>() + (first + r) * cols_;
      for (std::int64_t c = 0; c < cols_; ++c) row(r)[c] = from[factor.order()[static_cast<std::size_t>(c)]];
    }
  }

  /// What place c of the order in row r (of the task) has now, before any column was visited or at its turn.
  float* row(std::int64_t r) { return values_.data() + r * cols_; }

  /// store(r, c, row): what is stored for place c of row r, given the row's values in order.
  template <typename Store>
  void run(const Store& store) {
    for (std::int64_t begin = 0; begin < cols_; begin += block_) {
      const std::int64_t end = std::min(cols_, begin + block_);
      for (std::int64_t r = 0; r < count_; ++r) visit(r, begin, end, store);
      if (end == cols_) break;
      // The rest of the columns learns of this block's errors at once.
      ops::linalg::gemm(false, false, count_, cols_ - end, end - begin, -1.0f, errors_.data(), block_,
                        factor_.upper() + begin * cols_ + end, cols_, 1.0f, values_.data() + end, cols_);
    }
  }

 private:
  template <typename Store>
  void visit(std::int64_t r, std::int64_t begin, std::int64_t end, const Store& store) {
    float* const values = row(r);
    float* const errors = errors_.data() + r * block_;
    for (std::int64_t c = begin; c < end; ++c) {
      const float* const factors = factor_.upper() + c * cols_;
      const float scaled = (values[c] - store(r, c, values)) / factors[c];
      errors[c - begin] = scaled;
      if (scaled == 0) continue;
#pragma omp simd
      for (std::int64_t k = c + 1; k < end; ++k) values[k] -= scaled * factors[k];
    }
  }

  const HessianFactor& factor_;
  std::int64_t count_, cols_, block_;
  std::vector<float> values_;  ///< in the factor's order
  std::vector<float> errors_;  ///< of the block, over the factor's diagonal
};

}  // namespace kerf::quant
