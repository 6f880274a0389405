#include "api/measuring_memory.h"

#include <algorithm>

#include "api/memory_use.h"
#include "core/memory.h"

namespace kerf::api {
namespace {

constexpr std::uint64_t kTilePlaces = 64;  ///< whose logits a thread holds for a model, each with two copies
constexpr std::uint64_t kTileCopies = 3;
constexpr std::uint64_t kPlaceBytes = 64;  ///< of what is measured at a place

std::uint64_t bytes_of(const graph::Graph& graph, graph::ValueId weight) {
  return static_cast<std::uint64_t>(numel(graph.value(weight).weight.source->shape())) * sizeof(float);
}

struct BlockWeights {
  std::uint64_t all = 0, largest = 0;
};

BlockWeights weights_of(const OpenModel& model, const sweep::Block& block) {
  BlockWeights weights;
  for (const sweep::Group& group : block.groups) {
    for (const std::size_t site : group.sites) {
      const std::uint64_t bytes = bytes_of(model.graph(), model.walker().plan().sites[site].weight);
      weights.all += bytes;
      weights.largest = std::max(weights.largest, bytes);
    }
  }
  return weights;
}

}  // namespace

std::uint64_t MeasuringMemory::working(std::size_t heads) const {
  return program + series + std::max(walking, heads * head + reading);
}

std::size_t MeasuringMemory::heads_in(std::uint64_t ram, std::uint64_t kept) const {
  const std::uint64_t taken = program + series + reading + kept;
  return ram <= taken ? 0 : (ram - taken) / std::max<std::uint64_t>(head, 1);
}

MeasuringMemory measuring_memory(std::span<const OpenModel* const> models, std::span<const text::Window> windows,
                                 std::size_t subjects, int threads) {
  const auto workers = static_cast<std::uint64_t>(std::max(threads, 1));
  MeasuringMemory memory;
  memory.subjects = subjects;
  memory.program = std::max(kProgramBytes, resident_ram_bytes());
  std::uint64_t longest = 0;
  for (const text::Window& window : windows) {
    longest = std::max<std::uint64_t>(longest, window.ids.size() + window.decoder_ids.size());
    memory.series += subjects * window.places.size() * kPlaceBytes;
  }
  for (const OpenModel* model : models) {
    const auto& blocks = model->walker().plan().blocks;
    std::uint64_t block = 0;
    for (std::size_t b = 0; b + 1 < blocks.size(); ++b) block = std::max(block, weights_of(*model, blocks[b]).all);
    const BlockWeights last = weights_of(*model, blocks.back());
    const std::uint64_t values = running_bytes(model->description(), workers, longest, false);
    const auto vocabulary = static_cast<std::uint64_t>(model->description().hyperparameters.vocab_size);
    memory.walking = std::max(memory.walking, 2 * block + values);
    memory.head = std::max(memory.head, last.all + workers * kTilePlaces * vocabulary * kTileCopies * sizeof(float));
    memory.reading = std::max(memory.reading, 2 * last.largest);
  }
  return memory;
}

std::size_t plan_measuring(const MeasuringMemory& memory, std::uint64_t quantizing, const Session& session) {
  const std::size_t least = std::min<std::size_t>(memory.subjects, 2);
  const std::uint64_t working = std::max(memory.working(least), memory.program + memory.series + quantizing);
  session.check(working);
  const std::uint64_t kept = session.set_aside(working);
  return std::max(least, memory.heads_in(session.ram(), kept));
}

}  // namespace kerf::api
