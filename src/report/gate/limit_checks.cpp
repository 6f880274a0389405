// Limits on single figures.
#include <cmath>

#include <fmt/format.h>

#include "report/gate/checks.h"

namespace kerf::report {
namespace {

/// A finite figure of a candidate, or of its interval.
std::optional<double> number_at(const Json* value) {
  if (value == nullptr || !value->is_number() || !std::isfinite(value->as_double())) return std::nullopt;
  return value->as_double();
}

std::optional<double> bound_of(const Json& candidate, const Limit& limit) {
  if (limit.bound == Bound::kValue) return number_at(candidate.find(limit.metric->key));
  const Json* intervals = candidate.find("intervals");
  const Json* interval = intervals == nullptr ? nullptr : intervals->find(limit.metric->key);
  if (interval == nullptr) return std::nullopt;
  return number_at(interval->find(limit.bound == Bound::kLower ? "low" : "high"));
}

std::string bound_text(Bound bound) {
  return bound == Bound::kLower ? " (lower bound)" : bound == Bound::kUpper ? " (upper bound)" : "";
}

/// Sets the outcome to kNotChecked with a reason.
GateCheck& leave(GateCheck& check, std::string reason) {
  check.outcome = CheckOutcome::kNotChecked;
  check.reason = std::move(reason);
  return check;
}

std::string why_missing(const Json& candidate, const Limit& limit) {
  const std::string key(limit.metric->key);
  const Json* value = candidate.find(key);
  if (value == nullptr) return fmt::format("the report has no {} for it", key);
  if (!number_at(value)) return fmt::format("{} is not a finite number in the report", key);
  return fmt::format("the report has no 95% interval of {}: it has none, or the text is too short", key);
}

/// Is a threshold so near to no drift at all that the evaluator's own noise would decide?
std::optional<std::string> below_noise(const Limit& limit, double threshold, const MeasuredReport& report) {
  if (limit.metric->floor == Floor::kNone) return std::nullopt;
  const auto floor = floor_of(*limit.metric, report.noise_floor);
  if (!floor) return "the report has no noise floor to hold the threshold against";
  const double distance = std::abs(threshold - limit.metric->at_rest);
  if (distance >= *floor) return std::nullopt;
  return fmt::format("the threshold {:.6g} is {:.2e} from no drift at all, below the noise floor {:.2e}", threshold,
                     distance, *floor);
}

GateCheck compare(const Limit& limit, const Json& candidate, const MeasuredReport& report, double threshold,
                  bool is_max) {
  GateCheck check;
  check.limit = fmt::format("{} {:.8g}{}", is_max ? "at most" : "at least", threshold, bound_text(limit.bound));
  check.found = bound_of(candidate, limit);
  if (!check.found) return leave(check, why_missing(candidate, limit));
  if (auto noise = below_noise(limit, threshold, report)) return leave(check, std::move(*noise));
  const bool holds = is_max ? *check.found <= threshold : *check.found >= threshold;
  check.outcome = holds ? CheckOutcome::kPassed : CheckOutcome::kFailed;
  if (!holds) check.reason = fmt::format("found {:.8g}, {}", *check.found, check.limit);
  return check;
}

GateCheck compare_change(const Limit& limit, const Json& candidate, const Json* baseline, const Change& change,
                         bool is_increase) {
  GateCheck check;
  const std::string amount =
      change.relative ? fmt::format("{:.6g}%", 100 * change.amount) : fmt::format("{:.8g}", change.amount);
  check.limit =
      fmt::format("at most {} {} than the baseline{}", amount, is_increase ? "more" : "less", bound_text(limit.bound));
  check.found = bound_of(candidate, limit);
  if (!check.found) return leave(check, why_missing(candidate, limit));
  const auto before = baseline == nullptr ? std::nullopt : number_at(baseline->find(limit.metric->key));
  if (!before) return leave(check, fmt::format("the baseline has no {} for it", limit.metric->key));
  const double allowed = change.relative ? change.amount * std::abs(*before) : change.amount;
  const double threshold = is_increase ? *before + allowed : *before - allowed;
  const bool holds = is_increase ? *check.found <= threshold : *check.found >= threshold;
  check.outcome = holds ? CheckOutcome::kPassed : CheckOutcome::kFailed;
  if (!holds)
    check.reason = fmt::format("found {:.8g}, {:.8g} in the baseline, {}", *check.found, *before, check.limit);
  return check;
}

}  // namespace

std::vector<GateCheck> check_limit(const Limit& limit, const Json& candidate, const MeasuredReport& report,
                                   const Json* baseline) {
  std::vector<GateCheck> checks;
  if (limit.max) checks.push_back(compare(limit, candidate, report, *limit.max, true));
  if (limit.min) checks.push_back(compare(limit, candidate, report, *limit.min, false));
  if (limit.max_increase) checks.push_back(compare_change(limit, candidate, baseline, *limit.max_increase, true));
  if (limit.max_decrease) checks.push_back(compare_change(limit, candidate, baseline, *limit.max_decrease, false));
  for (GateCheck& check : checks) {
    check.candidate = candidate.find("spec")->as_string();
    check.metric = limit.metric->key;
    check.line = limit.line;
  }
  return checks;
}

GateCheck check_text(const Policy& policy, const Json& candidate, const MeasuredReport& report) {
  // Lines of a classifier are independent; tokens are not.
  constexpr std::int64_t kFewestTokens = 1000, kFewestLines = 100;
  const Json* protocol = report.text.find("protocol");
  const bool by_line = protocol != nullptr && protocol->is_string() && protocol->as_string() == "lines";
  const std::int64_t least = policy.min_tokens.value_or(by_line ? kFewestLines : kFewestTokens);
  const std::int64_t scored = candidate.find("tokens_scored")->as_int64();
  GateCheck check{.candidate = candidate.find("spec")->as_string(), .metric = "text"};
  check.limit = fmt::format("at least {} {} scored", least, by_line ? "lines" : "tokens");
  check.found = static_cast<double>(scored);
  check.outcome = scored >= least ? CheckOutcome::kPassed : CheckOutcome::kInconclusive;
  if (scored < least) check.reason = fmt::format("too little text: {} scored, {}", scored, check.limit);
  return check;
}

}  // namespace kerf::report
