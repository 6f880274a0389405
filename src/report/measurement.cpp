#include "report/measurement.h"

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"

namespace kerf::report {
namespace {

std::string whole(std::int64_t count) { return with_commas(static_cast<std::uint64_t>(count < 0 ? 0 : count)); }

}  // namespace

std::string utf8_text(const std::string& text) { return find_invalid_utf8(text) ? printable(text, text.size()) : text; }

Json::Array strings_json(const std::vector<std::string>& strings) {
  Json::Array out;
  for (const std::string& text : strings) out.emplace_back(utf8_text(text));
  return out;
}

Json::Object measurement_json(const Measurement& m) {
  Json::Object out;
  out.set("spec", utf8_text(m.spec));
  out.set("perplexity", m.perplexity);
  out.set("perplexity_stderr", m.perplexity_stderr);
  const auto set_optional = [&](const char* key, const std::optional<double>& value) {
    if (value) out.set(key, *value);
  };
  set_optional("kl_mean", m.kl_mean);
  set_optional("kl_stderr", m.kl_stderr);
  set_optional("kl_median", m.kl_median);
  set_optional("kl_p90", m.kl_p90);
  set_optional("kl_p99", m.kl_p99);
  set_optional("kl_p999", m.kl_p999);
  set_optional("kl_max", m.kl_max);
  set_optional("top1_agreement", m.top1_agreement);
  set_optional("top5_agreement", m.top5_agreement);
  set_optional("delta_p_rms", m.delta_p_rms);
  out.set("tokens_scored", m.tokens_scored);
  out.set("bytes", m.bytes);
  if (!m.bytes_as.empty()) out.set("bytes_as", m.bytes_as);
  out.set("bits_per_weight", m.bits_per_weight);
  out.set("seconds", m.seconds);
  out.set("peak_ram_bytes", m.peak_ram_bytes);
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
  out.set("notes", strings_json(text.notes));
  return out;
}

void add_text_figures(Table& facts, const TextFigures& text) {
  facts.row({"protocol", text.protocol});
  facts.row({"windows", fmt::format("{} of {} tokens each, {}", whole(text.windows), whole(text.context),
                                    text.bos ? "beginning with BOS" : "without BOS")});
  facts.row({"tokens scored", fmt::format("{} of {}", whole(text.tokens_scored), whole(text.tokens_total))});
  if (text.tokens_dropped > 0) {
    facts.row({"tokens dropped", fmt::format("{} at the end of the text", whole(text.tokens_dropped))});
  }
}

std::string notes_text(const std::vector<std::string>& notes) {
  std::string out;
  for (const std::string& note : notes) out += "note: " + printable(note, 2000) + "\n";
  return out;
}

}  // namespace kerf::report
