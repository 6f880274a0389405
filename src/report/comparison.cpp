#include "report/comparison.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {
namespace {

std::string kl_cell(const Measurement& m) {
  if (!m.kl_mean) return "-";
  return m.kl_stderr ? with_error(*m.kl_mean, *m.kl_stderr, 6) : nats(*m.kl_mean);
}

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

std::vector<std::string> cells(const Measurement& m, const std::string& name, bool with_format) {
  std::vector<std::string> row = {name, human_bytes(m.bytes)};
  if (with_format) row.push_back(m.bytes_as.empty() ? "-" : m.bytes_as);
  for (std::string& cell : std::vector<std::string>{fixed(m.bits_per_weight, 2), own_cell(m), kl_cell(m),
                                                    or_dash(m.top1_agreement, percent), fixed(m.seconds, 1)}) {
    row.push_back(std::move(cell));
  }
  return row;
}

std::string ladder(const Comparison& comparison, bool with_format) {
  using Align = Table::Align;
  Table table;
  table.column("candidate").column("bytes", Align::kRight);
  if (with_format) table.column("as");
  table.column("bits/weight", Align::kRight)
      .column(own_heading(comparison), Align::kRight)
      .column("KL mean (nats)", Align::kRight)
      .column("top-1", Align::kRight)
      .column("seconds", Align::kRight);
  table.row(cells(comparison.reference, "reference", with_format));
  for (const Measurement& m : comparison.candidates) table.row(cells(m, printable(m.spec), with_format));
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
  return out;
}

std::string to_text(const Comparison& comparison) {
  const bool with_format = formats_differ(comparison);
  std::string out = ladder(comparison, with_format) + "\n";
  Table facts;
  facts.column("").column("");
  facts.row({"reference", printable(comparison.reference.spec)});
  add_text_figures(facts, comparison.text);
  if (!with_format && !comparison.candidates.empty() && !comparison.candidates.front().bytes_as.empty()) {
    facts.row({"bytes", "of the files as " + comparison.candidates.front().bytes_as});
  }
  facts.row({"peak memory", human_bytes(peak_ram(comparison))});
  out += facts.text();
  if (!comparison.reference.classes.empty()) out += "\n" + classes_text(comparison.reference.classes, nullptr);
  return out + notes(comparison);
}

}  // namespace kerf::report
