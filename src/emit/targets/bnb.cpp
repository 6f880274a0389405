#include "emit/layout_emission.h"

namespace kerf::emit {
namespace {

std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions& options) {
  return plan_layout("bitsandbytes", model, options);
}

}  // namespace

extern const TargetInfo bnb_target;
const TargetInfo bnb_target{
    .name = "bnb",
    .summary = "a folder of safetensors for transformers with bitsandbytes: NF4, FP4 and LLM.int8()",
    .source = "https://github.com/bitsandbytes-foundation/bitsandbytes",
    .ending = "",
    .folder = true,
    .default_scheme = "nf4-g64",
    .folded_dtype = source_dtype_stays,
    .plan = plan,
    .options = {kMaxShardSize},
};

}  // namespace kerf::emit
