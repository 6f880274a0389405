#include "emit/layout_emission.h"

namespace kerf::emit {
namespace {

std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions& options) {
  return plan_layout("compressed-tensors", model, options);
}

}  // namespace

extern const TargetInfo compressed_tensors_target;
const TargetInfo compressed_tensors_target{
    .name = "compressed-tensors",
    .summary = "a folder of safetensors for vLLM and transformers",
    .source = "https://github.com/vllm-project/compressed-tensors",
    .ending = "",
    .folder = true,
    .default_scheme = "int4-g128",
    .folded_dtype = source_dtype_stays,
    .plan = plan,
    .options = {kMaxShardSize},
};

}  // namespace kerf::emit
