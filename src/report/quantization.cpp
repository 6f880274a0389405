#include "report/quantization.h"

#include <fmt/format.h>

#include "core/json_strings.h"
#include "core/strings.h"
#include "emit/manifest.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {
namespace {

using Align = Table::Align;

Json site_json(const SiteReport& site) {
  Json::Object out;
  out.set("name", site.name);
  out.set("scheme", site.scheme);
  out.set("method", site.method);
  out.set("tokens", site.tokens);
  out.set("channels", site.channels);
  out.set("dead_inputs", site.dead_inputs);
  if (site.rank >= 0) out.set("rank", site.rank);
  if (site.expert >= 0) out.set("expert", site.expert);
  out.set("damping", site.damping);
  out.set("objective", site.objective);
  out.set("rtn_objective", site.rtn_objective);
  if (site.held_out_tokens > 0) {
    out.set("held_out_tokens", site.held_out_tokens);
    out.set("held_out_objective", site.held_out_objective);
    out.set("held_out_rtn_objective", site.held_out_rtn);
    out.set("held_out_search_objective", site.held_out_search);
  }
  if (!site.transform) {
    out.set("saturation", site.saturation);
    out.set("scale_min", site.scale_min);
    out.set("scale_max", site.scale_max);
  }
  if (!site.pruning.empty()) {
    out.set("pruning", site.pruning);
    out.set("zeros", site.zeros);
  }
  out.set("block_error", site.block_error);
  out.set("block_error_rtn", site.block_error_rtn);
  if (site.transform) out.set("transform", true);
  if (site.fallback) out.set("fallback", true);
  if (site.reverted) out.set("reverted", true);
  if (!site.note.empty()) out.set("note", site.note);
  return out;
}

Json output_json(const WrittenOutput& output) {
  Json::Object out;
  out.set("path", utf8_text(output.path));
  out.set("format", output.format);
  out.set("bytes", output.bytes);
  out.set("bits_per_weight", output.bits_per_weight);
  if (!output.weights_hash.empty()) out.set("weights_xxh3", output.weights_hash);
  if (!output.manifest.empty()) out.set("manifest", utf8_text(output.manifest));
  return out;
}

/// Relative errors span decades; an absent one is a dash.
std::string relative_error(double value) { return value == 0 ? "-" : fmt::format("{:.2e}", value); }

std::string held_out_error(const SiteReport& site, double value) {
  return site.held_out_tokens == 0 ? "-" : relative_error(value);
}

std::string dash_if_empty(const std::string& text) { return text.empty() ? "-" : text; }

std::string methods_table(const QuantizeResult& result) {
  Table table;
  table.column("site").column("scheme").column("method");
  table.column("tokens", Align::kRight).column("rank", Align::kRight).column("dead inputs", Align::kRight);
  table.column("damping", Align::kRight).column("output error", Align::kRight).column("by rtn", Align::kRight);
  table.column("held out", Align::kRight).column("by rtn", Align::kRight).column("by search", Align::kRight);
  table.column("at ends", Align::kRight).column("scales").column("pruning").column("zeros", Align::kRight);
  table.column("note");
  for (const SiteReport& site : result.sites) {
    if (site.transform) continue;
    table.row({collapsed_names(site.name), site.scheme, site.method, std::to_string(site.tokens),
               site.rank < 0 ? "-" : fmt::format("{}/{}", site.rank, site.channels), std::to_string(site.dead_inputs),
               fmt::format("{:.3g}", site.damping), relative_error(site.objective), relative_error(site.rtn_objective),
               held_out_error(site, site.held_out_objective), held_out_error(site, site.held_out_rtn),
               held_out_error(site, site.held_out_search), percent(site.saturation),
               fmt::format("{:.1e}..{:.1e}", site.scale_min, site.scale_max), dash_if_empty(site.pruning),
               site.pruning.empty() ? "-" : percent(site.zeros), printable(site.note)});
  }
  return table.empty() ? "" : table.text() + "\n";
}

std::string transforms_table(const QuantizeResult& result) {
  Table table;
  table.column("site").column("transform").column("tokens", Align::kRight);
  table.column("block error", Align::kRight).column("without it", Align::kRight).column("note");
  for (const SiteReport& site : result.sites) {
    if (!site.transform) continue;
    table.row({collapsed_names(site.name), site.method, std::to_string(site.tokens), relative_error(site.block_error),
               relative_error(site.block_error_rtn), printable(site.note)});
  }
  return table.empty() ? "" : table.text() + "\n";
}

std::string tensors_table(const QuantizeResult& result) {
  Table table;
  table.column("tensor").column("role").column("shape").column("scheme").column("method");
  table.column("bits/weight", Align::kRight).column("rule");
  for (const TensorPlan& plan : result.tensors) {
    table.row({printable(plan.name), plan.role, shape_text(plan.shape),
               plan.activations.empty() ? plan.scheme : plan.scheme + "@" + plan.activations,
               dash_if_empty(plan.pruning.empty()  ? plan.method
                             : plan.method.empty() ? plan.pruning
                                                   : plan.method + "+" + plan.pruning),
               fixed(plan.bits_per_weight, 2), printable(plan.rule)});
  }
  return table.text();
}

Json exactness_json(const TargetExactness& target) {
  Json::Object out;
  out.set("format", target.format);
  out.set("exact", target.exact);
  if (!target.reason.empty()) out.set("reason", utf8_text(target.reason));
  if (!target.nearest.empty()) out.set("nearest", target.nearest);
  return out;
}

std::string output_line(const WrittenOutput& output, std::string_view verb) {
  return fmt::format("{} ({}): {}{}, {} bits per weight\n", printable(output.path), output.format, verb,
                     exact_bytes(output.bytes), fixed(output.bits_per_weight, 2));
}

}  // namespace

