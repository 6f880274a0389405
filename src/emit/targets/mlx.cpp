#include "emit/layout_emission.h"

namespace kerf::emit {
namespace {

std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions& options) {
  return plan_layout("mlx", model, options);
}

}  // namespace

extern const TargetInfo mlx_target;
const TargetInfo mlx_target{
    .name = "mlx",
    .summary = "a folder of safetensors for mlx-lm",
    .source = "https://github.com/ml-explore/mlx-lm",
    .ending = "",
    .folder = true,
    .default_scheme = "int4-g32",
    .folded_dtype = source_dtype_stays,
    .plan = plan,
    .options = {kMaxShardSize},
};

}  // namespace kerf::emit
