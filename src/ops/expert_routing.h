#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"

namespace kerf::ops {

/// A mixture of experts (Shazeer et al. 2017, arXiv:1701.06538; Fedus et al. 2021, arXiv:2101.03961) as four kinds of
/// nodes: Route gives every token its weights, TakeRows hands an expert its tokens, ordinary nodes are the expert, and
/// CombineRows adds the experts' results up. So an expert's matrices are linear sites like any other, which see the
/// tokens that were sent to them and no others.

/// Tokens that routing weights [..., experts] send to an expert, ascending: those with a weight other than 0.
std::vector<std::int64_t> tokens_of_expert(const Tensor& routing, std::int64_t expert);

}  // namespace kerf::ops
