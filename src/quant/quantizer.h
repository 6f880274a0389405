#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "calibration/statistics.h"
#include "quant/candidate.h"
#include "quant/held_out.h"
#include "quant/output_curvature.h"
#include "quant/pooled_statistics.h"
#include "sweep/walker.h"

namespace kerf::quant {

/// Everything about the calibration text that a run needs.
struct CalibrationData {
  std::shared_ptr<const std::vector<sweep::WindowInputs>> windows;  ///< may be null: no text
  std::shared_ptr<const calibration::ModelStatistics> statistics;   ///< saved ones of the reference stream; may be null
  const sweep::Walker* teacher = nullptr;  ///< whose distribution candidates are tuned to; null: the reference's
  double held_out = 0;                     ///< share of the windows that methods are checked on
};

/// Quantizes any number of candidates block by block. The reference stream's statistics are shared by all of them;
/// a sequential method's own stream belongs to its candidate.
class Quantizer {
 public:
  /// Fails (kUsage) if a candidate needs data that is not there. `candidates` must outlive this; their overlays are
  /// filled at once with everything that needs no data (kept dtypes, tables), and block by block with the rest.
  Quantizer(const sweep::Walker& walker, std::vector<Candidate*> candidates, CalibrationData data,
            std::shared_ptr<sweep::Budget> budget);

  /// Is there anything to do for process_block()? Not if weights are only rounded as they are read.
  bool walks() const { return walks_; }
  /// Decides the block's weights for every candidate. Blocks in order. `shared`: the reference's operands of the block.
  void process_block(const sweep::Block& block, const sweep::Operands& shared);
  /// After the last block: tunes the candidates that ask for it.
  void finish();

 private:
  using BlockStatistics = std::vector<SeenInputs>;  ///< by group

  void start_overlay(Candidate& candidate);
  bool wants_reference(const Candidate& candidate) const;
  std::vector<std::string> reference_observers(const sweep::Block& block) const;
  BlockStatistics observe_reference(const sweep::Block& block, const sweep::Operands& shared);
  void run_transforms(const sweep::Block& block, const sweep::Operands& shared, Candidate& candidate,
                      const BlockStatistics& statistics);
  void solve_block(const sweep::Block& block, const sweep::Operands& shared, Candidate& candidate,
                   const BlockStatistics& statistics);
  /// What the group's methods want to know, but for weights whose statistics are pooled.
  std::set<std::string> own_observers(const sweep::Group& group, const Candidate& candidate) const;
  /// Lets methods that look at whole blocks improve what was solved. `entering`: the candidate's stream at the block's
  /// beginning, which it goes back to. `before`: what was rounded, by weight.
  void refine_block(const sweep::Block& block, sweep::Stream entering,
                    std::map<graph::ValueId, graph::SourcePtr> before, Candidate& candidate);
  /// The block's weights that such methods solve, as they are.
  std::map<graph::ValueId, graph::SourcePtr> refined_weights(const sweep::Block& block,
                                                             const Candidate& candidate) const;
  /// Moves the candidate's stream to the group, and watches what arrives there.
  SeenInputs observe_own(const sweep::Group& group, const sweep::Operands& shared, Candidate& candidate,
                         const std::set<std::string>& names, bool with_drift);
  /// The same beside the reference's stream, so that it learns how far the two have drifted apart.
  void observe_drift(const sweep::Group& group, const sweep::Operands& shared, Candidate& candidate,
                     InputCollector& own);
  /// Fixes the ranges of static activations by the candidate's own stream, if it has one, else by what was `seen`.
  void fix_own_ranges(const sweep::Group& group, const sweep::Operands& shared, Candidate& candidate,
                      std::shared_ptr<const calibration::Statistics> seen);
  /// Lets the transforms that follow rounding correct a site that was just solved.
  void correct(const sweep::Site& site, const graph::SourcePtr& before, const calibration::Statistics* inputs,
               Candidate& candidate) const;
  bool wants_drift(const sweep::Group& group, const Candidate& candidate) const;
  std::set<graph::ValueId> curved_weights() const;

  const sweep::Walker& walker_;
  std::vector<Candidate*> candidates_;
  CalibrationData data_;
  std::shared_ptr<sweep::Budget> budget_;
  std::optional<sweep::Stream> reference_;
  bool walks_ = false;
  bool any_statistics_ = false;
  WindowSplit split_;
  PooledStatistics pooled_;    ///< of weights that are used at several places
  OutputCurvature curvature_;  ///< of weights whose methods want it
  /// What enters and leaves the block on the first windows: the transforms' search set.
  std::vector<std::vector<Tensor>> search_seeds_, search_outputs_;
};

}  // namespace kerf::quant