std::string collapsed_names(const std::string& names) {
  std::vector<std::vector<std::string>> parts;
  std::size_t start = 0;
  for (std::size_t at = 0; at != std::string::npos; start = at + 3) {
    at = names.find(" + ", start);
    parts.push_back(split(names.substr(start, at - start), '.'));
  }
  const auto& first = parts.front();
  std::size_t differs = first.size();
  for (const auto& name : parts) {
    if (name.size() != first.size()) return printable(names);
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (name[i] == first[i]) continue;
      if (differs != first.size() && differs != i) return printable(names);
      differs = i;
    }
  }
  if (differs == first.size()) return printable(names);
  std::vector<std::string> common = first, middle;
  for (const auto& name : parts) middle.push_back(name[differs]);
  common[differs] = "{" + join(middle, ",") + "}";
  return printable(join(common, "."));
}

Json to_json(const QuantizeResult& result) {
  Json::Object out;
  out.set("chosen", result.chosen);
  Json::Array outputs, tensors, sites, exactness;
  for (const TargetExactness& target : result.exactness) exactness.push_back(exactness_json(target));
  out.set("exactness", std::move(exactness));
  for (const WrittenOutput& output : result.outputs) outputs.emplace_back(output_json(output));
  for (const TensorPlan& plan : result.tensors) tensors.push_back(emit::to_json(plan));
  for (const SiteReport& site : result.sites) sites.emplace_back(site_json(site));
  out.set("outputs", std::move(outputs));
  out.set("tensors", std::move(tensors));
  out.set("sites", std::move(sites));
  out.set("expected_ram_bytes", result.expected_ram);
  out.set("seconds", result.seconds);
  out.set("peak_ram_bytes", result.peak_ram_bytes);
  out.set("notes", strings_json(result.notes));
  return out;
}

std::string exactness_text(const QuantizeResult& result) {
  Table table;
  table.column("format").column("holds it exactly").column("nearest scheme").column("why not");
  for (const TargetExactness& target : result.exactness) {
    table.row({target.format, target.exact ? "yes" : "no", dash_if_empty(target.nearest),
               target.exact ? "-" : printable(target.reason)});
  }
  return table.empty() ? "" : table.text() + "\n";
}

std::string announcement_text(const QuantizeResult& planned) {
  return printable(planned.chosen, 2000) + "\n\n" + exactness_text(planned);
}

std::string to_text(const QuantizeResult& result, bool verbose) {
  return printable(result.chosen, 2000) + "\n" + rest_text(result, verbose);
}

std::string rest_text(const QuantizeResult& result, bool verbose) {
  std::string out;
  if (verbose && !result.sites.empty()) out += "\n" + transforms_table(result) + methods_table(result);
  for (const WrittenOutput& output : result.outputs) {
    out += output_line(output, "");
    if (!output.weights_hash.empty()) {
      out += fmt::format("  read back, bit-identical, weights xxh3 {}\n", output.weights_hash);
    }
    if (!output.manifest.empty()) {
      out += fmt::format("  manifest {}; kerf verify checks the files against it\n", printable(output.manifest));
    }
  }
  out += notes_text(result.notes);
  out += fmt::format("{}, peak memory {}\n", duration(result.seconds), human_bytes(result.peak_ram_bytes));
  return out;
}

std::string plan_text(const QuantizeResult& result) {
  std::string out = announcement_text(result) + tensors_table(result) + "\n";
  for (const WrittenOutput& output : result.outputs) out += output_line(output, "would take ");
  out += fmt::format("expected memory: {}\n", human_bytes(result.expected_ram));
  out += notes_text(result.notes);
  return out + "dry run: nothing was written\n";
}

}  // namespace kerf::report
