#pragma once

#include <cstdint>
#include <memory>

#include "codec/scheme.h"

namespace kerf::codec {

/// Rounds values to what few bits hold and back to f32, in place ("fake quantization"): how activations and caches are
/// simulated. Immutable, thread-safe.
class FakeQuantizer {
 public:
  virtual ~FakeQuantizer() = default;
  /// `values` [rows, cols]; every row by itself, so that the result does not depend on which rows come together.
  virtual void round(float* values, std::int64_t rows, std::int64_t cols) const = 0;
};

/// Rounds each row to a scheme, as if it were a row of a weight: its groups run along the row, the last one shorter
/// where they do not divide it; parameters by range. Error(kUsage) for per-tensor schemes and super-blocks: a row
/// arrives alone, and is shorter than those. round() throws Error(kInput) if a scale does not fit the scheme's scale
/// dtype or a value is not finite.
std::shared_ptr<const FakeQuantizer> make_scheme_quantizer(const Scheme& scheme);

}  // namespace kerf::codec
