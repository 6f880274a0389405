#pragma once

#include <memory>
#include <string_view>

#include "emit/target.h"

namespace kerf::emit {

/// What the targets that write a folder of safetensors files share: config.json with the layout's quantization_config,
/// the tensors in shards, the other files of the source. `layout` is a name in formats/safetensors/layouts.
std::unique_ptr<Emission> plan_layout(std::string_view layout, const EmitModel& model, const TargetOptions& options);

/// An option that plan_layout() reads.
inline const TargetOption kMaxShardSize{.name = "max-shard-size",
                                        .value = "SIZE",
                                        .summary = "a new file begins when tensors would exceed it",
                                        .initial = "5GB"};

/// TargetInfo::folded_dtype of these targets: norms and biases stay as they are.
DType source_dtype_stays(DType source_dtype);

}  // namespace kerf::emit
