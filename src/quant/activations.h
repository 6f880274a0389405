#pragma once

#include <memory>
#include <set>
#include <string>

#include "quant/candidate.h"
#include "quant/pooled_statistics.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// Roundings of activations in a candidate's overlay: where its decisions ask for them, the input of every linear node
/// that multiplies by the weight.

/// Dynamic ones, which need no data.
void start_activations(const sweep::Walker& walker, Candidate& candidate);

/// What the ranges of the group's static roundings follow from, but for weights whose statistics are pooled; empty if
/// there are none.
std::set<std::string> range_observers(const sweep::Plan& plan, const sweep::Group& group, const Candidate& candidate,
                                      const PooledStatistics& pooled);

/// Fixes the ranges of the group's static roundings by what `seen` says of its input (pooled weights: what `pooled`
/// says). A weight that no token reached takes over the range of an earlier one of its role, and the ledger says so.
/// Error(kUsage) if saved statistics lack what a rule needs.
void fix_ranges(const sweep::Walker& walker, const sweep::Group& group, const calibration::Statistics* seen,
                const PooledStatistics& pooled, Candidate& candidate);

/// The group's input `x` as its nodes read it under the overlay; `x` itself if they read it in different ways.
Tensor as_read(const sweep::Walker& walker, const sweep::Group& group, const sweep::Overlay& overlay, const Tensor& x);

}  // namespace kerf::quant
