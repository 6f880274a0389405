#include "quant/ledger.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <fmt/format.h>

namespace kerf::quant {
namespace {

struct Tally {
  std::ptrdiff_t count = 0;
  const SiteReport* first = nullptr;
};

template <typename Predicate>
Tally tally(std::span<const SiteReport> ledger, const Predicate& counts) {
  Tally result;
  for (const SiteReport& site : ledger) {
    if (site.transform || site.note.empty() || !counts(site)) continue;
    if (result.count++ == 0) result.first = &site;
  }
  return result;
}

std::ptrdiff_t weights_in(std::span<const SiteReport> ledger) {
  return std::count_if(ledger.begin(), ledger.end(), [](const SiteReport& site) { return !site.transform; });
}

/// Where transforms could not do what was asked of them, a sentence for each transform.
void add_transform_notes(std::span<const SiteReport> ledger, std::vector<std::string>& notes) {
  std::map<std::string, Tally> failed;
  std::map<std::string, std::ptrdiff_t> places;
  for (const SiteReport& site : ledger) {
    if (!site.transform) continue;
    ++places[site.method];
    if (site.fallback && failed[site.method].count++ == 0) failed[site.method].first = &site;
  }
  for (const auto& [name, failures] : failed) {
    notes.push_back(fmt::format("{} at {} of {} places: {}; first {}", name, failures.count, places[name],
                                failures.first->note, failures.first->name));
  }
}

/// How many values became zero, and what that saves.
void add_pruning_note(std::span<const SiteReport> ledger, std::vector<std::string>& notes) {
  std::ptrdiff_t pruned = 0;
  double zeros = 0, least = 1, most = 0;
  for (const SiteReport& site : ledger) {
    if (site.pruning.empty()) continue;
    ++pruned;
    zeros += site.zeros;
    least = std::min(least, site.zeros);
    most = std::max(most, site.zeros);
  }
  if (pruned == 0) return;
  notes.push_back(
      fmt::format("{} of {} weights were pruned: {:.1f} % of a weight's values are zero on average, from {:.1f} to "
                  "{:.1f} %; the formats written here store zeros like other values, so they save no bytes",
                  pruned, weights_in(ledger), 100 * zeros / static_cast<double>(pruned), 100 * least, 100 * most));
}

}  // namespace

std::vector<std::string> ledger_notes(std::span<const SiteReport> ledger) {
  const auto weights = weights_in(ledger);
  std::vector<std::string> notes;
  const Tally reverted = tally(ledger, [](const SiteReport& site) { return site.reverted; });
  if (reverted.count > 0) {
    notes.push_back(
        fmt::format("{} of {} weights: the method gave way to a simpler one for its error on the held-out "
                    "share of the text; first {}: {}",
                    reverted.count, weights, reverted.first->name, reverted.first->note));
  }
  const Tally given_way = tally(ledger, [](const SiteReport& site) { return site.fallback && !site.reverted; });
  if (given_way.count > 0) {
    notes.push_back(fmt::format("{} of {} weights: {} in place of the method asked for; first {}: {}", given_way.count,
                                weights, given_way.first->method, given_way.first->name, given_way.first->note));
  }
  const Tally noted = tally(ledger, [](const SiteReport& site) { return !site.fallback; });
  if (noted.count > 0) {
    notes.push_back(
        fmt::format("{} of {} weights: {}; first {}", noted.count, weights, noted.first->note, noted.first->name));
  }
  add_transform_notes(ledger, notes);
  add_pruning_note(ledger, notes);
  return notes;
}

std::string held_out_summary(std::span<const SiteReport> ledger) {
  double logs = 0, learned_logs = 0;
  std::ptrdiff_t count = 0;
  for (const SiteReport& site : ledger) {
    if (site.held_out_tokens == 0 || !(site.held_out_rtn > 0) || !(site.held_out_objective > 0)) continue;
    if (!(site.objective > 0) || !(site.rtn_objective > 0)) continue;
    logs += std::log(site.held_out_objective / site.held_out_rtn);
    learned_logs += std::log(site.objective / site.rtn_objective);
    ++count;
  }
  if (count == 0) return "";
  const auto mean = [&](double sum) { return std::exp(sum / static_cast<double>(count)); };
  return fmt::format(
      "output error of {} weights, geometric mean: {:.3f} times that of rtn on the text, {:.3f} on a share that was "
      "held "
      "out while the method was tried",
      count, mean(learned_logs), mean(logs));
}

}  // namespace kerf::quant
