#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/shape.h"
#include "graph/graph.h"

namespace kerf::ops {

/// Products or comparisons of an operator on constants, which is computed when a file is read: more are refused.
constexpr std::int64_t kMostKnownTerms = std::int64_t{1} << 28;

/// Windows that slide over the axes of a tensor [batch, channels, ...] behind the first two, as convolutions and pools
/// have them (https://onnx.ai/onnx/operators/onnx__Conv.html): tap k of window p lies at p * stride + k * dilation -
/// before. All by axis.
struct SlidingWindow {
  Shape in;      ///< extents that the windows slide over
  Shape kernel;  ///< taps
  Shape strides, dilations;
  Shape before, after;  ///< padding
  Shape out;            ///< windows

  std::int64_t places() const { return numel(out); }
  std::int64_t taps() const { return numel(kernel); }
  /// How many windows to work on together if each takes `elements` elements: little memory, whatever the file says.
  /// Results depend on the cut, so it depends on nothing else.
  static std::int64_t tile(std::int64_t elements);
  /// Elements from the first tap to the last, both included.
  std::int64_t span_of(std::size_t axis) const { return dilations[axis] * (kernel[axis] - 1) + 1; }

  /// Where windows [first, first + count) take their elements from, row-major in `in`, -1: from the padding. [taps,
  /// count].
  std::vector<std::int64_t> sources(std::int64_t first, std::int64_t count) const;
};

/// Windows of `kernel` over `in` with a node's attributes strides, dilations, pads, auto_pad and ceil_mode.
/// Error(kInput) if they do not fit.
SlidingWindow sliding_window(const graph::Node& node, std::span<const std::int64_t> in,
                             std::span<const std::int64_t> kernel);
/// Those of ConvTranspose: `windows` is what its input has, `in` what its output has, by the attributes output_padding
/// and output_shape.
SlidingWindow transposed_window(const graph::Node& node, std::span<const std::int64_t> windows,
                                std::span<const std::int64_t> kernel);

}  // namespace kerf::ops
