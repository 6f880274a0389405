#include "quant/ledger.h"

#include <algorithm>

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
  return notes;
}

}  // namespace kerf::quant
