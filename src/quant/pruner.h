#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/statistics.h"
#include "codec/scheme.h"
#include "core/tensor.h"
#include "graph/role.h"
#include "quant/method.h"
#include "quant/prune_pattern.h"

namespace kerf::quant {

/// One weight of which some values become zero.
struct PruneProblem {
  std::string name;       ///< of the weight, for errors
  const Tensor& weights;  ///< [out, in] f32, transforms applied
  const PrunePattern& pattern;
  const calibration::Statistics* statistics = nullptr;  ///< of its inputs; null where the pruner needs none
  MethodOptions options;
};

struct PruneOutcome {
  Tensor weights;      ///< those that stay, possibly changed to make up for the others, which are zero
  double damping = 0;  ///< that was used
  std::string note{};  ///< why another pruner was used
};

/// A way of choosing the weights that become zero; src/quant/pruners.def lists them all, each one file. What stays is
/// rounded by any method to any scheme that has a zero.
struct PrunerInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::vector<std::string> observers;  ///< what it needs to know about the inputs; empty: no data
  int sweeps = 0;                      ///< of coordinate descent that follow where the options name no number
  /// May be null. Called once for sites that share statistics and pattern.
  std::shared_ptr<const GroupState> (*prepare)(const calibration::Statistics& statistics, const PrunePattern& pattern,
                                               const MethodOptions& options);
  /// Null where not values become zero, but whole input channels of weights of the role `consumer` disappear with what
  /// makes them (quant/structure.h).
  PruneOutcome (*prune)(const PruneProblem& problem, const GroupState* state);
  graph::Role consumer = graph::Role::kOther;

  bool structured() const { return prune == nullptr; }
};

const std::vector<const PrunerInfo*>& pruners();
/// Error(kUsage) with the nearest name if there is none.
const PrunerInfo& find_pruner(std::string_view name);

/// Prepares and prunes.
PruneOutcome prune(const PruneProblem& problem, const PrunerInfo& pruner);

/// What is asked for: "wanda:50%", "sparsegpt:2:4".
struct PruneChoice {
  const PrunerInfo* pruner = nullptr;
  PrunePattern pattern;

  std::string name() const;
};
/// nullopt for "" and "none". Error(kUsage) saying what is wrong.
std::optional<PruneChoice> parse_pruning(std::string_view text);

/// Can weights that are zero stay zero, whatever scales and zero points are?
bool holds_zero(const codec::Scheme& scheme);

}  // namespace kerf::quant
