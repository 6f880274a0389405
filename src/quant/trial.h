#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "quant/held_out.h"
#include "quant/method.h"
#include "quant/objective.h"
#include "quant/pruner.h"

namespace kerf::quant {

/// What a method that learned from most of the text does on the share that was held out, and what simpler ones do.
struct Trial {
  std::int64_t tokens = 0;  ///< held out
  OutputError method, rtn, search;
  /// The simpler method that is better than the one tried, and not by chance; nullptr if there is none.
  const MethodInfo* better() const;
  /// "rtn's output error on held-out text is 1.1e-02, gptq's 1.2e-02"
  std::string comparison(const MethodInfo& tried) const;
};

/// Tries methods at the sites that share their statistics. Rows of a weight are independent given these, so a sample
/// of the rows says how all would do: the codes that are kept learn from the whole text all the same.
class TrialGround {
 public:
  /// `seen` must have a held-out part on which errors can be measured.
  explicit TrialGround(const SeenInputs& seen) : rest_(seen.all->without(*seen.held_out)), objective_(*seen.held_out) {
    tokens_ = seen.held_out->tokens();
  }

  /// `problem` as it will be solved, before pruning; `pruning` may be null.
  Trial run(const MethodInfo& method, const SiteProblem& problem, const PruneChoice* pruning = nullptr);

 private:
  calibration::Statistics rest_;
  Objective objective_;
  std::int64_t tokens_ = 0;
  const MethodInfo* prepared_ = nullptr;
  std::shared_ptr<const GroupState> state_;  ///< of prepared_
};

}  // namespace kerf::quant
