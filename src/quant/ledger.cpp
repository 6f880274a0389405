#include "quant/ledger.h"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

namespace kerf::quant {
namespace {

struct Tally {
  std::ptrdiff_t count = 0;
  const SiteReport* first = nullptr;
};

Tally tally(std::span<const SiteReport> ledger, bool fallback) {
  Tally result;
  for (const SiteReport& site : ledger) {
    if (site.transform || site.note.empty() || site.fallback != fallback) continue;
    if (result.count++ == 0) result.first = &site;
  }
  return result;
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
  for (const auto& [name, tally] : failed) {
    notes.push_back(fmt::format("{} at {} of {} places: {}; first {}", name, tally.count, places[name],
                                tally.first->note, tally.first->name));
  }
}

}  // namespace

std::vector<std::string> ledger_notes(std::span<const SiteReport> ledger) {
  const auto weights = std::count_if(ledger.begin(), ledger.end(), [](const SiteReport& s) { return !s.transform; });
  std::vector<std::string> notes;
  if (const Tally given_way = tally(ledger, true); given_way.count > 0) {
    notes.push_back(fmt::format("{} of {} weights: {} in place of the method asked for; first {}: {}", given_way.count,
                                weights, given_way.first->method, given_way.first->name, given_way.first->note));
  }
  if (const Tally noted = tally(ledger, false); noted.count > 0) {
    notes.push_back(
        fmt::format("{} of {} weights: {}; first {}", noted.count, weights, noted.first->note, noted.first->name));
  }
  add_transform_notes(ledger, notes);
  return notes;
}

}  // namespace kerf::quant
