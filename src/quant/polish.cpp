#include "quant/polish.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "codec/grid.h"
#include "core/checked.h"
#include "core/threads.h"
#include "ops/linalg.h"
#include "quant/polish_moves.h"

namespace kerf::quant {
namespace {

constexpr std::int64_t kRowsAtOnce = 32;  ///< rows of a task: fixed, so that bits do not depend on threads
constexpr std::int64_t kFreeBlock = 128;  ///< columns whose changes are told to the others at once

/// (target - values) H of rows [first, first + count), whose values [count, cols] are given.
void start_rows(const Tensor& target, const Tensor& hessian, std::int64_t first, std::int64_t count,
                const float* values, float* gradients) {
  const std::int64_t cols = target.dim(1);
  std::vector<float> errors(static_cast<std::size_t>(count * cols));
  const float* const wanted = target.data<float>() + first * cols;
  for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = wanted[i] - values[i];
  ops::linalg::gemm(false, false, count, cols, cols, 1.0f, errors.data(), cols, hessian.data<float>(), cols, 0.0f,
                    gradients, cols);
}

/// gradients [count, columns of `except`'s complement] -= changes [count, width] * H, changes being those of the block
/// that begins at `begin`: outside of the block, where nobody knows of them yet.
void tell_others(const Tensor& hessian, std::int64_t begin, std::int64_t width, std::int64_t count,
                 const float* changes, float* gradients) {
  const std::int64_t cols = hessian.dim(0), end = begin + width;
  const auto part = [&](std::int64_t from, std::int64_t to) {
    if (from == to) return;
    ops::linalg::gemm(false, false, count, to - from, width, -1.0f, changes, width,
                      hessian.data<float>() + begin * cols + from, cols, 1.0f, gradients + from, cols);
  };
  part(0, begin);
  part(end, cols);
}

/// Moves values to where the objective is least, whatever they are, but for those that are zero.
class FreeMoves {
 public:
  explicit FreeMoves(const Tensor& hessian) : hessian_(hessian.data<float>()), cols_(hessian.dim(0)) {}

  bool polish(const BlockPlace& place) {
    const std::int64_t width = place.end - place.begin;
    bool changed = false;
    for (std::int64_t i = 0; i < width; ++i) {
      const float* const h = hessian_ + (place.begin + i) * cols_ + place.begin;
      const float step = place.gradients[i] / h[i];
      if (place.values[i] == 0 || step == 0) continue;
      place.values[i] += step;
      place.changes[i] += step;
#pragma omp simd
      for (std::int64_t k = 0; k < width; ++k) place.gradients[k] -= step * h[k];
      changed = true;
    }
    return changed;
  }

 private:
  const float* hessian_;
  std::int64_t cols_;
};

/// A row of the matrix whose zeros are held, from a column on; null without such a matrix.
const float* held_at(const Tensor* held_zeros, std::int64_t row, std::int64_t column) {
  return held_zeros == nullptr ? nullptr : held_zeros->data<float>() + row * held_zeros->dim(1) + column;
}

/// Rows [first, first + count) of one weight. Moves: BlockPolisher, or what has a polish() like it.
template <typename Moves>
class RowPolisher {
 public:
  /// `values` [count, cols]: that are stored.
  RowPolisher(const Tensor& target, const Tensor& hessian, Moves moves, std::int64_t block, std::int64_t first,
              std::int64_t count, float* values, const Tensor* held_zeros)
      : hessian_(hessian),
        moves_(std::move(moves)),
        first_(first),
        count_(count),
        cols_(target.dim(1)),
        block_(block),
        values_(values),
        held_zeros_(held_zeros),
        gradients_(static_cast<std::size_t>(count * cols_)),
        changes_(static_cast<std::size_t>(count * block_)) {
    start_rows(target, hessian, first, count, values, gradients_.data());
  }

