#include "report/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/statistics_json.h"
#include "report/table.h"
#include "report/verdict.h"

namespace kerf::report {
namespace {

std::string kl_cell(const Measurement& m) { return m.kl ? with_error(m.kl->mean, m.kl->mean_error, 6) : "-"; }

/// Does any candidate count its bytes in another format than the others?
bool formats_differ(const Comparison& comparison) {
  const auto& candidates = comparison.candidates;
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](const Measurement& m) { return m.bytes_as != candidates.front().bytes_as; });
}

/// What the model says by itself: a perplexity, or of a classifier the accuracy or the entropy of its distributions.
std::string own_heading(const Comparison& comparison) {
  if (!comparison.text.by_line) return comparison.text.figure;
  return comparison.reference.accuracy ? "accuracy" : "entropy (nats)";
}

std::string own_cell(const Measurement& m) {
  if (m.perplexity) return with_error(*m.perplexity, m.perplexity_stderr.value_or(0), 4);
  if (m.accuracy) return fmt::format("{} \u00B1 {}", percent(*m.accuracy), percent(m.accuracy_stderr.value_or(0)));
  return m.entropy ? fixed(*m.entropy, 4) : "-";
}

std::vector<std::string> cells(const Measurement& m, const std::string& name, bool with_format, bool with_change) {
  std::vector<std::string> row = {name, human_bytes(m.bytes)};
  if (with_format) row.push_back(m.bytes_as.empty() ? "-" : m.bytes_as);
  row.push_back(fixed(m.bits_per_weight, 2));
  row.push_back(own_cell(m));
  if (with_change) row.push_back(m.judgement ? change_with_interval(*m.judgement) : "-");
  row.push_back(kl_cell(m));
  row.push_back(or_dash(m.top1_agreement, percent));
  row.push_back(fixed(m.seconds, 1));
  if (with_change) row.push_back(m.judgement ? verdict_text(*m.judgement) : "");
  return row;
}

/// Is a change of the perplexity known?
bool has_changes(const Comparison& comparison) {
  const auto& candidates = comparison.candidates;
  return std::any_of(candidates.begin(), candidates.end(),
                     [](const Measurement& m) { return m.judgement && m.perplexity; });
}

std::string kl_difference(const PairedDifference& pair) {
  if (!pair.kl) return "-";
  const Estimate& d = pair.kl->difference;
  const std::string value = (d.value < 0 ? "" : "+") + nats(d.value);
  return std::isfinite(d.error) ? fmt::format("{} \u00B1 {}", value, nats((d.high - d.low) / 2)) : value;
}

/// Pairs that a reader can still take in; of more, only those of neighbours are printed.
constexpr std::size_t kMostPairs = 6;

/// The place of each candidate by KL divergence, or without it by perplexity; last where that is no number.
std::map<std::string, int> ranks_of(const std::vector<Measurement>& candidates) {
  constexpr double kLast = std::numeric_limits<double>::infinity();
  std::vector<std::pair<double, std::string>> order;
  for (const Measurement& m : candidates) {
    const double figure = m.kl ? m.kl->mean : m.perplexity.value_or(kLast);
    order.emplace_back(std::isnan(figure) ? kLast : figure, m.spec);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::map<std::string, int> ranks;
  for (const auto& [figure, spec] : order) ranks.emplace(spec, static_cast<int>(ranks.size()));
  return ranks;
}

/// All pairs, or of many those of candidates that follow each other by rank: which steps of the ladder are real.
std::vector<PairedDifference> pairs_to_print(const Comparison& comparison) {
  std::vector<PairedDifference> pairs = comparison.pairs;
  if (pairs.size() <= kMostPairs) return pairs;
  const std::map<std::string, int> ranks = ranks_of(comparison.candidates);
  const auto rank_of = [&](const std::string& spec) { return ranks.at(spec); };
  const auto far = [&](const PairedDifference& p) { return std::abs(rank_of(p.spec) - rank_of(p.other)) != 1; };
  pairs.erase(std::remove_if(pairs.begin(), pairs.end(), far), pairs.end());
  const auto lower = [&](const PairedDifference& p) { return std::min(rank_of(p.spec), rank_of(p.other)); };
  std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) { return lower(a) < lower(b); });
  return pairs;
}

