#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/elementwise.h"

namespace kerf::ops {

/// The rule of the norms over the last axis: X [..., n], a scale [n], and a bias [n] if `may_have_bias`. Attributes
/// axis and stash_type as in ONNX; kerf has the last axis and f32.
std::vector<TensorSpec> infer_normalization(const graph::Node& node, Specs inputs, bool may_have_bias);

/// A vector of sums as a tensor.
Tensor to_f32(const std::vector<double>& sums);

/// body(first, last) for ranges of the rows of X, its last axis being a row.
template <typename Body>
void for_rows(const Tensor& x, const Body& body) {
  const std::int64_t width = x.shape().back();
  if (width == 0) return;
  for_ranges(x.size() / width, std::max<std::int64_t>(1, kElementGrain / width), body);
}

}  // namespace kerf::ops
