#include "sweep/walker.h"

#include <algorithm>

#include "core/threads.h"

namespace kerf::sweep {
namespace {

/// Windows whose results are held at once before they are handed on.
std::size_t batch_size() { return static_cast<std::size_t>(std::max(2, 2 * thread_count())); }

}  // namespace

std::vector<Tensor> Stream::load(std::size_t window) const {
  std::vector<Tensor> tensors;
  tensors.reserve(values_[window].size());
  for (const StoredTensor& stored : values_[window]) tensors.push_back(stored.load());
  return tensors;
}

Program Walker::program(const Stream& stream, graph::NodeId end, std::span<const graph::ValueId> wanted) const {
  Program made(graph_, plan_, stream.position_, end, stream.alive_, wanted);
  made.set_clock(clock_);
  return made;
}

Operands Walker::prepare_block(const Block& block, const Overlay* overlay, const Operands* shared) const {
  const Program whole(graph_, plan_, block.begin, block.end, block.live_in, block.live_out);
  return prepare(graph_, whole, overlay, shared);
}

void Walker::move(const Stream& from, Stream& to, graph::NodeId end, const Overlay* overlay,
                  const Operands* shared) const {
  const auto alive = live_values(graph_, plan_, end);
  const Program steps = program(from, end, alive);
  const Operands operands = prepare(graph_, steps, overlay, shared);
  parallel_for(static_cast<std::int64_t>(from.size()), [&](std::int64_t i) {
    const auto window = static_cast<std::size_t>(i);
    auto results = steps.run(operands, from.inputs(window), from.load(window));
    std::vector<StoredTensor> stored;
    for (Tensor& result : results) stored.emplace_back(std::move(result), to.budget_);
    to.values_[window] = std::move(stored);
  });
  to.position_ = end;
  to.alive_ = alive;
}

Stream Walker::advanced(const Stream& stream, graph::NodeId end, const Overlay* overlay, const Operands* shared) const {
  Stream result(stream.windows_, stream.budget_);
  move(stream, result, end, overlay, shared);
  return result;
}

void Walker::advance(Stream& stream, graph::NodeId end, const Overlay* overlay, const Operands* shared) const {
  move(stream, stream, end, overlay, shared);
}

void Walker::visit(const Stream& stream, graph::NodeId end, std::span<const graph::ValueId> wanted,
                   const Overlay* overlay, const Operands* shared, std::optional<WindowRange> windows,
                   const Sink& sink) const {
  const Program steps = program(stream, end, wanted);
  const Operands operands = prepare(graph_, steps, overlay, shared);
  const WindowRange range = windows.value_or(WindowRange{0, stream.size()});
  std::vector<std::vector<Tensor>> results;
  for (std::size_t begin = range.begin; begin < range.end; begin += batch_size()) {
    const std::size_t size = std::min(batch_size(), range.end - begin);
    results.assign(size, {});
    parallel_for(static_cast<std::int64_t>(size), [&](std::int64_t i) {
      const std::size_t window = begin + static_cast<std::size_t>(i);
      results[static_cast<std::size_t>(i)] = steps.run(operands, stream.inputs(window), stream.load(window));
    });
    for (std::size_t i = 0; i < size; ++i) sink(begin + i, results[i]);
  }
}

}  // namespace kerf::sweep
