#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "api/text_data.h"
#include "eval/evaluator.h"

namespace kerf::api {

/// Walks the subjects that share one model's graph over all its blocks. `between`, if given, runs before the subjects
/// enter each block, with the reference's operands of it: where candidates are quantized.
using BeforeBlock = std::function<void(const sweep::Block& block, const sweep::Operands& shared)>;
void walk_blocks(const OpenModel& model, eval::Evaluator& evaluator, const std::vector<std::size_t>& subjects,
                 const BeforeBlock& between, const std::function<void()>& step);

/// What a model runs under, with the key-value cache in the scheme named `kv_cache` if that is not empty.
sweep::Overlay overlay_of(const OpenModel& model, const std::string& kv_cache);
/// Adds the rounding of the cache to that scheme, none if it is empty. Error(kUsage) naming the option.
void round_cache(const OpenModel& model, const std::string& kv_cache, sweep::Overlay& overlay);

/// Error(kInput) unless the model's predictions are of the same kind as the reference's: task, vocabulary, classes.
void check_comparable(const OpenModel& model, const OpenModel& reference);

/// What a series says of a model, with its classes' names and its worst tokens in their context. `reference`: its
/// series, of a reference itself null.
void report_series(const eval::Series& series, const eval::Series* reference, const OpenModel& model,
                   const EvaluationText& text, const EvaluationOptions& options, Measurement& measurement);

/// The reference as it is measured against itself: the first windows, with the terms of sums in another order.
struct NoiseProbe {
  NoiseProbe(const OpenModel& reference, std::span<const text::Window> windows);
  sweep::Overlay overlay;
  std::size_t windows = 0;
};

/// Memory that a model of so many bytes of weights takes at a context.
std::uint64_t run_bytes(const OpenModel& model, std::uint64_t weight_bytes, std::int64_t context);

/// Bytes, bits per weight, memory at a context and name of an existing model.
Measurement describe_model(const OpenModel& model, const std::string& spec, std::int64_t context);

/// Bytes of the files that a model's tensors are in.
std::uint64_t model_file_bytes(const OpenModel& model);

}  // namespace kerf::api
