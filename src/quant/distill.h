#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "quant/candidate.h"
#include "sweep/walker.h"

namespace kerf::quant {

struct DistillOptions {
  int epochs = 2;             ///< times that the windows are seen
  std::size_t batch = 8;      ///< windows of a step
  double scale_rate = 1e-3;   ///< of a step at most, as a fraction of the mean scale of a weight
  double vector_rate = 3e-4;  ///< the same of norms and biases
  double held_out = 0.125;    ///< share of the windows that only judge; at least one
};

struct DistillReport {
  double before = 0, after = 0;  ///< mean KL divergence on the windows held out, nats
  bool kept = false;             ///< false: it had not fallen, everything is as before
  std::int64_t steps = 0;
};

/// Distillation end to end (Hinton et al. 2015, arXiv:1503.02531): scales, minima, norms and biases of a solved
/// candidate are tuned by Adam (Kingma & Ba 2014, arXiv:1412.6980) so that its distribution q of the next token is the
/// teacher's p: the loss is the mean over places of KL(p || q). Codes stay. Needs all codes in memory, a byte each, 12
/// bytes for every number that is tuned, and the values that enter each block of a batch. Deterministic.
/// `teacher` has the same inputs and outputs as `student`.
DistillReport distill(const sweep::Walker& teacher, const sweep::Walker& student, Candidate& candidate,
                      const std::vector<sweep::WindowInputs>& windows, const std::shared_ptr<sweep::Budget>& budget,
                      const DistillOptions& options);

}  // namespace kerf::quant
