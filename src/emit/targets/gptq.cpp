#include "core/strings.h"
#include "emit/layout_emission.h"

namespace kerf::emit {
namespace {

/// v1 stores zero points less one, v2 as they are.
constexpr std::string_view kGptqFormat = "gptq-format";

std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions& options) {
  const bool second = to_lower_ascii(option_or(options, kGptqFormat, "v1")) == "v2";
  return plan_layout(second ? "gptq-v2" : "gptq", model, options);
}

}  // namespace

extern const TargetInfo gptq_target;
const TargetInfo gptq_target{
    .name = "gptq",
    .summary = "a folder of safetensors as GPTQModel and AutoGPTQ write it, for transformers and vLLM",
    .source = "https://github.com/ModelCloud/GPTQModel",
    .ending = "",
    .folder = true,
    .default_scheme = "int4-g128",
    .folded_dtype = source_dtype_stays,
    .plan = plan,
    .options = {{.name = kGptqFormat,
                 .value = "VERSION",
                 .summary = "v1 is read everywhere, v2 holds every zero point",
                 .initial = "v1",
                 .values = {"v1", "v2"}},
                kMaxShardSize},
};

}  // namespace kerf::emit
