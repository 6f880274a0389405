// Tunes scales, minima, norms and biases of the solved candidate against the teacher's distribution: quant/distill.h.
#include "quant/distill.h"

#include <fmt/format.h>

#include "quant/transform.h"

namespace kerf::quant {
namespace {

void tune(TuneContext& context) {
  const DistillReport found =
      distill(context.teacher, context.walker, context.candidate, context.windows, context.budget, {});
  SiteReport report;
  report.name = "the whole model";
  report.method = "distill";
  report.transform = true;
  report.block_error = found.kept ? found.after : found.before;
  report.block_error_rtn = found.before;
  report.note = fmt::format("KL divergence on calibration windows held out {:.4g} -> {:.4g} in {} steps{}",
                            found.before, found.after, found.steps, found.kept ? "" : ": not kept");
  context.candidate.ledger.push_back(std::move(report));
}

}  // namespace

extern const TransformInfo distill_transform;
const TransformInfo distill_transform{
    .name = "distill",
    .summary =
        "after all rounding: scales, minima, norms and biases tuned so that the model's distribution follows the "
        "unquantized one's, or --teacher's",
    .source = "Hinton et al. 2015, arXiv:1503.02531",
    .observers = {},
    .apply = nullptr,
    .tune = tune,
};

}  // namespace kerf::quant
