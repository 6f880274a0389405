#pragma once

#include <memory>

#include "codec/grid.h"

namespace kerf::codec {

/// Grid of a scheme whose codes stand for levels; without its super-blocks.
std::unique_ptr<const Grid> make_table_grid(const Scheme& scheme);

}  // namespace kerf::codec
