#include <algorithm>

#include "calibration/observer.h"
#include "core/checked.h"
#include "core/threads.h"
#include "ops/linalg.h"

namespace kerf::calibration {
namespace {

/// Columns of a tile of the matrix: fixed, so that sums do not depend on the number of threads.
constexpr std::int64_t kTile = 256;

/// state[i, j] += sum_r x[r, i] x[r, j] for j <= i's tile; the tiles above the diagonal stay zero.
void observe(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state) {
  const std::int64_t tiles = div_up(cols, kTile);
  float* const sums = state.data<float>();
  parallel_for(tiles * (tiles + 1) / 2, [&](std::int64_t index) {
    std::int64_t i = 0;
    while ((i + 1) * (i + 2) / 2 <= index) ++i;
    const std::int64_t j = index - i * (i + 1) / 2;
    const std::int64_t height = std::min(kTile, cols - i * kTile), width = std::min(kTile, cols - j * kTile);
    ops::linalg::gemm(true, false, height, width, rows, 1.0f, x + i * kTile, cols, x + j * kTile, cols, 1.0f,
                      sums + i * kTile * cols + j * kTile, cols);
  });
}

Shape square(std::int64_t cols) { return {cols, cols}; }

}  // namespace

extern const ObserverInfo outer_product_observer;
const ObserverInfo outer_product_observer{
    .name = "outer_product",
    .summary = "sum over tokens of x x^T, lower triangle by tiles: n/2 times GPTQ's Hessian",
    .source = "Frantar et al. 2022, arXiv:2210.17323, section 3",
    .dtype = DType::kF32,
    .merge = Merge::kSum,
    .shape = square,
    .observe = observe,
};

}  // namespace kerf::calibration