/// Candidates against each other, if there are several.
std::string pairs_text(const Comparison& comparison) {
  if (comparison.pairs.empty()) return "";
  const std::vector<PairedDifference> pairs = pairs_to_print(comparison);
  using Align = Table::Align;
  Table table;
  table.column("candidate").column("against").column("perplexity (95%)", Align::kRight).column("");
  table.column("KL mean (95%)", Align::kRight).column("");
  for (const PairedDifference& pair : pairs) {
    table.row({printable(pair.spec), printable(pair.other),
               pair.log_perplexity ? change_with_interval(*pair.log_perplexity) : "-",
               pair.log_perplexity ? verdict_text(*pair.log_perplexity) : "", kl_difference(pair),
               pair.kl ? verdict_text(*pair.kl) : ""});
  }
  std::string out = table.text();
  if (pairs.size() < comparison.pairs.size()) {
    out += fmt::format("(each beside the next by KL divergence; --json and --html have all {} pairs)\n",
                       comparison.pairs.size());
  }
  return out + "\n";
}

std::string ladder(const Comparison& comparison, bool with_format) {
  using Align = Table::Align;
  Table table;
  const bool with_change = has_changes(comparison);
  table.column("candidate").column("bytes", Align::kRight);
  if (with_format) table.column("as");
  table.column("bits/weight", Align::kRight).column(own_heading(comparison), Align::kRight);
  if (with_change) table.column("change (95%)", Align::kRight);
  table.column("KL mean (nats)", Align::kRight).column("top-1", Align::kRight).column("seconds", Align::kRight);
  if (with_change) table.column("verdict");
  table.row(cells(comparison.reference, "reference", with_format, with_change));
  for (const Measurement& m : comparison.candidates) table.row(cells(m, printable(m.spec), with_format, with_change));
  return table.text();
}

std::uint64_t peak_ram(const Comparison& comparison) {
  std::uint64_t peak = comparison.reference.peak_ram_bytes;
  for (const Measurement& m : comparison.candidates) peak = std::max(peak, m.peak_ram_bytes);
  return peak;
}

std::string notes(const Comparison& comparison) {
  std::string out = notes_text(comparison.text.notes) + notes_text(comparison.reference.notes);
  for (const Measurement& m : comparison.candidates) {
    for (const std::string& note : m.notes) out += notes_text({m.spec + ": " + note});
  }
  return out;
}

}  // namespace

Json to_json(const Comparison& comparison) {
  Json::Object out;
  out.set("text", text_figures_json(comparison.text));
  out.set("reference", measurement_json(comparison.reference));
  Json::Array candidates;
  for (const Measurement& m : comparison.candidates) candidates.emplace_back(measurement_json(m));
  out.set("candidates", std::move(candidates));
  if (!comparison.pairs.empty()) out.set("pairs", pairs_json(comparison.pairs));
  if (comparison.noise_floor) out.set("noise_floor", noise_floor_json(*comparison.noise_floor));
  out.set("margin", comparison.margin);
  out.set("provenance", provenance_json(comparison.provenance));
  return out;
}

std::string to_text(const Comparison& comparison) {
  const bool with_format = formats_differ(comparison);
  std::string out = ladder(comparison, with_format) + "\n" + pairs_text(comparison);
  Table facts;
  facts.column("").column("");
  facts.row({"reference", printable(comparison.reference.spec)});
  add_text_figures(facts, comparison.text);
  if (!with_format && !comparison.candidates.empty() && !comparison.candidates.front().bytes_as.empty()) {
    facts.row({"bytes", "of the files as " + comparison.candidates.front().bytes_as});
  }
  if (comparison.margin > 0) {
    facts.row({"margin", fmt::format("{} of the perplexity, {} nats of KL", percent(comparison.margin),
                                     fixed(comparison.margin, 4))});
  }
  if (comparison.noise_floor) facts.row({"noise floor", noise_floor_text(*comparison.noise_floor)});
  facts.row({"peak memory", human_bytes(peak_ram(comparison))});
  out += facts.text();
  if (!comparison.reference.classes.empty()) out += "\n" + classes_text(comparison.reference.classes, nullptr);
  return out + notes(comparison);
}

}  // namespace kerf::report