  void sweep() {
    for (std::int64_t begin = 0; begin < cols_; begin += block_) {
      const std::int64_t end = std::min(cols_, begin + block_), width = end - begin;
      std::fill(changes_.begin(), changes_.end(), 0.0f);
      bool changed = false;
      for (std::int64_t r = 0; r < count_; ++r) {
        const std::int64_t at = r * cols_ + begin;
        changed = moves_.polish({first_ + r, begin, end, values_ + at, gradients_.data() + at,
                                 changes_.data() + r * width, held_at(held_zeros_, first_ + r, begin)}) ||
                  changed;
      }
      if (changed) tell_others(hessian_, begin, width, count_, changes_.data(), gradients_.data());
    }
  }

 private:
  const Tensor& hessian_;
  Moves moves_;
  std::int64_t first_, count_, cols_, block_;
  float* values_;
  const Tensor* held_zeros_;
  std::vector<float> gradients_;  ///< (w - v) H
  std::vector<float> changes_;    ///< of the block's values since the others were told
};

/// All rows of one weight, whose errors count together: C (W - V) H is what a row's gradient has its curvature times.
class CoupledPolisher {
 public:
  CoupledPolisher(const Tensor& target, const Tensor& hessian, const Tensor& curvature, const codec::Grid& grid,
                  codec::QuantizedTensor& out, const Tensor* held_zeros)
      : hessian_(hessian),
        curvature_(curvature.data<float>()),
        moves_(hessian, grid, out),
        rows_(out.rows),
        cols_(out.cols),
        block_(BlockPolisher::width(out)),
        held_zeros_(held_zeros),
        values_(static_cast<std::size_t>(rows_ * cols_)),
        gradients_(values_.size()),
        coupled_(static_cast<std::size_t>(rows_ * block_)),
        changes_(coupled_.size()),
        pulls_(coupled_.size()) {
    for_tiles([&](std::int64_t first, std::int64_t count) {
      float* const values = values_.data() + first * cols_;
      codec::dequantize_rows(out, first, count, values);
      start_rows(target, hessian, first, count, values, gradients_.data() + first * cols_);
    });
  }

  void sweep() {
    for (std::int64_t begin = 0; begin < cols_; begin += block_) polish_block(begin, std::min(cols_, begin + block_));
  }

 private:
  template <typename Body>
  void for_tiles(const Body& body, std::int64_t from = 0) {
    parallel_for(div_up(rows_ - from, kRowsAtOnce), [&](std::int64_t task) {
      const std::int64_t first = from + task * kRowsAtOnce;
      body(first, std::min(kRowsAtOnce, rows_ - first));
    });
  }

  void polish_block(std::int64_t begin, std::int64_t end) {
    const std::int64_t width = end - begin;
    for_tiles([&](std::int64_t first, std::int64_t count) {
      ops::linalg::gemm(false, false, count, width, rows_, 1.0f, curvature_ + first * rows_, rows_,
                        gradients_.data() + begin, cols_, 0.0f, coupled_.data() + first * width, width);
    });
    std::fill(changes_.begin(), changes_.end(), 0.0f);
    std::fill(pulls_.begin(), pulls_.end(), 0.0f);
    bool changed = false;
    for (std::int64_t first = 0; first < rows_; first += kRowsAtOnce) {
      const std::int64_t count = std::min(kRowsAtOnce, rows_ - first);
      if (!polish_rows(first, count, begin, end)) continue;
      changed = true;
      // The rows that follow learn of these rows' changes at once.
      for_tiles(
          [&](std::int64_t later, std::int64_t later_count) {
            ops::linalg::gemm(false, false, later_count, width, count, -1.0f, curvature_ + later * rows_ + first, rows_,
                              pulls_.data() + first * width, width, 1.0f, coupled_.data() + later * width, width);
          },
          first + count);
    }
    if (!changed) return;
    for_tiles([&](std::int64_t first, std::int64_t count) {
      float* const gradients = gradients_.data() + first * cols_;
      for (std::int64_t r = 0; r < count; ++r) {
        const float* const pull = pulls_.data() + (first + r) * width;
        for (std::int64_t i = 0; i < width; ++i) gradients[r * cols_ + begin + i] -= pull[i];
      }
      tell_others(hessian_, begin, width, count, changes_.data() + first * width, gradients);
    });
  }

