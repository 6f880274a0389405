#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calibration/statistics.h"
#include "core/tensor.h"
#include "quant/structure.h"

namespace kerf::quant {

/// A weight [out, in] without the input channels of some units.
struct UnitRemoval {
  std::vector<std::int64_t> units_kept;  ///< ascending
  Tensor weights;                        ///< [out, columns that stay], changed to make up for the others
  std::string note;                      ///< why they were not changed; empty: they were
};

/// Removes the units whose loss the others make up for best: again and again those u of least
/// tr(W_u ([H^-1]_uu)^-1 W_u^T), what stays changed to the least squares solution (the optimal brain surgeon's, by
/// blocks: Kurtic et al. 2023, arXiv:2302.04089, equations 2 and 3). `statistics` of the inputs: outer_product.
UnitRemoval remove_units(const Tensor& weights, const Reduction& reduction, const calibration::Statistics& statistics,
                         double damping);

/// What was observed, of some of the channels only.
calibration::Statistics channels_of(const calibration::Statistics& statistics,
                                    const std::vector<std::int64_t>& channels);

}  // namespace kerf::quant
