#pragma once

#include <string_view>

#include "quant/candidate.h"

namespace kerf::quant {

/// Cuts the ranges of a group's weights whose method takes ranges as they are: each scale's range is shrunk in steps to
/// where what the layer gives on the search windows is off least (Lin et al. 2023, arXiv:2306.00978, section 3.2 and
/// the authors' auto_clip). Values beyond are set to its ends, so that the rounding that follows has that range. It
/// stands only where the block's output error falls with it; the ledger says what came of it. Weights with a scale of
/// many rows, and those whose scales are codes, are left alone.
void search_clips(BlockContext& context, const sweep::Group& group, std::string_view name);

}  // namespace kerf::quant
