#include "report/tables.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"
#include "report/verdict.h"

namespace kerf::report {
namespace {

/// A column of the ladder and what stands in it.
struct LadderColumn {
  PlainTable::Column column;
  std::string (*cell)(const Measurement& m);  ///< empty: not measured
};

std::string with_half_interval(const Measurement& m, const char* key, double value, std::string (*text)(double)) {
  const auto found = m.intervals.find(key);
  if (found == m.intervals.end()) return text(value);
  return text(value) + " \u00B1 " + text((found->second.high - found->second.low) / 2);
}

std::string four(double value) { return fixed(value, 4); }

std::vector<LadderColumn> ladder_columns(const TextFigures& text) {
  std::vector<LadderColumn> columns;
  const auto add = [&](const std::string& heading, const std::string& explanation,
                       std::string (*cell)(const Measurement& m)) {
    columns.push_back({{heading, explanation, true}, cell});
  };
  add("size", "Bytes of all files that would be written, or that the model has.",
      [](const Measurement& m) { return human_bytes(m.bytes); });
  add("runs in", "Memory to run it at this context: weights, keys and values in f16, one batch of activations.",
      [](const Measurement& m) { return m.run_bytes > 0 ? human_bytes(m.run_bytes) : ""; });
  add("bits/weight", "All bits of the tensors (codes, scales, zero points, padding) over the number of parameters.",
      [](const Measurement& m) { return fixed(m.bits_per_weight, 2); });
  add(text.figure.empty() ? "perplexity" : text.figure,
      "How surprised the model is by the text: exp of the mean negative log likelihood. Lower is better; the number "
      "behind the sign is half the 95% interval over windows of text.",
      [](const Measurement& m) {
        return m.perplexity ? with_half_interval(m, "perplexity", *m.perplexity, four) : "";
      });
  add("accuracy", "Share of the labels found.",
      [](const Measurement& m) { return m.accuracy ? with_half_interval(m, "accuracy", *m.accuracy, percent) : ""; });
  add("change", "Of the perplexity against the reference on the same tokens, with half its 95% interval.",
      [](const Measurement& m) { return m.judgement && m.perplexity ? change_with_interval(*m.judgement) : ""; });
  columns.push_back({{"verdict",
                      "Equivalent: the whole interval of the change is within the margin. Better, worse: zero is "
                      "outside of the interval. Inconclusive: the text is too short to tell.",
                      false},
                     [](const Measurement& m) { return m.judgement ? verdict_text(*m.judgement) : ""; }});
  add("KL mean",
      "Mean Kullback-Leibler divergence of the model's predictions from the reference's, in nats: 0 is no "
      "difference at all. It sees what perplexity averages away.",
      [](const Measurement& m) { return m.kl ? with_half_interval(m, "kl_mean", m.kl->mean, nats) : ""; });
  add("KL 99%", "One token in a hundred is farther from the reference than this.",
      [](const Measurement& m) { return m.kl ? nats(m.kl->p99) : ""; });
  add("top-1", "Share of the tokens at which both find the same one most likely.",
      [](const Measurement& m) { return m.top1_agreement ? percent(*m.top1_agreement) : ""; });
  add("RMS \u0394p", "Root mean square change of the probability of the right token.",
      [](const Measurement& m) { return m.delta_p_rms ? percent(*m.delta_p_rms) : ""; });
  add("seconds", "To quantize and to measure it.", [](const Measurement& m) { return fixed(m.seconds, 1); });
  columns.push_back({{"written as", "The smallest format that holds it exactly, whose bytes these are.", false},
                     [](const Measurement& m) { return m.bytes_as; }});
  return columns;
}

/// Takes away the columns that have nothing in any row.
void drop_empty_columns(PlainTable& table) {
  for (std::size_t c = table.columns.size(); c-- > 0;) {
    const bool empty =
        std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return row[c].empty(); });
    if (!empty) continue;
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(c));
    for (auto& row : table.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(c));
  }
}

/// The number that follows "layers." or stands alone between dots; -1: none.
int layer_of(const std::string& name) {
  for (const std::string& part : split(name, '.')) {
    if (!part.empty() && part.find_first_not_of("0123456789") == std::string::npos && part.size() < 6)
      return std::stoi(part);
  }
  return -1;
}

std::string error_text(double error) { return fmt::format("{:.2e}", error); }

std::string tensor_cell(const TensorPlan& tensor, const std::map<std::string, const SiteReport*>& sites) {
  std::string cell = tensor.scheme;
  if (!tensor.method.empty()) cell += " " + tensor.method;
  cell += fmt::format(", {} bits", fixed(tensor.bits_per_weight, 2));
  if (tensor.fallback) cell += ", fallback";
  const auto site = sites.find(tensor.name);
  if (site != sites.end() && site->second->tokens > 0) cell += ", error " + error_text(site->second->objective);
  return cell;
}

std::map<std::string, const SiteReport*> sites_by_name(const Measurement& m) {
  std::map<std::string, const SiteReport*> sites;
  for (const SiteReport& site : m.sites) {
    if (!site.transform) sites.emplace(site.name, &site);
  }
  return sites;
}

}  // namespace

