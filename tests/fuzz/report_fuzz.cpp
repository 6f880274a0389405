// Reports that the gate reads, as the candidate and as the baseline.

#include <cstdint>

#include "core/error.h"
#include "report/gate/checks.h"
#include "report/gate/document.h"
#include "report/gate/gate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kerf;
  static const report::Policy policy = report::parse_policy(
      "limits: {kl_mean: {max: 0.01, bound: upper}, bytes: {max_increase: 1%}, top1_agreement: {min: 1}}\n"
      "baseline: b\n",
      "policy.yaml");
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const report::MeasuredReport measured = report::measured_report(Json::parse(text, "report.json"), "report.json");
    GateResult result;
    for (const Json& candidate : measured.candidates) {
      const auto add = [&](std::vector<GateCheck> checks) {
        result.checks.insert(result.checks.end(), checks.begin(), checks.end());
      };
      add({report::check_text(policy, candidate, measured)});
      for (const report::Limit& limit : policy.limits) add(report::check_limit(limit, candidate, measured, &candidate));
      add(report::check_baseline(policy, candidate, measured, measured));
    }
    for (const report::GateDocument* document : report::gate_documents()) document->write(result);
  } catch (const Error&) {
  }
  return 0;
}
