#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/statistics.h"
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
};

/// A rewrite that leaves the unquantized function unchanged; src/quant/transforms.def lists them all, each one file.
/// It changes the candidate's overlay: weights scaled, norms folded.
struct TransformInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::vector<std::string> observers;
  void (*apply)(BlockContext& context);
};

const std::vector<const TransformInfo*>& transforms();
/// Error(kUsage) with the nearest name if there is none.
const TransformInfo& find_transform(std::string_view name);

}  // namespace kerf::quant
