#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "quant/recipe.h"
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
  DType folded_dtype = DType::kF32;  ///< norms and biases that a transform changed are rounded to this

  sweep::Overlay overlay;               ///< what it has replaced so far
  std::optional<sweep::Stream> stream;  ///< its own calibration stream, if a method wants one
  std::vector<SiteReport> ledger;
  double seconds = 0;
};

/// Does it need calibration text?
bool needs_data(const Candidate& candidate);
/// Does a method look at the candidate's own stream?
bool needs_own_stream(const Candidate& candidate);

}  // namespace kerf::quant
