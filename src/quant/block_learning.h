#pragma once

#include <map>
#include <memory>

#include "quant/candidate.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// A block whose weights were solved one by one, to be improved together.
struct BlockProblem {
  const sweep::Walker& walker;
  const sweep::Block& block;
  Candidate& candidate;
  const sweep::Stream& entering;                      ///< the candidate's own, at the block's beginning
  const sweep::Stream& reference;                     ///< at the block's beginning
  std::map<graph::ValueId, graph::SourcePtr> before;  ///< of the weights to be improved: what was rounded
  std::shared_ptr<sweep::Budget> budget;
};

/// Mean squared difference of what leaves the block from the reference's, on the windows that were not learned from.
struct BlockOutcome {
  double start = 0, best = 0;
  int steps = 0;  ///< after which it was best; 0: nothing was better than the start, which stands
};

/// Codes and scales by signed gradient descent (Cheng et al. 2023, arXiv:2309.05516): `steps` steps of a few windows
/// each, against the derivative of the squared difference of the block's outputs. One window in eight is left out to
/// judge: what does best there goes into the candidate's overlay.
BlockOutcome learn_block(const BlockProblem& problem, int steps);

}  // namespace kerf::quant
