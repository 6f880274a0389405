#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/tensor_source.h"

namespace kerf::emit {

/// What a transform did to a weight before it was rounded: value (r, c) became (value + offset) * cols[c] / rows[r] -
/// offset. Empty factors are ones. Vectors have rows of one value.
struct Scaling {
  std::vector<float> rows, cols;
  float offset = 0;
  bool any() const { return !rows.empty() || !cols.empty(); }
};

/// Rows [first, first + count) of `source` as `scaling` leaves them.
std::vector<float> scaled_rows(const graph::TensorSource& source, const Scaling& scaling, std::int64_t first,
                               std::int64_t count);

/// How a stored weight differs from what it stands for. A step is the distance between neighbouring values that the
/// scheme can store at that place, so that one yardstick serves all schemes.
struct WeightFigures {
  std::string unreadable;     ///< why its values cannot be had ("value nan at ..."); then the rest is 0
  double relative_error = 0;  ///< root of the squared error over the squared values
  double rounding_error = 0;  ///< the same of rounding to nearest in the same scheme, from a sample of its rows
  double offset = 0;      ///< mean of (found - expected) in steps, up along the codes; values zero or clipped left out
  double zeroed = 0;      ///< share of the values that are zero though more than a step from it: pruned
  bool all_zero = false;  ///< though what it stands for is not
  std::int64_t changed = 0;         ///< floats: values that are not the rounded ones
  std::int64_t lost_groups = 0;     ///< groups of scale zero with values that are not small
  std::int64_t swollen_groups = 0;  ///< groups whose values are several times as large as the original's
  double usual_steps = 0;           ///< difference that all but one in ten thousand values stay below, in steps
  double worst_steps = 0;           ///< largest difference; clipped values left out
  std::int64_t worst_row = 0, worst_col = 0;
  double usual_group = 0;  ///< mean squared difference, in steps
  double worst_group = 0;  ///< the largest of any group's
  std::int64_t group_row = 0, group_col = 0;
};

/// Reads both, of the same shape.
WeightFigures check_weight(const graph::SourcePtr& original, const Scaling& scaling, const graph::TensorSource& found);

}  // namespace kerf::emit
