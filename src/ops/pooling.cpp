#include "ops/pooling.h"

#include <optional>

#include <fmt/format.h>

namespace kerf::ops {

SlidingWindow pooling_window(const graph::Node& node, const Shape& x) {
  if (x.size() < 3) mismatch(fmt::format("input X: found shape {}, expected 3 axes or more", to_string(x)));
  const Shape kernel = node.attributes.ints_or("kernel_shape", {});
  if (kernel.empty()) mismatch("attribute kernel_shape is missing");
  constexpr std::int64_t kMostTaps = std::int64_t{1} << 22;
  const auto taps = checked_numel(kernel);
  if (!taps || *taps > kMostTaps) {
    mismatch(
        fmt::format("attribute kernel_shape: found {}, expected at most {} elements", to_string(kernel), kMostTaps));
  }
  return sliding_window(node, std::span(x).subspan(2), kernel);
}

Shape pooled_shape(const TensorSpec& x, const SlidingWindow& window) {
  const Shape shape = pooled_shape(x.shape, window);
  const auto count = checked_numel(shape), terms = count ? checked_mul(*count, window.taps()) : std::nullopt;
  if (x.known.defined() && (!terms || *terms > kMostKnownTerms))
    mismatch("found a pool of constants with too many terms");
  return shape;
}

Shape pooled_shape(const Shape& x, const SlidingWindow& window) {
  Shape shape = {x[0], x[1]};
  shape.insert(shape.end(), window.out.begin(), window.out.end());
  return shape;
}

}  // namespace kerf::ops
