#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "calibration/statistics.h"
#include "quant/candidate.h"
#include "quant/held_out.h"
#include "quant/objective.h"
#include "quant/output_curvature.h"
#include "quant/trial.h"
#include "quant/unit_removal.h"
#include "sweep/value_store.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// Tokens for each input channel below which a data-driven method is not trusted: fewer describe the text rather than
/// the layer. Measured with gptq, int4-g32, on a 29M Llama: with 1 token a channel (a third at the widest layers) the
/// KL divergence was 0.83 times that of plain rounding, thanks to the damping that few tokens get (quant/hessian.h).
inline constexpr std::int64_t kTokensPerChannel = 1;

/// Does the overlay's source hold codes of the scheme already?
bool is_held_as(const graph::TensorSource& source, const codec::Scheme& scheme);
/// Are codes of the site's weight chosen by a method that wants to know what errors of its outputs cost? Tables that
/// are looked up too are rounded to nearest, a tied head with them, and of very many outputs nothing is known.
bool is_curved(const graph::Graph& graph, const Candidate& candidate, const sweep::Site& site);

/// A site to be solved, and what was seen of its inputs.
struct SiteTask {
  const sweep::Site* site;
  SeenInputs seen;       ///< nothing where no method needs it
  bool unknown = false;  ///< the data were collected by someone who left this weight out
};

/// Decides the weights of linear sites, group after group, prunes them where that is asked for, and enters what
/// happened in the candidate's ledger. A weight of an expert that fewer than kTokensPerChannel tokens a channel reached
/// is rounded to nearest. Where a part of the text is held out, a method that does worse there than rounding gives way
/// to it (quant/trial.h).
class SiteSolver {
 public:
  SiteSolver(const sweep::Walker& walker, Candidate& candidate, std::shared_ptr<sweep::Budget> budget)
      : walker_(walker), candidate_(candidate), budget_(std::move(budget)) {}

  /// Sites that read the same value. Those that share statistics share a method's preparation too. Error(kUsage) if
  /// saved statistics lack what the method needs. `curvature` of what they give: null where no method needs it.
  void solve_group(const std::vector<SiteTask>& whole, const OutputCurvature* curvature);

 private:
  /// What the sites that share statistics share.
  struct Shared {
    std::map<const MethodInfo*, std::shared_ptr<const GroupState>> states;
    std::map<std::string, std::shared_ptr<const GroupState>> prune_states;  ///< by choice
    std::unique_ptr<const Objective> objective;
    std::int64_t rank = -1;
  };
  using Trials = std::map<const sweep::Site*, Trial>;
  /// A weight of which some values became zero, and as it was.
  struct Pruned {
    Tensor before;
    PruneOutcome outcome;
  };

  /// The task, its weight without the input channels that disappear.
  SiteTask reduce(const SiteTask& task);
  /// The weight that a task is about, before pruning.
  Tensor weights_of(const SiteTask& task) const;
  /// Is the weight another one before anything is rounded?
  bool changes(const SiteTask& task) const;
  bool is_reduced(const SiteTask& task) const { return reduced_.contains(task.site); }
  /// Puts what the weight became into the overlay.
  void set(const SiteTask& task, graph::SourcePtr source);
  /// The weights of the tasks whose decisions prune.
  void prune(const std::vector<SiteTask>& tasks);
  /// The weight as it is to be rounded, and of what it became if it was pruned.
  SiteProblem problem_of(const SiteTask& task, const Tensor& weights) const;
  /// Of a scheme without codes.
  void keep_floats(const SiteTask& task, SiteReport report);
  void enter_pruning(const SiteTask& task, SiteReport& report) const;
  Trials run_trials(const std::vector<SiteTask>& tasks) const;
  void solve(const SiteTask& task, const Trial* trial, const OutputCurvature* curvature);
  const GroupState* state_of(const MethodInfo& method, const calibration::Statistics* statistics);
  /// Errors on a sample of the rows, given that of what is stored, and of what plain rounding would give.
  void measure(const SiteProblem& problem, const RowSample& sample, std::vector<Tensor> approximations,
               SiteReport& report);

  const sweep::Walker& walker_;
  Candidate& candidate_;
  std::shared_ptr<sweep::Budget> budget_;
  std::map<const calibration::Statistics*, Shared> shared_;
  std::map<const sweep::Site*, Pruned> pruned_;
  std::map<const sweep::Site*, UnitRemoval> reduced_;
};

}  // namespace kerf::quant
