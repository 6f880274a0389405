#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace kerf::report {

/// A report of `kerf eval` or `kerf compare`, as a gate reads it.
struct MeasuredReport {
  std::string file;
  Json text, noise_floor;        ///< objects; the latter null if there is none
  std::vector<Json> candidates;  ///< of an evaluation the one
  double margin = 0;             ///< of its verdicts; 0: it does not say

  /// The candidate of that spec, or the only one; nullptr if there is none.
  const Json* find(const std::string& spec) const;
};

/// Error(kInput) naming the file and key if it is no such report.
MeasuredReport measured_report(const Json& json, const std::string& file);
MeasuredReport read_measured_report(const std::string& file);

}  // namespace kerf::report
