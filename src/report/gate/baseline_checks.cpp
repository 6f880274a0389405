// A candidate against a stored report of an earlier one.
#include <cmath>

#include <fmt/format.h>

#include "eval/estimate.h"
#include "report/gate/checks.h"

namespace kerf::report {
namespace {

/// Means of the windows of a candidate, with how many tokens each is of.
struct Windows {
  std::vector<double> values;
  std::vector<std::int64_t> tokens;
};

std::optional<Windows> windows_of(const Json& candidate, const std::string& figure) {
  const Json* profile = candidate.find("by_window");
  if (profile == nullptr) return std::nullopt;
  const Json *values = profile->find(figure), *tokens = profile->find("tokens");
  if (values == nullptr || tokens == nullptr || !values->is_array() || !tokens->is_array()) return std::nullopt;
  if (values->as_array().size() != tokens->as_array().size() || values->as_array().empty()) return std::nullopt;
  Windows windows;
  for (const Json& value : values->as_array()) {
    if (!value.is_number() || !std::isfinite(value.as_double())) return std::nullopt;
    windows.values.push_back(value.as_double());
  }
  for (const Json& count : tokens->as_array()) {
    if (!count.is_integer() || count.as_double() < 1 || count.as_double() > 1e12) return std::nullopt;
    windows.tokens.push_back(count.as_int64());
  }
  return windows;
}

bool same_text(const MeasuredReport& a, const MeasuredReport& b) {
  const Json *mine = a.text.find("sha256"), *theirs = b.text.find("sha256");
  return mine != nullptr && theirs != nullptr && mine->is_string() && theirs->is_string() &&
         mine->as_string() == theirs->as_string();
}

/// The mean difference with windows as batches: their means, weighted by their tokens.
std::optional<Estimate> paired_difference(const Windows& mine, const Windows& theirs) {
  if (mine.tokens != theirs.tokens) return std::nullopt;
  std::vector<double> sums, counts;
  for (std::size_t w = 0; w < mine.values.size(); ++w) {
    counts.push_back(static_cast<double>(mine.tokens[w]));
    sums.push_back(counts.back() * (mine.values[w] - theirs.values[w]));
  }
  return eval::estimate_from_sums(sums, counts);
}

/// Not worse by more than the margin: the whole interval must be below it.
void decide(GateCheck& check, const Estimate& difference, double margin, std::int64_t tokens) {
  const std::string found = fmt::format("{:+.6f} nats per token (95% interval {:+.6f} to {:+.6f})", difference.value,
                                        difference.low, difference.high);
  if (difference.high <= margin) {
    check.outcome = CheckOutcome::kPassed;
  } else if (difference.low > margin) {
    check.outcome = CheckOutcome::kFailed;
    check.reason = "worse than the baseline by " + found;
  } else {
    check.outcome = CheckOutcome::kInconclusive;
    const double room = std::abs(margin - difference.value), half = difference.high - difference.value;
    const double more = static_cast<double>(tokens) * (half * half / (room * room) - 1);
    check.reason = fmt::format(
        "cannot tell: {} from the baseline, {}", found,
        more > 0 && more < 1e12 ? fmt::format("about {:.2g} more tokens needed", more) : "the text is too short");
  }
}

GateCheck check_figure(const std::string& figure, const std::string& metric, const Json& candidate,
                       const Json* baseline, double margin, bool comparable) {
  GateCheck check;
  check.metric = metric;
  check.limit = fmt::format("not worse than the baseline by more than {:.6g} nats per token", margin);
  if (baseline == nullptr) {
    check.reason = "the baseline has no candidate of that name";
  } else if (!comparable) {
    check.reason = "the baseline was measured on another text, or cut in another way";
  } else {
    const auto mine = windows_of(candidate, figure), theirs = windows_of(*baseline, figure);
    const auto difference = mine && theirs ? paired_difference(*mine, *theirs) : std::nullopt;
    if (difference) {
      check.found = difference->value;
      decide(check, *difference, margin, candidate.find("tokens_scored")->as_int64());
    } else {
      check.reason = fmt::format("the report or the baseline has too few windows with {}", figure);
    }
  }
  return check;
}

}  // namespace

std::vector<GateCheck> check_baseline(const Policy& policy, const Json& candidate, const MeasuredReport& report,
                                      const MeasuredReport& baseline) {
  constexpr double kMargin = 0.005;
  const double margin = policy.margin.value_or(report.margin > 0 ? report.margin : kMargin);
  const std::string spec = candidate.find("spec")->as_string();
  const Json* before = baseline.find(spec);
  const bool comparable = same_text(report, baseline);
  std::vector<GateCheck> checks;
  const bool has_nll = candidate.find("by_window") != nullptr && candidate.find("by_window")->contains("nll");
  if (has_nll) checks.push_back(check_figure("nll", "perplexity", candidate, before, margin, comparable));
  checks.push_back(check_figure("kl", "kl_mean", candidate, before, margin, comparable));
  for (GateCheck& check : checks) {
    check.candidate = spec;
    check.line = policy.baseline_line;
  }
  return checks;
}

}  // namespace kerf::report
