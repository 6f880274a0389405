#pragma once

#include <cstdint>
#include <vector>

#include "sweep/program.h"

namespace kerf::sweep {

/// Rows (positions) of an output that exist at once where a program may go row by row.
inline constexpr std::int64_t kTileRows = 128;

/// May the program run on any rows of its seeds alone? All of them are then f32 [1, rows, width], rows alike.
bool goes_by_rows(const Program& program, const std::vector<Tensor>& seeds);
/// Rows [first, first + count) of [1, rows, width].
Tensor rows_of(const Tensor& x, std::int64_t first, std::int64_t count);
/// The way back: `rows` in their place from `first` on.
void put_rows(const Tensor& rows, Tensor& x, std::int64_t first);

}  // namespace kerf::sweep