  bool polish_rows(std::int64_t first, std::int64_t count, std::int64_t begin, std::int64_t end) {
    const std::int64_t width = end - begin;
    std::vector<float> gradient(static_cast<std::size_t>(width));
    bool changed = false;
    for (std::int64_t r = first; r < first + count; ++r) {
      const float own = curvature_[r * rows_ + r];
      const float* const coupled = coupled_.data() + r * width;
      for (std::int64_t i = 0; i < width; ++i) gradient[static_cast<std::size_t>(i)] = coupled[i] / own;
      if (!moves_.polish({r, begin, end, values_.data() + r * cols_ + begin, gradient.data(),
                          changes_.data() + r * width, held_at(held_zeros_, r, begin)})) {
        continue;
      }
      changed = true;
      float* const pull = pulls_.data() + r * width;
      for (std::int64_t i = 0; i < width; ++i) pull[i] = coupled[i] / own - gradient[static_cast<std::size_t>(i)];
      for (std::int64_t k = r + 1; k < first + count; ++k) {
        const float weight = curvature_[k * rows_ + r];
        float* const other = coupled_.data() + k * width;
#pragma omp simd
        for (std::int64_t i = 0; i < width; ++i) other[i] -= weight * pull[i];
      }
    }
    return changed;
  }

  const Tensor& hessian_;
  const float* curvature_;
  BlockPolisher moves_;
  std::int64_t rows_, cols_, block_;
  const Tensor* held_zeros_;
  std::vector<float> values_;     ///< that are stored
  std::vector<float> gradients_;  ///< (W - V) H
  // Of the block at work, [rows, width]:
  std::vector<float> coupled_;  ///< C (W - V) H
  std::vector<float> changes_;  ///< of the values
  std::vector<float> pulls_;    ///< changes * H
};

}  // namespace

void polish(const Tensor& target, const Tensor& hessian, codec::QuantizedTensor& tensor, int sweeps,
            const Tensor* held_zeros) {
  const auto grid = codec::make_grid(tensor.scheme);
  parallel_for(div_up(tensor.rows, kRowsAtOnce), [&](std::int64_t task) {
    const std::int64_t first = task * kRowsAtOnce, count = std::min(kRowsAtOnce, tensor.rows - first);
    std::vector<float> values(static_cast<std::size_t>(count * tensor.cols));
    codec::dequantize_rows(tensor, first, count, values.data());
    RowPolisher rows(target, hessian, BlockPolisher(hessian, *grid, tensor), BlockPolisher::width(tensor), first, count,
                     values.data(), held_zeros);
    for (int i = 0; i < sweeps; ++i) rows.sweep();
  });
}

void polish_coupled(const Tensor& target, const Tensor& hessian, const Tensor& curvature,
                    codec::QuantizedTensor& tensor, int sweeps, const Tensor* held_zeros) {
  const auto grid = codec::make_grid(tensor.scheme);
  CoupledPolisher rows(target, hessian, curvature, *grid, tensor, held_zeros);
  for (int i = 0; i < sweeps; ++i) rows.sweep();
}

void descend(const Tensor& target, const Tensor& hessian, Tensor& values, int sweeps) {
  const std::int64_t rows = values.dim(0), cols = values.dim(1);
  parallel_for(div_up(rows, kRowsAtOnce), [&](std::int64_t task) {
    const std::int64_t first = task * kRowsAtOnce;
    RowPolisher part(target, hessian, FreeMoves(hessian), std::min(kFreeBlock, cols), first,
                     std::min(kRowsAtOnce, rows - first), values.data<float>() + first * cols, nullptr);
    for (int i = 0; i < sweeps; ++i) part.sweep();
  });
}

}  // namespace kerf::quant
