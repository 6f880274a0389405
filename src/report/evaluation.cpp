#include "report/evaluation.h"

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/statistics_json.h"
#include "report/table.h"
#include "report/verdict.h"
#include "report/worst.h"

namespace kerf::report {
namespace {

std::string size_text(const Measurement& m) {
  return fmt::format("{} ({}, {} bits per weight)", printable(m.spec), human_bytes(m.bytes),
                     fixed(m.bits_per_weight, 2));
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
  if (m.word_perplexity) {
    facts.row({whose + "word perplexity", fixed(*m.word_perplexity, 4)});
    facts.row({whose + "byte perplexity", fixed(m.byte_perplexity.value_or(0), 6)});
    facts.row({whose + "bits per byte", fixed(m.bits_per_byte.value_or(0), 6)});
  }
  if (m.entropy) facts.row({whose + "entropy", fixed(*m.entropy, 4) + " nats per line"});
}

void add_likelihood(Table& facts, const Measurement& m) {
  if (!m.likelihood) return;
  const LikelihoodChange& change = *m.likelihood;
  facts.row({"ln(perplexity ratio)", with_error(change.log_ratio, change.log_ratio_error, 6)});
  facts.row({"perplexity ratio", with_error(change.ratio, change.ratio_error, 6)});
  facts.row({"perplexity difference", with_error(change.difference, change.difference_error, 6)});
  facts.row({"correlation of ln(p)", percent(change.correlation)});
}

/// Every figure that llama.cpp's --kl-divergence prints of a series, and the interval.
void add_kl(Table& facts, const std::string& name, const Spread& kl, const std::string& unit,
            const Estimate* interval) {
  facts.row({name + " mean", with_error(kl.mean, kl.mean_error, 6) + unit});
  if (interval != nullptr) {
    facts.row({name + " mean, 95% interval", fmt::format("{} to {}", nats(interval->low), nats(interval->high))});
  }
  const std::pair<const char*, double> figures[] = {
      {" max", kl.max},       {" 99.9%", kl.p999}, {" 99%", kl.p99}, {" 95%", kl.p95}, {" 90%", kl.p90},
      {" median", kl.median}, {" 10%", kl.p10},    {" 5%", kl.p05},  {" 1%", kl.p01},  {" min", kl.min}};
  for (const auto& [which, value] : figures) facts.row({name + which, nats(value)});
}

void add_delta_p(Table& facts, const Measurement& m) {
  if (m.delta_p_rms) {
    facts.row({"RMS delta p",
               fmt::format("{} \u00B1 {}", percent(*m.delta_p_rms), percent(m.delta_p_rms_error.value_or(0)))});
  }
  if (!m.delta_p) return;
  const Spread& d = *m.delta_p;
  facts.row({"delta p mean", fmt::format("{} \u00B1 {}", percent(d.mean), percent(d.mean_error))});
  const std::pair<const char*, double> figures[] = {
      {"max", d.max}, {"99.9%", d.p999},    {"99%", d.p99}, {"95%", d.p95}, {"90%", d.p90},
      {"75%", d.p75}, {"median", d.median}, {"25%", d.p25}, {"10%", d.p10}, {"5%", d.p05},
      {"1%", d.p01},  {"0.1%", d.p001},     {"min", d.min}};
  for (const auto& [which, value] : figures) facts.row({std::string("delta p ") + which, percent(value)});
}

void add_drift(Table& facts, const Evaluation& evaluation) {
  const Measurement& m = evaluation.candidate;
  const std::string unit = evaluation.text.by_line ? " nats per line" : " nats per token";
  add_likelihood(facts, m);
  const auto interval = m.intervals.find("kl_mean");
  if (m.kl) add_kl(facts, "KL", *m.kl, unit, interval == m.intervals.end() ? nullptr : &interval->second);
  if (m.reverse_kl) add_kl(facts, "reverse KL", *m.reverse_kl, unit, nullptr);
  if (m.top1_agreement) {
    facts.row({"top-1 agreement",
               fmt::format("{} \u00B1 {}", percent(*m.top1_agreement), percent(m.top1_error.value_or(0)))});
  }
  if (m.top5_agreement) facts.row({"top-5 agreement", percent(*m.top5_agreement)});
  add_delta_p(facts, m);
  if (m.judgement && m.perplexity) facts.row({"perplexity change", change_with_interval(*m.judgement)});
  if (m.judgement) {
    facts.row({"verdict", fmt::format("{} (margin {})", verdict_text(*m.judgement), percent(evaluation.margin))});
  }
  if (evaluation.noise_floor) facts.row({"noise floor", noise_floor_text(*evaluation.noise_floor)});
}

}  // namespace

Json to_json(const Evaluation& evaluation) {
  Json::Object out = measurement_json(evaluation.candidate);
  out.set("text", text_figures_json(evaluation.text));
  if (evaluation.reference) out.set("reference", measurement_json(*evaluation.reference));
  if (evaluation.noise_floor) out.set("noise_floor", noise_floor_json(*evaluation.noise_floor));
  if (evaluation.reference) out.set("margin", evaluation.margin);
  out.set("provenance", provenance_json(evaluation.provenance));
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
    add_drift(facts, evaluation);
  }
  add_text_figures(facts, evaluation.text);
  facts.row({"time", duration(m.seconds)});
  facts.row({"peak memory", human_bytes(m.peak_ram_bytes)});
  std::string out = facts.text();
  if (!m.classes.empty())
    out += "\n" + classes_text(m.classes, evaluation.reference ? &evaluation.reference->classes : nullptr);
  if (!m.worst.empty()) out += "\n" + worst_text(m.worst) + "\n";
  out += notes_text(evaluation.text.notes);
  if (evaluation.reference) out += notes_text(evaluation.reference->notes);
  return out + notes_text(m.notes);
}

}  // namespace kerf::report
