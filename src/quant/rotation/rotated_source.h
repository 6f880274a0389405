#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/tensor_source.h"
#include "quant/rotation/rotation.h"

namespace kerf::quant {

/// A matrix whose rows are multiplied, channel by channel, by `factors` (empty: by one) and then by Q, block of
/// Q.size() columns after block: what reads rotated activations. Q's size divides the columns.
graph::SourcePtr make_column_rotated_source(graph::SourcePtr source, std::shared_ptr<const Rotation> rotation,
                                            std::vector<float> factors);

/// Keeps the blocks of rows that were rotated last, so that rows can be read one after another.
class RotatedBlocks;
std::shared_ptr<RotatedBlocks> make_rotated_blocks();

/// A matrix [out, in], or a vector [out], of which each block of Q.size() rows from `first_row` on, `blocks` of them,
/// is multiplied by Q's transpose from the left: what writes rotated activations. Other rows stay. Values of a vector
/// are rounded to the source's dtype.
graph::SourcePtr make_row_rotated_source(graph::SourcePtr source, std::shared_ptr<const Rotation> rotation,
                                         std::int64_t first_row, std::int64_t blocks,
                                         std::shared_ptr<RotatedBlocks> cache);

}  // namespace kerf::quant