PlainTable ladder_table(const Comparison& comparison) {
  const auto columns = ladder_columns(comparison.text);
  PlainTable table;
  table.columns = {{"", "", true}, {"model", "The reference, and what it was made into.", false}};
  for (const LadderColumn& column : columns) table.columns.push_back(column.column);
  const auto add = [&](const Measurement& m, const std::string& number, const std::string& name) {
    std::vector<std::string> row = {number, name};
    for (const LadderColumn& column : columns) row.push_back(column.cell(m));
    table.rows.push_back(std::move(row));
  };
  add(comparison.reference, "", comparison.candidates.empty() ? comparison.reference.spec : "reference");
  for (std::size_t i = 0; i < comparison.candidates.size(); ++i) {
    add(comparison.candidates[i], std::to_string(i + 1), comparison.candidates[i].spec);
  }
  drop_empty_columns(table);
  return table;
}

PlainTable pairs_table(const Comparison& comparison) {
  PlainTable table;
  table.columns = {{"candidate", "", false}, {"against", "", false}, {"perplexity", "", true},
                   {"says", "", false},      {"KL mean", "", true},  {"says", "", false}};
  for (const PairedDifference& pair : comparison.pairs) {
    std::vector<std::string> row = {pair.spec, pair.other, "", "", "", ""};
    if (pair.log_perplexity) {
      row[2] = change_with_interval(*pair.log_perplexity);
      row[3] = verdict_text(*pair.log_perplexity);
    }
    if (pair.kl) {
      const Estimate& d = pair.kl->difference;
      row[4] = (d.value < 0 ? "" : "+") + nats(d.value);
      if (std::isfinite(d.error)) row[4] += " \u00B1 " + nats((d.high - d.low) / 2);
      row[5] = verdict_text(*pair.kl);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

PlainTable tensors_table(const Comparison& comparison) {
  PlainTable table;
  table.columns = {{"tensor", "", false}, {"role", "", false}, {"shape", "", false}};
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> rows;
  const auto& candidates = comparison.candidates;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    table.columns.push_back({candidates[c].spec, "", false});
    const auto sites = sites_by_name(candidates[c]);
    for (const TensorPlan& tensor : candidates[c].tensors) {
      auto& row = rows[tensor.name];
      if (row.empty()) {
        names.push_back(tensor.name);
        row = {tensor.name, tensor.role, shape_text(tensor.shape)};
        row.resize(3 + candidates.size());
      }
      row[3 + c] = tensor_cell(tensor, sites);
    }
  }
  for (const std::string& name : names) table.rows.push_back(std::move(rows[name]));
  return table;
}

PlainTable layers_table(const Measurement& candidate) {
  const auto sites = sites_by_name(candidate);
  std::vector<std::string> roles;
  std::map<int, std::map<std::string, std::pair<double, int>>> errors;
  for (const TensorPlan& tensor : candidate.tensors) {
    const auto site = sites.find(tensor.name);
    if (site == sites.end() || site->second->tokens == 0) continue;
    if (std::find(roles.begin(), roles.end(), tensor.role) == roles.end()) roles.push_back(tensor.role);
    auto& [sum, count] = errors[layer_of(tensor.name)][tensor.role];
    sum += site->second->objective;
    ++count;
  }
  PlainTable table;
  table.columns.push_back({"layer", "", true});
  for (const std::string& role : roles) table.columns.push_back({role, "", true});
  for (const auto& [layer, by_role] : errors) {
    std::vector<std::string> row = {layer < 0 ? "-" : std::to_string(layer)};
    for (const std::string& role : roles) {
      const auto found = by_role.find(role);
      row.push_back(found == by_role.end() ? "" : error_text(found->second.first / found->second.second));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

PlainTable provenance_table(const Comparison& comparison) {
  const TextFigures& text = comparison.text;
  const auto count = [](std::int64_t n) {
    return with_commas(static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0)));
  };
  PlainTable table;
  table.columns = {{"", "", false}, {"", "", false}};
  table.rows = {{"reference", comparison.reference.spec},
                {"protocol", text.protocol},
                {text.by_line ? "lines" : "windows", fmt::format("{} of {}{} tokens", count(text.windows),
                                                                 text.by_line ? "at most " : "", count(text.context))},
                {text.by_line ? "lines scored" : "tokens scored",
                 fmt::format("{}, {} tokens of the text dropped, {}", count(text.tokens_scored),
                             count(text.tokens_dropped), text.bos ? "with BOS" : "without BOS")},
                {"SHA-256 of what was read and scored", text.sha256}};
  if (comparison.margin > 0) {
    table.rows.push_back({"margin", fmt::format("{} of the perplexity, {} nats of KL", percent(comparison.margin),
                                                fixed(comparison.margin, 4))});
  }
  if (comparison.noise_floor) table.rows.push_back({"noise floor", noise_floor_text(*comparison.noise_floor)});
  table.rows.push_back({"kerf", comparison.provenance.version + ", " + join(comparison.provenance.build, ", ")});
  table.rows.push_back({"machine", comparison.provenance.machine});
  if (!comparison.provenance.command.empty()) table.rows.push_back({"command", comparison.provenance.command});
  return table;
}

}  // namespace kerf::report
