// SARIF 2.1.0 (OASIS), as code scanning services take it: a result a check that did not pass, at the policy's line.

#include <set>

#include "core/json_strings.h"
#include "report/gate/document.h"
#include "report/metrics.h"

namespace kerf::report {
namespace {

Json::Object text_object(const std::string& text) {
  Json::Object out;
  out.set("text", utf8_text(text));
  return out;
}

/// A path as the reference of a URI: what is not allowed in one as %XX.
std::string uri_of(const std::string& path) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

Json::Array rules_of(const GateResult& result) {
  Json::Array rules;
  std::set<std::string> seen;
  for (const GateCheck& check : result.checks) {
    if (!seen.insert(check.metric).second) continue;
    Json::Object rule;
    rule.set("id", check.metric);
    const Metric* metric = find_metric(check.metric);
    rule.set("shortDescription",
             text_object(metric != nullptr ? std::string(metric->summary) : "enough text to decide"));
    rules.emplace_back(std::move(rule));
  }
  return rules;
}

Json::Object location_of(const GateResult& result, const GateCheck& check) {
  Json::Object artifact, region, physical, logical, location;
  artifact.set("uri", uri_of(result.policy));
  region.set("startLine", check.line);
  physical.set("artifactLocation", std::move(artifact));
  physical.set("region", std::move(region));
  logical.set("name", utf8_text(check.candidate));
  location.set("physicalLocation", std::move(physical));
  location.set("logicalLocations", Json::Array{Json(std::move(logical))});
  return location;
}

std::string write(const GateResult& result) {
  Json::Array results;
  for (const GateCheck& check : result.checks) {
    if (check.outcome == CheckOutcome::kPassed) continue;
    Json::Object entry;
    entry.set("ruleId", check.metric);
    entry.set("level", "error");
    entry.set("message", text_object(check.candidate + ": " + check.metric + " " + outcome_name(check.outcome) + ": " +
                                     check.reason));
    entry.set("locations", Json::Array{Json(location_of(result, check))});
    results.emplace_back(std::move(entry));
  }
  Json::Object driver, tool, run, out;
  driver.set("name", "kerf");
  driver.set("version", result.version);
  driver.set("rules", rules_of(result));
  tool.set("driver", std::move(driver));
  run.set("tool", std::move(tool));
  run.set("results", std::move(results));
  out.set("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  out.set("version", "2.1.0");
  out.set("runs", Json::Array{Json(std::move(run))});
  return Json(std::move(out)).dump(2) + "\n";
}

}  // namespace

const GateDocument& sarif_gate_writer() {
  static const GateDocument document{.name = "sarif", .summary = "SARIF 2.1.0, for code scanning", .write = write};
  return document;
}

}  // namespace kerf::report
