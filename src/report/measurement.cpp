#include "report/measurement.h"

#include <fmt/format.h>

#include "core/json_strings.h"
#include "core/strings.h"
#include "report/figures.h"
#include "report/site_figures.h"
#include "report/statistics_json.h"

namespace kerf::report {
namespace {

std::string whole(std::int64_t count) { return with_commas(static_cast<std::uint64_t>(count < 0 ? 0 : count)); }

Json::Array classes_json(const std::vector<ClassShare>& classes) {
  Json::Array out;
  for (const ClassShare& share : classes) {
    Json::Object entry;
    entry.set("label", utf8_text(share.label));
    entry.set("predicted", share.predicted);
    entry.set("probability", share.probability);
    out.emplace_back(std::move(entry));
  }
  return out;
}

void add_windows(Table& facts, const TextFigures& text) {
  std::string cells = fmt::format("{} of {} tokens each", whole(text.windows), whole(text.context));
  if (text.special > 0) cells += fmt::format(", {} of them special", whole(text.special));
  if (text.runs > text.windows) cells += fmt::format(", {}", counted(text.runs, "run"));
  facts.row({"windows", cells});
  if (text.masked_share > 0) facts.row({"masked", percent(text.masked_share) + " of the text in each run"});
  facts.row({"tokens scored", fmt::format("{} of {}", whole(text.tokens_scored), whole(text.tokens_total))});
}

void add_causal_windows(Table& facts, const TextFigures& text) {
  if (text.documents > 0) {
    facts.row({"documents", fmt::format("{} of {} words, {} bytes, each behind BOS", whole(text.documents),
                                        whole(text.words), whole(text.bytes))});
    facts.row({"windows", fmt::format("{} of at most {} tokens each", whole(text.windows), whole(text.context))});
  } else if (text.stride > 0) {
    facts.row({"windows",
               fmt::format("{} of at most {} tokens each, {} apart, the text {}", whole(text.windows),
                           whole(text.context), whole(text.stride), text.bos ? "beginning with BOS" : "without BOS")});
  } else {
    facts.row({"windows", fmt::format("{} of {} tokens each, {}", whole(text.windows), whole(text.context),
                                      text.bos ? "beginning with BOS" : "without BOS")});
  }
}

void add_lines(Table& facts, const TextFigures& text) {
  std::string cells = fmt::format("{} of at most {} tokens each", whole(text.windows), whole(text.context));
  if (text.special > 0) cells += fmt::format(", {} of them special", whole(text.special));
  facts.row({"lines", cells});
  if (text.blank_lines > 0) facts.row({"lines left out", fmt::format("{}, blank", whole(text.blank_lines))});
  facts.row({"tokens read",
             fmt::format("{} of {}", whole(text.tokens_total - text.tokens_dropped), whole(text.tokens_total))});
}

void set_site_figures(Json::Object& out, const Measurement& m) {
  const SiteFigures figures = site_figures(m);
  if (figures.fallback_weights) out.set("fallback_weights", *figures.fallback_weights);
  if (figures.fallback_share) out.set("fallback_share", *figures.fallback_share);
  if (figures.reverted_sites) out.set("reverted_sites", *figures.reverted_sites);
  if (figures.layer_error_max) out.set("layer_error_max", *figures.layer_error_max);
  if (figures.layer_error_mean) out.set("layer_error_mean", *figures.layer_error_mean);
}

void set_statistics(Json::Object& out, const Measurement& m) {
  if (!m.intervals.empty()) {
    Json::Object intervals;
    for (const auto& [key, estimate] : m.intervals) intervals.set(key, interval_json(estimate));
    out.set("intervals", std::move(intervals));
  }
  if (m.judgement) out.set("against_reference", judgement_json(*m.judgement));
  if (!m.by_window.index.empty()) out.set("by_window", profile_json(m.by_window, "window"));
  if (!m.by_position.index.empty()) out.set("by_position", profile_json(m.by_position, "position"));
  if (!m.kl_histogram.counts.empty()) out.set("kl_histogram", histogram_json(m.kl_histogram));
  if (!m.worst.empty()) out.set("worst", worst_json(m.worst));
}

}  // namespace

Json::Object measurement_json(const Measurement& m) {
  Json::Object out;
  out.set("spec", utf8_text(m.spec));
  const auto set_optional = [&](const char* key, const std::optional<double>& value) {
    if (value) out.set(key, *value);
  };
  set_optional("perplexity", m.perplexity);
  set_optional("perplexity_stderr", m.perplexity_stderr);
  set_optional("entropy", m.entropy);
  set_optional("accuracy", m.accuracy);
  set_optional("accuracy_stderr", m.accuracy_stderr);
  if (!m.classes.empty()) out.set("classes", classes_json(m.classes));
  set_optional("word_perplexity", m.word_perplexity);
  set_optional("byte_perplexity", m.byte_perplexity);
  set_optional("bits_per_byte", m.bits_per_byte);
  if (m.likelihood) set_likelihood(out, *m.likelihood);
  if (m.kl) set_spread(out, "kl", *m.kl);
  if (m.reverse_kl) set_spread(out, "reverse_kl", *m.reverse_kl);
  set_optional("top1_agreement", m.top1_agreement);
  set_optional("top1_agreement_stderr", m.top1_error);
  set_optional("top5_agreement", m.top5_agreement);
  set_optional("delta_p_rms", m.delta_p_rms);
  set_optional("delta_p_rms_stderr", m.delta_p_rms_error);
  if (m.delta_p) set_spread(out, "delta_p", *m.delta_p);
  out.set("tokens_scored", m.tokens_scored);
  out.set("bytes", m.bytes);
  if (!m.bytes_as.empty()) out.set("bytes_as", m.bytes_as);
  out.set("bits_per_weight", m.bits_per_weight);
  if (m.run_bytes > 0) out.set("run_bytes", m.run_bytes);
  set_site_figures(out, m);
  out.set("seconds", m.seconds);
  out.set("peak_ram_bytes", m.peak_ram_bytes);
  set_statistics(out, m);
  out.set("notes", strings_json(m.notes));
  return out;
}

Json::Object text_figures_json(const TextFigures& text) {
  Json::Object out;
  out.set("protocol", text.protocol);
  out.set("context", text.context);
  out.set("windows", text.windows);
  out.set("tokens_total", text.tokens_total);
  out.set("tokens_dropped", text.tokens_dropped);
  out.set("tokens_scored", text.tokens_scored);
  out.set("bos", text.bos);
  if (text.figure != TextFigures{}.figure) out.set("figure", text.figure);
  if (text.special > 0) out.set("special_tokens", text.special);
  if (text.masked_share > 0) {
    out.set("runs", text.runs);
    out.set("masked_share", text.masked_share);
  }
  if (text.by_line) out.set("blank_lines", text.blank_lines);
  if (text.stride > 0) out.set("stride", text.stride);
  if (text.documents > 0) {
    out.set("documents", text.documents);
    out.set("words", text.words);
    out.set("bytes", text.bytes);
  }
  if (text.conversations > 0) out.set("conversations", text.conversations);
  if (text.tokens_per_word > 0) {
    out.set("tokens_per_word", text.tokens_per_word);
    out.set("unknown_share", text.unknown_share);
    out.set("byte_fallback_share", text.byte_fallback_share);
  }
  if (!text.sha256.empty()) out.set("sha256", text.sha256);
  out.set("notes", strings_json(text.notes));
  return out;
}

void add_text_figures(Table& facts, const TextFigures& text) {
  facts.row({"protocol", text.protocol});
  if (text.conversations > 0)
    facts.row({"conversations", fmt::format("{}, by the chat template", whole(text.conversations))});
  if (text.by_line) {
    add_lines(facts, text);
  } else if (text.special > 0 || text.masked_share > 0) {
    add_windows(facts, text);
  } else {
    add_causal_windows(facts, text);
    facts.row({"tokens scored", fmt::format("{} of {}", whole(text.tokens_scored), whole(text.tokens_total))});
  }
  facts.row({"tokens dropped", text.tokens_dropped == 0 ? "none"
                                                        : fmt::format("{} at the end of {}", whole(text.tokens_dropped),
                                                                      text.by_line ? "longer lines" : "the text")});
  if (text.tokens_per_word > 0) {
    facts.row({"tokens per word", fmt::format("{}, {} of the characters unknown, {} of the tokens single bytes",
                                              fixed(text.tokens_per_word, 2), percent(text.unknown_share),
                                              percent(text.byte_fallback_share))});
  }
}

std::string classes_text(const std::vector<ClassShare>& classes, const std::vector<ClassShare>* reference) {
  constexpr auto kRight = Table::Align::kRight;
  Table table;
  table.column("label").column("predicted", kRight).column("mean p", kRight);
  if (reference != nullptr) table.column("by the reference", kRight).column("its mean p", kRight);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    std::vector<std::string> cells = {printable(classes[c].label), percent(classes[c].predicted),
                                      percent(classes[c].probability)};
    if (reference != nullptr) {
      cells.push_back(percent((*reference)[c].predicted));
      cells.push_back(percent((*reference)[c].probability));
    }
    table.row(std::move(cells));
  }
  return table.text();
}

std::string notes_text(const std::vector<std::string>& notes) {
  std::string out;
  for (const std::string& note : notes) out += "note: " + printable(note, 2000) + "\n";
  return out;
}

}  // namespace kerf::report
