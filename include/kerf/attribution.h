#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kerf/kerf.h"

namespace kerf {

/// Where a candidate's loss comes from.
struct AttributeOptions {
  ModelInput model;
  std::string candidate;  ///< spec; not one whose transforms move scales between weights or that rewrites the graph
  QuantizationChoice defaults;
  CalibrationOptions calibration;
  EvaluationOptions evaluation;
  std::int64_t windows = 8;  ///< of the evaluation text, at most
  bool restored = true;      ///< also all weights but each
};
struct SiteAttribution {
  std::string name, role, scheme;
  int layer = -1;
  std::uint64_t bytes = 0;             ///< of its codes and scales
  std::optional<double> output_error;  ///< mean squared error of its output, relative, on the calibration text
  Estimate alone;                      ///< KL(reference || model with only this weight quantized), nats per token
  Estimate restored;  ///< that of the candidate, minus that of the candidate with only this weight unquantized
};
/// Several sites together.
struct AttributionSum {
  std::string what;  ///< "down", "layer 3"
  std::int64_t sites = 0;
  std::uint64_t bytes = 0;
  double alone = 0;  ///< sum of SiteAttribution::alone, nats per token
};
/// Bits that would buy much: these sites in a wider scheme.
struct Widening {
  std::string sentence, scheme;
  std::vector<std::string> names;
  double kl_share = 0;     ///< of the sum of all sites' KL that they have alone
  double bytes_share = 0;  ///< more bytes, of all quantized weights'
};
struct Attribution {
  std::string spec;
  TextFigures text;
  Estimate kl;                                ///< of the whole candidate, on the same windows
  std::vector<SiteAttribution> sites;         ///< by falling KL alone
  std::vector<AttributionSum> roles, layers;  ///< by falling KL; by layer, -1 (outside of them) last
  double sum_alone = 0;  ///< what the sites' own KLs add up to: kl minus this is what the sum misses
  std::vector<Widening> widenings;
  double seconds = 0;
};
Attribution attribute(const AttributeOptions& options, const Resources& resources);

}  // namespace kerf
