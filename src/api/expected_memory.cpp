#include "api/expected_memory.h"

#include <algorithm>

#include "api/memory_use.h"
#include "quant/site_solver.h"

namespace kerf::api {
namespace {

using Phase = ExpectedMemory::Phase;

constexpr std::uint64_t kFloat = sizeof(float);
constexpr std::uint64_t kDistilledWindows = 8;  ///< of a step

std::uint64_t bytes_of(std::int64_t values) { return kFloat * static_cast<std::uint64_t>(values); }

/// What the estimate is made of: sizes of the model and of its blocks, in bytes of f32 unless said otherwise.
struct Sizes {
  std::uint64_t tokens = 0, context = 0;  ///< numbers
  std::uint64_t blocks = 0;               ///< a number
  std::uint64_t hidden = 0, widest = 0;   ///< of one token: between blocks, and of the values inside that are the most
  std::uint64_t largest = 0;              ///< weight of all
  std::uint64_t largest_quantized = 0;    ///< of those in blocks
  std::uint64_t block = 0;                ///< weights of the largest block
  std::uint64_t columns = 0;              ///< of the widest weight, a number
  std::uint64_t weights = 0;              ///< in all blocks, a number
  std::uint64_t curvature = 0;            ///< of all weights and of what leaves each block
  std::uint64_t block_curvature = 0;      ///< of the largest block
  std::uint64_t vocabulary = 0;           ///< a number
};

std::uint64_t square(std::int64_t n) { return bytes_of(n) * static_cast<std::uint64_t>(n); }

Sizes sizes_of(const OpenModel& model, const quant::Candidate& candidate, const CalibrationOptions& calibration) {
  const auto& h = model.description().hyperparameters;
  Sizes sizes;
  sizes.context = static_cast<std::uint64_t>(calibration.context > 0 ? calibration.context
                                                                     : std::min<std::int64_t>(512, h.context_length));
  sizes.tokens = static_cast<std::uint64_t>(calibration.samples) * sizes.context;
  sizes.hidden = bytes_of(h.hidden_size);
  sizes.widest = bytes_of(std::max(h.intermediate_size, h.hidden_size));
  sizes.vocabulary = static_cast<std::uint64_t>(h.vocab_size);
  for (const graph::ValueId id : model.graph().weights()) {
    sizes.largest = std::max(sizes.largest, bytes_of(numel(model.graph().value(id).weight.source->shape())));
  }
  const sweep::Plan& plan = model.walker().plan();
  sizes.blocks = plan.blocks.size();
  for (const sweep::Block& block : plan.blocks) {
    std::uint64_t weights = 0, curvature = quant::learns_blocks(candidate) ? square(h.hidden_size) : 0;
    for (const sweep::Group& group : block.groups) {
      for (const std::size_t s : group.sites) {
        const auto& source = model.graph().value(plan.sites[s].weight).weight.source;
        const std::uint64_t own = bytes_of(numel(source->shape()));
        weights += own;
        if (quant::is_curved(model.graph(), candidate, plan.sites[s])) curvature += square(source->rows());
        sizes.largest_quantized = std::max(sizes.largest_quantized, own);
        sizes.columns = std::max(sizes.columns, static_cast<std::uint64_t>(source->row_size()));
      }
    }
    sizes.weights += weights / kFloat;
    sizes.block = std::max(sizes.block, weights);
    sizes.curvature += curvature;
    sizes.block_curvature = std::max(sizes.block_curvature, curvature);
  }
  return sizes;
}

template <typename Has>
bool any_decision(const quant::Candidate& candidate, Has has) {
  return std::any_of(candidate.decisions.begin(), candidate.decisions.end(),
                     [&](const auto& entry) { return has(entry.second); });
}

bool any_method(const quant::Candidate& candidate, bool quant::MethodInfo::*wants) {
  return any_decision(candidate, [&](const quant::Decision& decision) {
    return decision.method != nullptr && decision.method->*wants;
  });
}

/// The walk back through the model, which needs what entered each block.
Phase derivatives_phase(const description::Model& model, const Sizes& sizes, std::uint64_t threads) {
  Phase phase;
  const std::uint64_t logits = 4 * threads * 64 * sizes.vocabulary * kFloat;
  phase.working = kProgramBytes + running_bytes(model, threads, sizes.context, true) + 2 * sizes.block +
                  2 * sizes.block_curvature + logits;
  phase.kept = (sizes.blocks + 1) * sizes.tokens * sizes.hidden + sizes.curvature;
  return phase;
}

Phase sweep_phase(const description::Model& model, const Sizes& sizes, const quant::Candidate& candidate,
                  std::uint64_t threads) {
  const std::uint64_t squares = sizes.columns * sizes.columns;
  const bool drifts = any_method(candidate, &quant::MethodInfo::wants_drift);
  const bool curved = any_method(candidate, &quant::MethodInfo::wants_curvature);
  const bool prunes = any_decision(candidate, [](const quant::Decision& d) { return d.pruning.has_value(); });
  const bool own = quant::needs_own_stream(candidate), learns = quant::learns_blocks(candidate);
  Phase phase;
  phase.working = kProgramBytes + running_bytes(model, threads, sizes.context, learns) + 3 * sizes.block;
  phase.kept = sizes.weights;  // codes, a byte each
  if (own || quant::wants_input_statistics(candidate)) phase.working += 28 * squares;
  if (own) phase.kept += sizes.tokens * (sizes.hidden + sizes.widest);
  // The reference beside it; both streams of some windows are compared.
  if (drifts || quant::transforms_weights(candidate) || !own) phase.kept += sizes.tokens * sizes.hidden;
  if (drifts) phase.working += 20 * squares + std::min<std::uint64_t>(16 * sizes.context, sizes.tokens) * sizes.widest;
  if (curved) {
    phase.working += 2 * sizes.block_curvature + 2 * sizes.largest_quantized;
    phase.kept += sizes.curvature;
  }
  if (prunes || candidate.structure != nullptr) phase.working += 8 * squares + 2 * sizes.block;
  if (learns) {
    // Of each weight code, position, its start, derivatives of every thread and their sum.
    phase.working += (threads + 4) * sizes.block;
    phase.kept += 2 * sizes.tokens * sizes.hidden;
  }
  return phase;
}

Phase distillation_phase(const description::Model& model, const Sizes& sizes, std::uint64_t threads) {
  Phase phase;
  const std::uint64_t logits = 6 * threads * 64 * sizes.vocabulary * kFloat;
  // Codes of all weights twice, and Adam's numbers; the derivatives of a block's weights of each thread.
  phase.working = kProgramBytes + running_bytes(model, threads, sizes.context, true) + 2 * sizes.weights +
                  sizes.weights / 2 + (threads + 2) * sizes.block + logits;
  const std::uint64_t windows = std::min(kDistilledWindows, sizes.tokens / std::max<std::uint64_t>(sizes.context, 1));
  phase.kept = std::max((sizes.blocks + 2) * windows * sizes.context, sizes.tokens / 4) * sizes.hidden + sizes.weights;
  return phase;
}

}  // namespace

std::uint64_t ExpectedMemory::total(std::uint64_t budget) const {
  std::uint64_t most = working;
  for (const Phase& phase : {derivatives, sweep, distillation}) {
    most = std::max(most, phase.working + std::min(phase.kept, budget));
  }
  return most;
}

ExpectedMemory expected_memory(const OpenModel& model, const quant::Candidate& candidate,
                               const CalibrationOptions& calibration, int threads) {
  const Sizes sizes = sizes_of(model, candidate, calibration);
  const auto workers = static_cast<std::uint64_t>(std::max(1, threads));
  ExpectedMemory memory;
  if (!quant::needs_data(candidate)) {
    memory.sweep.working = kProgramBytes + sizes.largest * 3 / 2;
  } else {
    memory.sweep = sweep_phase(model.description(), sizes, candidate, workers);
    if (any_method(candidate, &quant::MethodInfo::wants_curvature)) {
      memory.derivatives = derivatives_phase(model.description(), sizes, workers);
    }
    if (quant::is_tuned(candidate)) memory.distillation = distillation_phase(model.description(), sizes, workers);
  }
  memory.working = std::max({memory.derivatives.working, memory.sweep.working, memory.distillation.working});
  return memory;
}

}  // namespace kerf::api
