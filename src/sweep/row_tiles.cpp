#include "sweep/row_tiles.h"

#include <algorithm>

namespace kerf::sweep {

bool goes_by_rows(const Program& program, const std::vector<Tensor>& seeds) {
  return program.rowwise() && !program.reads_inputs() && std::all_of(seeds.begin(), seeds.end(), [&](const Tensor& x) {
           return x.dtype() == DType::kF32 && x.rank() == 3 && x.dim(0) == 1 && x.dim(1) == seeds[0].dim(1);
         });
}

Tensor rows_of(const Tensor& x, std::int64_t first, std::int64_t count) {
  const std::int64_t width = x.dim(2);
  Tensor rows(DType::kF32, {1, count, width});
  std::copy_n(x.data<float>() + first * width, count * width, rows.data<float>());
  return rows;
}

void put_rows(const Tensor& rows, Tensor& x, std::int64_t first) {
  std::copy_n(rows.data<float>(), rows.size(), x.data<float>() + first * x.dim(2));
}

}  // namespace kerf::sweep
