#pragma once

#include <memory>

#include "codec/grid.h"

namespace kerf::codec {

/// Grid of a scheme of integer codes, 2 to 8 bits; without its super-blocks.
std::unique_ptr<const Grid> make_integer_grid(const Scheme& scheme);

}  // namespace kerf::codec
