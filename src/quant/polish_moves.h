#pragma once

#include <cstdint>
#include <memory>

#include "codec/grid.h"
#include "codec/quantized_tensor.h"
#include "core/tensor.h"

namespace kerf::quant {

/// One row's columns [begin, end), and what goes with them.
struct BlockPlace {
  std::int64_t row = 0, begin = 0, end = 0;
  float* values = nullptr;            ///< that are stored there
  float* gradients = nullptr;         ///< (w - v) H there
  float* changes = nullptr;           ///< what the values have changed by
  const float* held_zeros = nullptr;  ///< where this is zero, so is the value, and stays so; null: nowhere
};

/// The moves of coordinate descent (quant/polish.h says which) on a block of columns of one row at a time, each made
/// only if it lowers (w - v) H (w - v)^T. Not thread-safe: one for each thread.
class BlockPolisher {
 public:
  /// `hessian` [cols, cols] f32: symmetric, positive on its diagonal. `out`: what is polished. All must outlive this.
  BlockPolisher(const Tensor& hessian, const codec::Grid& grid, codec::QuantizedTensor& out);
  ~BlockPolisher();
  BlockPolisher(BlockPolisher&&) noexcept;

  /// Columns of a block, which begins at a multiple of it. Groups do not straddle blocks, unless they are rows.
  static std::int64_t width(const codec::QuantizedTensor& tensor);
  /// Makes moves; values, gradients and changes follow. False if there was none to make.
  bool polish(const BlockPlace& place);

 private:
  class Moves;
  std::unique_ptr<Moves> moves_;
};

}  // namespace kerf::quant
