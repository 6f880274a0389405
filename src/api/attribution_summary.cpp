#include "api/attribution_summary.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::api {
namespace {

void add_to(AttributionSum& sum, const SiteAttribution& site) {
  ++sum.sites;
  sum.bytes += site.bytes;
  sum.alone += site.alone.value;
}

/// "0-2, 7"
std::string layers_text(const std::set<int>& layers) {
  std::vector<std::string> runs;
  for (auto it = layers.begin(); it != layers.end();) {
    const int first = *it;
    int last = first;
    while (++it != layers.end() && *it == last + 1) last = *it;
    runs.push_back(first == last ? std::to_string(first) : fmt::format("{}-{}", first, last));
  }
  return join(runs, ", ");
}

/// "down of layers 0, 7; q of layer 3"
std::string sites_text(const std::vector<const SiteAttribution*>& sites) {
  std::map<std::string, std::set<int>> by_role;
  for (const SiteAttribution* site : sites) by_role[site->role].insert(site->layer);
  std::vector<std::string> parts;
  for (const auto& [role, layers] : by_role) {
    const bool outside = layers.size() == 1 && *layers.begin() < 0;
    parts.push_back(
        outside ? role : fmt::format("{} of layer{} {}", role, layers.size() == 1 ? "" : "s", layers_text(layers)));
  }
  return join(parts, "; ");
}

/// Bytes of all sites, as they are.
double total_bytes(const Attribution& attribution) {
  double bytes = 0;
  for (const SiteAttribution& site : attribution.sites) bytes += static_cast<double>(site.bytes);
  return bytes;
}

Widening make_widening(const Attribution& attribution, const std::vector<WiderSite>& wider,
                       const std::vector<std::size_t>& chosen) {
  Widening widening;
  std::vector<const SiteAttribution*> sites;
  double kl = 0, bytes = 0;
  for (const std::size_t i : chosen) {
    const SiteAttribution& site = attribution.sites[i];
    sites.push_back(&site);
    widening.names.push_back(site.name);
    kl += site.alone.value;
    bytes += static_cast<double>(wider[i].more_bytes);
  }
  widening.scheme = wider[chosen.front()].scheme;
  widening.kl_share = kl / attribution.sum_alone;
  widening.bytes_share = bytes / total_bytes(attribution);
  widening.sentence =
      fmt::format("{} in {} would take away about {:.0f} % of the KL for {:.1f} % more bytes", sites_text(sites),
                  widening.scheme, 100 * widening.kl_share, 100 * widening.bytes_share);
  return widening;
}

}  // namespace

void summarize_sites(Attribution& attribution) {
  std::stable_sort(attribution.sites.begin(), attribution.sites.end(),
                   [](const SiteAttribution& a, const SiteAttribution& b) { return a.alone.value > b.alone.value; });
  std::map<std::string, AttributionSum> roles;
  std::map<int, AttributionSum> layers;
  attribution.sum_alone = 0;
  for (const SiteAttribution& site : attribution.sites) {
    attribution.sum_alone += site.alone.value;
    add_to(roles[site.role], site);
    add_to(layers[site.layer], site);
  }
  for (auto& [role, sum] : roles) {
    sum.what = role;
    attribution.roles.push_back(std::move(sum));
  }
  std::stable_sort(attribution.roles.begin(), attribution.roles.end(),
                   [](const AttributionSum& a, const AttributionSum& b) { return a.alone > b.alone; });
  for (auto& [layer, sum] : layers) {
    sum.what = layer < 0 ? "outside the layers" : fmt::format("layer {}", layer);
    attribution.layers.push_back(std::move(sum));
  }
  if (!layers.empty() && layers.begin()->first < 0) {
    std::rotate(attribution.layers.begin(), attribution.layers.begin() + 1, attribution.layers.end());
  }
}

std::vector<Widening> find_widenings(const Attribution& attribution, const std::vector<WiderSite>& wider) {
  constexpr double kShares[] = {0.02, 0.05, 0.1};
  constexpr double kWorthIt = 0.05;
  std::vector<Widening> widenings;
  if (attribution.sum_alone <= 0) return widenings;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < wider.size(); ++i) {
    if (!wider[i].scheme.empty() && attribution.sites[i].alone.value > 0) order.push_back(i);
  }
  const auto gain = [&](std::size_t i) {
    return attribution.sites[i].alone.value / static_cast<double>(std::max<std::uint64_t>(wider[i].more_bytes, 1));
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return gain(a) > gain(b); });
  for (const double share : kShares) {
    const double limit = share * total_bytes(attribution);
    double used = 0;
    std::vector<std::size_t> chosen;
    for (const std::size_t i : order) {
      const auto bytes = static_cast<double>(wider[i].more_bytes);
      if (used + bytes > limit) continue;
      used += bytes;
      chosen.push_back(i);
    }
    if (chosen.empty()) continue;
    Widening widening = make_widening(attribution, wider, chosen);
    const bool more = widenings.empty() || widening.kl_share > widenings.back().kl_share + kWorthIt;
    if (widening.kl_share > kWorthIt && more) widenings.push_back(std::move(widening));
  }
  return widenings;
}

}  // namespace kerf::api
