#include "report/evaluation.h"

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {
namespace {

std::string size_text(const Measurement& m) {
  return fmt::format("{} ({}, {} bits per weight)", printable(m.spec), human_bytes(m.bytes),
                     fixed(m.bits_per_weight, 2));
}

std::string kl_text(const Measurement& m) {
  return m.kl_stderr ? with_error(*m.kl_mean, *m.kl_stderr, 6) : nats(*m.kl_mean);
}

std::string optional_text(const std::optional<double>& value, const std::optional<double>& error, int decimals) {
  if (!value) return "-";
  return error ? with_error(*value, *error, decimals) : fixed(*value, decimals);
}

/// What a model says by itself; `whose` is "" or "its ".
void add_own(Table& facts, const TextFigures& text, const Measurement& m, const std::string& whose) {
  if (m.perplexity) facts.row({whose + text.figure, optional_text(m.perplexity, m.perplexity_stderr, 4)});
  if (m.accuracy) {
    facts.row({whose + "accuracy",
               fmt::format("{} \u00B1 {}", percent(*m.accuracy), percent(m.accuracy_stderr.value_or(0)))});
  }
  if (m.entropy) facts.row({whose + "entropy", fixed(*m.entropy, 4) + " nats per line"});
}

void add_drift(Table& facts, const TextFigures& text, const Measurement& m) {
  if (m.kl_mean) facts.row({"KL mean", kl_text(m) + (text.by_line ? " nats per line" : " nats per token")});
  facts.row({"KL median", or_dash(m.kl_median, nats)});
  facts.row({"KL 90%", or_dash(m.kl_p90, nats)});
  facts.row({"KL 99%", or_dash(m.kl_p99, nats)});
  facts.row({"KL 99.9%", or_dash(m.kl_p999, nats)});
  facts.row({"KL max", or_dash(m.kl_max, nats)});
  facts.row({"top-1 agreement", or_dash(m.top1_agreement, percent)});
  if (m.classes.empty()) facts.row({"top-5 agreement", or_dash(m.top5_agreement, percent)});
  if (m.delta_p_rms || m.classes.empty()) facts.row({"RMS delta p", or_dash(m.delta_p_rms, percent)});
}

}  // namespace

Json to_json(const Evaluation& evaluation) {
  Json::Object out = measurement_json(evaluation.candidate);
  out.set("text", text_figures_json(evaluation.text));
  if (evaluation.reference) out.set("reference", measurement_json(*evaluation.reference));
  return out;
}

std::string to_text(const Evaluation& evaluation) {
  const Measurement& m = evaluation.candidate;
  Table facts;
  facts.column("").column("");
  facts.row({"model", size_text(m)});
  add_own(facts, evaluation.text, m, "");
  if (evaluation.reference) {
    const Measurement& reference = *evaluation.reference;
    facts.row({"reference", size_text(reference)});
    add_own(facts, evaluation.text, reference, "its ");
    add_drift(facts, evaluation.text, m);
  }
  add_text_figures(facts, evaluation.text);
  facts.row({"time", duration(m.seconds)});
  facts.row({"peak memory", human_bytes(m.peak_ram_bytes)});
  std::string out = facts.text();
  if (!m.classes.empty())
    out += "\n" + classes_text(m.classes, evaluation.reference ? &evaluation.reference->classes : nullptr);
  out += notes_text(evaluation.text.notes);
  if (evaluation.reference) out += notes_text(evaluation.reference->notes);
  return out + notes_text(m.notes);
}

}  // namespace kerf::report
