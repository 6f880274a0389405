#pragma once

#include "formats/safetensors/reader.h"
#include "graph/tensor_source.h"

namespace kerf::formats::lora {

/// base + scaling * left right, for a matrix [rows, cols]; computed for the rows that are read, in f32: the sum over
/// the rank in its order, times the scaling, added to the base's value, which is not rounded to its dtype again.
///
/// left       [rows, rank]
/// right      [rank, cols], read anew for each run of rows
/// magnitude  [rows], or null: each row is then scaled to have this Euclidean length (DoRA: Liu et al. 2024,
///            arXiv:2402.09353, eq. 5)
/// Reading fails with Error(kInput) naming the base's tensor if a value is not finite, or a row has no direction.
graph::SourcePtr make_low_rank_source(graph::SourcePtr base, graph::SourcePtr left, graph::SourcePtr right,
                                      float scaling, graph::SourcePtr magnitude);

/// A matrix [rows, cols] of which rows of the result are columns. As graph::make_transposed_source(), but a few columns
/// are read without the rest.
graph::SourcePtr make_column_source(safetensors::StoredTensor tensor);

}  // namespace kerf::formats::lora
