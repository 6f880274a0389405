#pragma once

#include <span>

#include "codec/grid.h"
#include "codec/scheme.h"

namespace kerf::codec {

/// Parameters of a group with the least weighted sum of squared errors that a search finds: from many ranges around
/// that of `start`, each followed by the least-squares scale (and minimum) of the codes that it gives, rounded to the
/// scheme's scale dtype. Never worse than `start`. `importance`: weights of the squared errors; empty: equal.
/// `scheme` is that of the grid; its super-blocks are not looked at. Where `minimum_sign` is -1 a minimum is not above
/// 0 (the unsigned codes of super-blocks).
GroupParams search_params(const Grid& grid, const Scheme& scheme, std::span<const float> values,
                          std::span<const float> importance, const GroupParams& start, int minimum_sign = 0);

}  // namespace kerf::codec
