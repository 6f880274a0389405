#include "eval/layout.h"

#include <algorithm>

namespace kerf::eval {
namespace {

/// Cuts windows into `parts` runs each, as equal as they can be.
void cut_further(Layout& layout, std::size_t parts) {
  std::size_t batches = 0;
  for (std::size_t begin = 0; begin < layout.size();) {
    std::size_t end = begin;
    while (end < layout.size() && layout.window[end] == layout.window[begin]) ++end;
    const std::size_t count = end - begin;
    const std::size_t runs = std::clamp<std::size_t>(count / kShortestBatch, 1, parts);
    for (std::size_t i = 0; i < count; ++i) layout.batch[begin + i] = batches + i * runs / count;
    batches += runs;
    begin = end;
  }
  layout.batches = batches;
}

}  // namespace

Layout make_layout(std::span<const text::Window> windows) {
  Layout layout;
  std::int64_t number = -1, cut = -1;
  for (const text::Window& window : windows) {
    if (window.cut < 0 || window.cut != cut) ++number;
    cut = window.cut;
    for (const text::Place& place : window.places) {
      layout.window.push_back(number);
      layout.position.push_back(place.position);
      if (layout.size() == 1 || layout.window[layout.size() - 2] != number) ++layout.batches;
      layout.batch.push_back(layout.batches - 1);
    }
  }
  if (layout.batches > 0 && layout.batches < kFewestBatches) {
    cut_further(layout, (kFewestBatches + layout.batches - 1) / layout.batches);
  }
  return layout;
}

}  // namespace kerf::eval
