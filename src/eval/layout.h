#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/windows.h"

namespace kerf::eval {

/// Where the places of a series stand, in text order, and which of them count as dependent.
struct Layout {
  std::vector<std::int64_t> window;    ///< number of the text's window; runs with other tokens hidden share it
  std::vector<std::int64_t> position;  ///< of the place in its window
  /// Batch of each place, ascending from 0 without gaps: its window. Where there are fewer than kFewestBatches windows
  /// they are cut further, into runs of at least kShortestBatch places.
  std::vector<std::size_t> batch;
  std::size_t batches = 0;

  std::size_t size() const { return window.size(); }
};

inline constexpr std::size_t kFewestBatches = 8, kShortestBatch = 16;

Layout make_layout(std::span<const text::Window> windows);

}  // namespace kerf::eval
