#include "report/attribution.h"

#include <cmath>

#include <fmt/format.h>

#include "core/json_strings.h"
#include "core/strings.h"
#include "report/figures.h"
#include "report/statistics_json.h"
#include "report/table.h"

namespace kerf::report {
namespace {

using Align = Table::Align;

Json site_json(const SiteAttribution& site) {
  Json::Object out;
  out.set("name", utf8_text(site.name));
  out.set("role", site.role);
  if (site.layer >= 0) out.set("layer", static_cast<std::int64_t>(site.layer));
  out.set("scheme", site.scheme);
  out.set("bytes", site.bytes);
  if (site.output_error) out.set("output_error", *site.output_error);
  out.set("kl_alone", site.alone.value);
  out.set("kl_alone_interval", interval_json(site.alone));
  out.set("kl_restored", site.restored.value);
  out.set("kl_restored_interval", interval_json(site.restored));
  return out;
}

Json sums_json(const std::vector<AttributionSum>& sums) {
  Json::Array list;
  for (const AttributionSum& sum : sums) {
    Json::Object out;
    out.set("what", sum.what);
    out.set("sites", sum.sites);
    out.set("bytes", sum.bytes);
    out.set("kl_alone", sum.alone);
    list.emplace_back(std::move(out));
  }
  return list;
}

Json widening_json(const Widening& widening) {
  Json::Object out;
  out.set("text", widening.sentence);
  out.set("scheme", widening.scheme);
  out.set("names", strings_json(widening.names));
  out.set("kl_share", widening.kl_share);
  out.set("bytes_share", widening.bytes_share);
  return out;
}

std::string share(double part, double whole) { return whole > 0 ? percent(part / whole) : "-"; }

std::string sites_table(const Attribution& attribution) {
  Table table;
  table.column("site").column("role").column("scheme").column("bytes", Align::kRight);
  table.column("output error", Align::kRight).column("KL alone (95%)", Align::kRight).column("share", Align::kRight);
  table.column("KL saved if restored (95%)", Align::kRight);
  for (const SiteAttribution& site : attribution.sites) {
    table.row({printable(site.name), site.role, site.scheme, human_bytes(site.bytes),
               site.output_error ? fmt::format("{:.2e}", *site.output_error) : "-",
               with_error(site.alone.value, (site.alone.high - site.alone.low) / 2, 6),
               share(site.alone.value, attribution.sum_alone),
               with_error(site.restored.value, (site.restored.high - site.restored.low) / 2, 6)});
  }
  return table.text();
}

std::string sums_table(const std::string& heading, const std::vector<AttributionSum>& sums, double total) {
  Table table;
  table.column(heading).column("sites", Align::kRight).column("bytes", Align::kRight);
  table.column("KL alone, summed", Align::kRight).column("share", Align::kRight);
  for (const AttributionSum& sum : sums) {
    table.row({sum.what, std::to_string(sum.sites), human_bytes(sum.bytes), nats(sum.alone), share(sum.alone, total)});
  }
  return table.text();
}

}  // namespace

Json to_json(const Attribution& attribution) {
  Json::Object out;
  out.set("spec", utf8_text(attribution.spec));
  out.set("windows", attribution.text.windows);
  out.set("tokens_scored", attribution.text.tokens_scored);
  out.set("kl_mean", attribution.kl.value);
  out.set("kl_mean_interval", interval_json(attribution.kl));
  out.set("kl_sum_alone", attribution.sum_alone);
  Json::Array sites, widenings;
  for (const SiteAttribution& site : attribution.sites) sites.push_back(site_json(site));
  for (const Widening& widening : attribution.widenings) widenings.push_back(widening_json(widening));
  out.set("sites", std::move(sites));
  out.set("roles", sums_json(attribution.roles));
  out.set("layers", sums_json(attribution.layers));
  out.set("widenings", std::move(widenings));
  out.set("seconds", attribution.seconds);
  return out;
}

std::string to_text(const Attribution& attribution) {
  std::string out = fmt::format("where {} loses: {} windows, {} scored, KL {}\n\n", printable(attribution.spec),
                                attribution.text.windows, counted(attribution.text.tokens_scored, "token"),
                                with_error(attribution.kl.value, (attribution.kl.high - attribution.kl.low) / 2, 6));
  out += sites_table(attribution) + "\n";
  out += sums_table("role", attribution.roles, attribution.sum_alone) + "\n";
  out += sums_table("depth", attribution.layers, attribution.sum_alone) + "\n";
  out += fmt::format("alone they add up to {}; together they cost {}: {} {} the sum\n", nats(attribution.sum_alone),
                     nats(attribution.kl.value), nats(std::abs(attribution.kl.value - attribution.sum_alone)),
                     attribution.kl.value >= attribution.sum_alone ? "more than" : "less than");
  for (const Widening& widening : attribution.widenings) out += "suggestion: " + widening.sentence + "\n";
  return out + duration(attribution.seconds) + "\n";
}

}  // namespace kerf::report
