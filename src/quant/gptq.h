#pragma once

#include "core/tensor.h"
#include "quant/hessian.h"
#include "quant/method.h"

namespace kerf::quant {

/// GPTQ of the site with `target` [out, in] in the place of its weights, then sweeps of quant/polish.h.
/// Falls back to rounding to nearest if the factor is not ok().
SiteOutcome solve_gptq(const SiteProblem& problem, const Tensor& target, const HessianFactor& factor);

}  // namespace kerf::quant
