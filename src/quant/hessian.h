#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calibration/statistics.h"
#include "core/tensor.h"
#include "quant/method.h"

namespace kerf::quant {

/// The inverse Hessian of a group of linear sites as GPTQ uses it: an upper triangular U with
/// (P (H + damping) P^T)^-1 = U^T U, where P orders the columns (Frantar et al. 2022, arXiv:2210.17323, section 3.3,
/// step 3: the Cholesky form of the inverse). H = 2/n sum x x^T; its scale cancels in the method.
class HessianFactor : public GroupState {
 public:
  /// `act_order`: columns by falling diag(H), else as they are. To `damping` is added what few tokens ask for: 4 times
  /// the number of channels by that of tokens, since what they say of pairs of channels is mostly chance. Damping that
  /// leaves H not positive definite is raised tenfold, up to 10 times mean(diag H); if even that fails, ok() is false.
  HessianFactor(const calibration::Statistics& statistics, double damping, bool act_order);

  bool ok() const { return ok_; }
  /// Why it is not ok(), as a clause.
  std::string problem() const;
  std::int64_t cols() const { return static_cast<std::int64_t>(order_.size()); }
  /// Column of the weight at each place of the order.
  const std::vector<std::int64_t>& order() const { return order_; }
  /// U, row-major [cols, cols], zero below the diagonal.
  const float* upper() const { return upper_.data<float>(); }
  /// A (H + damping)^-1 for a matrix A [rows, cols] of sums over `tokens`, as H has them. `more`: is added to the
  /// damping. Needs ok().
  Tensor solve(const Tensor& sums, std::int64_t tokens, double more = 0) const;
  double damping() const { return damping_; }
  /// H with its damping over the mean of its diagonal, symmetric [cols, cols], columns in their own order.
  const Tensor& damped() const { return damped_; }
  std::int64_t dead() const { return dead_; }

 private:
  bool ok_ = false;
  std::vector<std::int64_t> order_;
  Tensor upper_, damped_;
  double damping_ = 0, mean_ = 0;
  std::int64_t dead_ = 0;
};

}  // namespace kerf::quant
