#include "api/memory_use.h"

#include <algorithm>

namespace kerf::api {

std::uint64_t kv_cache_bytes(const description::Model& model, std::uint64_t positions) {
  const auto& h = model.hyperparameters;
  const std::uint64_t token = 2 * static_cast<std::uint64_t>(h.kv_heads * h.head_dim) * 2;
  if (model.task == description::Task::kSequenceToSequence) {
    return 2 * static_cast<std::uint64_t>(h.decoder_layers) * token * positions;
  }
  if (model.task != description::Task::kCausalLm) return 0;
  const auto windowed = static_cast<std::uint64_t>(h.windowed_layers);
  const std::uint64_t seen = std::min(positions, static_cast<std::uint64_t>(h.sliding_window));
  return token * (windowed * seen + (static_cast<std::uint64_t>(h.layers) - windowed) * positions);
}

std::uint64_t activation_bytes(const description::Model& model, std::uint64_t positions) {
  constexpr std::uint64_t kBatch = 512;
  const auto& h = model.hyperparameters;
  const auto width = static_cast<std::uint64_t>(h.hidden_size + std::max(h.intermediate_size, h.hidden_size));
  return std::min(positions, kBatch) * width * 4 + static_cast<std::uint64_t>(h.vocab_size) * 4;
}

std::uint64_t running_bytes(const description::Model& model, std::uint64_t windows, std::uint64_t context,
                            bool recorded) {
  const auto& h = model.hyperparameters;
  const auto hidden = static_cast<std::uint64_t>(h.hidden_size);
  const auto widest = static_cast<std::uint64_t>(std::max(h.intermediate_size, h.hidden_size));
  return (recorded ? 3 : 2) * windows * context * (12 * hidden + 6 * widest) * sizeof(float);
}

}  // namespace kerf::api
