#include "api/measuring_memory.h"

#include <algorithm>

#include "api/memory_use.h"
#include "core/memory.h"
#include "eval/evaluator.h"

namespace kerf::api {
namespace {

constexpr std::uint64_t kTileCopies = 3;   ///< of the logits that a thread holds for a model
constexpr std::uint64_t kPlaceBytes = 64;  ///< of what is measured at a place

/// Weights of a block, as f32.
struct BlockBytes {
  std::uint64_t all = 0, largest = 0;
};

BlockBytes block_bytes(const graph::Graph& graph, const sweep::Plan& plan, const sweep::Block& block) {
  BlockBytes bytes;
  for (const sweep::Group& group : block.groups) {
    for (const std::size_t site : group.sites) {
      const Shape& shape = graph.value(plan.sites[site].weight).weight.source->shape();
      const std::uint64_t own = static_cast<std::uint64_t>(numel(shape)) * sizeof(float);
      bytes.all += own;
      bytes.largest = std::max(bytes.largest, own);
    }
  }
  return bytes;
}

}  // namespace

std::uint64_t MeasuringMemory::working(std::size_t heads) const {
  return program + results + std::max(walking, heads * head + reading);
}

std::size_t MeasuringMemory::heads_in(std::uint64_t ram, std::uint64_t kept) const {
  const std::uint64_t taken = program + results + reading + kept;
  return ram <= taken ? 0 : (ram - taken) / std::max<std::uint64_t>(head, 1);
}

MeasuringMemory running_memory(std::span<const OpenModel* const> models, std::uint64_t longest, int threads) {
  const auto workers = static_cast<std::uint64_t>(std::max(threads, 1));
  MeasuringMemory memory;
  memory.subjects = models.size();
  memory.program = std::max(kProgramBytes, resident_ram_bytes());
  for (const OpenModel* model : models) {
    const sweep::Plan& plan = model->walker().plan();
    std::uint64_t block = 0;
    for (std::size_t b = 0; b + 1 < plan.blocks.size(); ++b) {
      block = std::max(block, block_bytes(model->graph(), plan, plan.blocks[b]).all);
    }
    const BlockBytes last = block_bytes(model->graph(), plan, plan.blocks.back());
    const std::uint64_t values = running_bytes(model->description(), workers, longest, false);
    const auto vocabulary = static_cast<std::uint64_t>(model->description().hyperparameters.vocab_size);
    const std::uint64_t tile = eval::kTilePlaces * vocabulary * sizeof(float);
    memory.walking = std::max(memory.walking, 2 * block + values);
    memory.head = std::max(memory.head, last.all + workers * kTileCopies * tile);
    memory.reading = std::max(memory.reading, 2 * last.largest);
  }
  return memory;
}

MeasuringMemory measuring_memory(std::span<const OpenModel* const> models, std::span<const text::Window> windows,
                                 std::size_t subjects, int threads) {
  std::uint64_t longest = 0, places = 0;
  for (const text::Window& window : windows) {
    longest = std::max<std::uint64_t>(longest, window.ids.size() + window.decoder_ids.size());
    places += window.places.size();
  }
  MeasuringMemory memory = running_memory(models, longest, threads);
  memory.subjects = subjects;
  memory.results = subjects * places * kPlaceBytes;
  return memory;
}

std::size_t plan_measuring(const MeasuringMemory& memory, std::uint64_t quantizing, const Session& session) {
  const std::size_t least = std::min<std::size_t>(memory.subjects, 2);
  const std::uint64_t working = std::max(memory.working(least), memory.program + memory.results + quantizing);
  session.check(working);
  const std::uint64_t kept = session.set_aside(working);
  return std::max(least, memory.heads_in(session.ram(), kept));
}

}  // namespace kerf::api
