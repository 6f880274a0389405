#include "emit/layout_emission.h"

namespace kerf::emit {
namespace {

std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions& options) {
  return plan_layout("awq", model, options);
}

}  // namespace

extern const TargetInfo awq_target;
const TargetInfo awq_target{
    .name = "awq",
    .summary = "a folder of safetensors as AutoAWQ writes it (GEMM), for transformers and vLLM",
    .source = "https://github.com/casper-hansen/AutoAWQ",
    .ending = "",
    .folder = true,
    .default_scheme = "int4-g128",
    .folded_dtype = source_dtype_stays,
    .plan = plan,
    .options = {kMaxShardSize},
};

}  // namespace kerf::emit
