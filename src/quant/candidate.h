#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "quant/recipe.h"
#include "quant/structure.h"
#include "quant/transform.h"
#include "sweep/overlay.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// One way of quantizing a model, and how far it has come in the sweep.
struct Candidate {
  std::string spec;
  std::map<graph::ValueId, Decision> decisions;
  std::vector<const TransformInfo*> transforms;
  MethodOptions options;
  std::shared_ptr<const Structure> structure;  ///< what disappears from the model; null: nothing
  DType folded_dtype = DType::kF32;            ///< norms and biases that a transform changed are rounded to this

  sweep::Overlay overlay;               ///< what it has replaced so far
  std::optional<sweep::Stream> stream;  ///< its own calibration stream, if a method wants one
  /// Of the weights that lost input channels (Structure::by_consumer): which units stay, and the weight without them;
  /// the overlay has it with zeros in their place.
  std::map<graph::ValueId, std::vector<std::int64_t>> units_kept;
  std::map<graph::ValueId, graph::SourcePtr> reduced;
  /// Of the block at work: weights whose ranges a transform cut, as they were before, which is what errors are measured
  /// against.
  std::map<graph::ValueId, graph::SourcePtr> unclipped;
  /// Of the block at work: values of pruned weights that stay zero while a method refines the block.
  std::map<graph::ValueId, std::vector<bool>> held_zeros;
  std::vector<SiteReport> ledger;
  double seconds = 0;
};

/// Does it need calibration text?
bool needs_data(const Candidate& candidate);
/// Does a method, or the range of static activations, depend on what is known about the inputs of weights?
bool wants_input_statistics(const Candidate& candidate);
/// Does something look at the candidate's own stream: a method, static activations, a correction?
bool needs_own_stream(const Candidate& candidate);
/// Does the weight lose input channels?
bool loses_inputs(const Candidate& candidate, graph::ValueId weight);
/// Does a method look at whole blocks, their reference's outputs beside their own?
bool learns_blocks(const Candidate& candidate);
/// Does it round activations to ranges that are calibrated?
bool has_static_activations(const Candidate& candidate);
/// The first of its decisions that prune by what is known about inputs: "wanda:50%"; empty if none does.
std::string pruning_by_data(const Candidate& candidate);
/// Does a transform change weights before they are solved?
bool transforms_weights(const Candidate& candidate);

/// What the range of a weight's static activations follows from; empty if it has none.
std::set<std::string> range_observers_of(const Candidate& candidate, graph::ValueId weight);
/// What the weight's method and pruner, and the transforms that correct it afterwards, want to know of its inputs.
std::set<std::string> solving_observers_of(const Candidate& candidate, graph::ValueId weight);

/// Does something change it after all its weights are solved? Until Quantizer::finish() it is not what will be written.
bool is_tuned(const Candidate& candidate);

/// Does something about it depend on what the model predicts at its end?
bool looks_at_outputs(const Candidate& candidate);

}  // namespace kerf::quant
