#pragma once

#include <cstdint>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "quant/candidate.h"

namespace kerf::api {

/// Memory that quantizing takes at most, in bytes; an estimate. It goes through a few phases (derivatives of the whole
/// model, the sweep, distillation), each with what has to be in memory and what may go to the scratch file.
struct ExpectedMemory {
  std::uint64_t working = 0;  ///< the most of any phase that has to be in memory
  /// With `budget` bytes for what may go to the scratch file: the most of any phase.
  std::uint64_t total(std::uint64_t budget) const;

  struct Phase {
    std::uint64_t working = 0, kept = 0;
  };
  Phase derivatives, sweep, distillation;
};

/// Of a candidate that is solved on this calibration text; `threads` run windows side by side.
ExpectedMemory expected_memory(const OpenModel& model, const quant::Candidate& candidate,
                               const CalibrationOptions& calibration, int threads);

}  // namespace kerf::api
