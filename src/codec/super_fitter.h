#pragma once

#include <memory>

#include "codec/fitter.h"

namespace kerf::codec {

/// Parameters of super-blocks: each group's own best scale (and minimum) first, then codes for them under a common
/// super-scale, then in turns the codes of each group and the super-scale (least squares over the super-block), as long
/// as the weighted error falls. The search of ggml's encoders (ggml-quants.c) has the first two steps.
std::unique_ptr<const Fitter> make_super_fitter(const Scheme& scheme);

}  // namespace kerf::codec
