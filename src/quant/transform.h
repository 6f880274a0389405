#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/statistics.h"
#include "graph/graph.h"
#include "sweep/overlay.h"
#include "sweep/walker.h"

namespace kerf::quant {

struct Candidate;

/// What a transform sees of the block it works on. Everything is on the reference stream.
struct BlockContext {
  const sweep::Walker& walker;
  const sweep::Block& block;
  Candidate& candidate;
  std::shared_ptr<sweep::Budget> budget;
  /// Of the inputs of each of block.groups.
  const std::vector<std::shared_ptr<const calibration::Statistics>>& statistics;
  /// Mean squared difference of the block's outputs from the reference's, with `trial` in force, relative to the mean
  /// square of the outputs, on the search windows.
  std::function<double(const sweep::Overlay& trial)> block_error;
  /// What a group's weights multiply on the search windows, with `trial` in force: by window, [.., channels].
  std::function<std::vector<Tensor>(const sweep::Group& group, const sweep::Overlay& trial)> inputs{};
};

/// What a correction sees of a weight that was just solved.
struct SiteContext {
  const sweep::Walker& walker;
  const sweep::Site& site;
  Candidate& candidate;
  const graph::SourcePtr& before;             ///< the weight as it was to be approximated, transforms applied
  const calibration::Statistics& statistics;  ///< of what it multiplies, as it reads it
};

/// What tunes a candidate whose weights are all solved.
struct TuneContext {
  const sweep::Walker& walker;
  const sweep::Walker& teacher;  ///< of the same inputs and outputs; the reference's own unless another was given
  Candidate& candidate;
  const std::vector<sweep::WindowInputs>& windows;  ///< of the calibration text
  std::shared_ptr<sweep::Budget> budget;
};

/// A model that computes what another does, with other weights.
struct Rewritten {
  graph::Graph graph;
  bool untied_head = false;          ///< the head was the embedding, and is a weight of its own now
  std::vector<std::string> notes{};  ///< what was done, and what it costs
};

/// A rewrite that leaves the unquantized function unchanged; src/quant/transforms.def lists them all, each one file.
/// It changes the candidate's overlay: weights scaled, norms folded, biases corrected.
struct TransformInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::vector<std::string> observers = {};          ///< of the reference's stream, for apply
  void (*apply)(BlockContext& context) = nullptr;   ///< before a block's weights are solved; may be null
  std::vector<std::string> site_observers = {};     ///< of the candidate's own stream, for correct
  void (*correct)(SiteContext& context) = nullptr;  ///< after a weight is solved; may be null
  void (*tune)(TuneContext& context) = nullptr;     ///< after all weights are solved; may be null
  /// Of the whole graph, before anything else: candidates are then made from what it gives. May be null. Error(kUsage)
  /// where the function would change.
  Rewritten (*rewrite)(const graph::Graph& graph) = nullptr;
};

const std::vector<const TransformInfo*>& transforms();
/// Error(kUsage) with the nearest name if there is none.
const TransformInfo& find_transform(std::string_view name);

}  // namespace kerf::quant
