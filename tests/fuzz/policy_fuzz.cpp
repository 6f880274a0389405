// Policies of the gate in YAML, checked against a small report.

#include <cstdint>

#include "core/error.h"
#include "report/gate/gate.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kerf;
  static const report::MeasuredReport measured = report::measured_report(
      Json::parse(R"({"text": {"sha256": "a"}, "spec": "int8", "tokens_scored": 2000, "kl_mean": 0.01, "bytes": 7,
                      "noise_floor": {"kl_mean": 1e-9}, "intervals": {"kl_mean": {"low": 0.009, "high": 0.011}}})",
                  "report.json"),
      "report.json");
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    report::Policy policy = report::parse_policy(text, "policy.yaml");
    policy.baseline.clear();
    report::run_checks(policy, measured);
  } catch (const Error&) {
  }
  return 0;
}
