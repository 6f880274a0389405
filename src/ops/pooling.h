#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/shape_rules.h"
#include "ops/sliding_window.h"

namespace kerf::ops {

/// The windows of a pool over X, whose extent is the attribute kernel_shape. Error(kInput) if X has fewer than 3 axes
/// or the attribute is missing.
SlidingWindow pooling_window(const graph::Node& node, const Shape& x);
/// [batch, channels, windows...]. Refuses what is computed before the model runs, if that takes long. Error(kInput).
Shape pooled_shape(const TensorSpec& x, const SlidingWindow& window);
/// The same of a tensor.
Shape pooled_shape(const Shape& x, const SlidingWindow& window);

/// body(row, first, count, sources) for every batch and channel and every tile of windows, in parallel over the tiles;
/// sources: SlidingWindow::sources.
template <typename Body>
void for_window_tiles(const Shape& x, const SlidingWindow& window, const Body& body) {
  const std::int64_t places = window.places(), windows = SlidingWindow::tile(window.taps());
  parallel_for(div_up(places, windows), [&](std::int64_t tile) {
    const std::int64_t first = tile * windows, count = std::min(windows, places - first);
    const std::vector<std::int64_t> sources = window.sources(first, count);
    for (std::int64_t row = 0; row < x[0] * x[1]; ++row) body(row, first, count, sources);
  });
}

}  // namespace kerf::ops
