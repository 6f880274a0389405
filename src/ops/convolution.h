#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "ops/ops.h"
#include "ops/sliding_window.h"

namespace kerf::ops {

/// A linear map between a tensor that windows slide over, `wide` [batch, groups * wide_channels, in...], and one that
/// has an element a window, `narrow` [batch, groups * narrow_channels, out...], by weights [groups * narrow_channels,
/// wide_channels, kernel...]: Conv is the way from wide to narrow, its transpose that of ConvTranspose and of
/// derivatives.
struct Convolution {
  SlidingWindow window;
  std::int64_t batch = 0, groups = 1;
  std::int64_t wide_channels = 0, narrow_channels = 0;  ///< of a group

  std::int64_t depth() const { return wide_channels * window.taps(); }
  Shape wide_shape() const;
  Shape narrow_shape() const;

  /// Adds to `narrow`, by matrix products over tiles of windows.
  void forward(const float* wide, const float* weights, float* narrow) const;
  /// Adds to `wide`.
  void transposed(const float* narrow, const float* weights, float* wide) const;
  /// Adds to `by_weights` the derivative of the sum of forward(wide) * by_narrow.
  void by_weights(const float* wide, const float* by_narrow, float* by_weights) const;
};

/// Adds bias [channels] to every element of its channel.
void add_channel_bias(Tensor& y, const Tensor& bias);
/// The sum over all but the channels.
Tensor sum_by_channel(const Tensor& y);

/// Which of the two sides the operator's input X is.
enum class ConvolutionInput { kWide, kNarrow };

/// Refuses what is computed before the model runs, if that takes long. Error(kInput).
void expect_quick_if_known(const TensorSpec& x, const TensorSpec& weight, const Convolution& convolution);
/// Y of inputs X, W and perhaps B.
void run_convolution(KernelContext& context, const Convolution& convolution, ConvolutionInput input);
/// Derivatives by X, W and B.
void differentiate_convolution(DerivativeContext& context, const Convolution& convolution, ConvolutionInput input);

}  // namespace kerf::ops
