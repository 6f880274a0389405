#include "quant/activations.h"

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;

const ActivationChoice* choice_of(const Candidate& candidate, const sweep::Site& site) {
  const auto found = candidate.decisions.find(site.weight);
  const bool asked = found != candidate.decisions.end() && found->second.activations;
  return asked ? &*found->second.activations : nullptr;
}

void set_rounding(const sweep::Site& site, std::shared_ptr<const codec::FakeQuantizer> quantizer,
                  sweep::Overlay& overlay) {
  for (const graph::NodeId node : site.linear_uses) overlay.set_rounding(node, {.input = 0, .quantizer = quantizer});
}

void require_observed(const RangeChoice& range, const Statistics* statistics, const std::string& weight) {
  if (statistics == nullptr) throw_usage(fmt::format("the saved statistics have nothing about {}", weight));
  for (const std::string& observer : range.rule->observers) {
    if (!statistics->has(observer)) {
      throw_usage(fmt::format("the range rule {} needs {}, which the saved statistics lack", range.name(), observer));
    }
  }
}

/// The quantizer of the nearest earlier weight of the same role that has a static one of the same scheme.
std::shared_ptr<const codec::FakeQuantizer> inherited(const sweep::Walker& walker, const sweep::Site& site,
                                                      const ActivationChoice& choice, const Candidate& candidate) {
  const auto role = walker.graph().value(site.weight).weight.role;
  std::shared_ptr<const codec::FakeQuantizer> nearest;
  for (const sweep::Site& other : walker.plan().sites) {
    if (other.weight == site.weight) break;
    const ActivationChoice* its = choice_of(candidate, other);
    if (its == nullptr || !(*its == choice) || walker.graph().value(other.weight).weight.role != role) continue;
    if (auto found = candidate.overlay.rounding_of(other.linear_uses.front(), 0)) nearest = std::move(found);
  }
  return nearest;
}

void note_unreached(const std::string& weight, const ActivationChoice& choice, bool inherits, Candidate& candidate) {
  SiteReport report;
  report.name = weight;
  report.scheme = choice.scheme.name;
  report.method = "activations";
  report.note = inherits ? "no token reached it: the range of its activations is that of an earlier weight of its role"
                         : "no token reached it: the range of its activations is empty";
  candidate.ledger.push_back(std::move(report));
}

}  // namespace

void start_activations(const sweep::Walker& walker, Candidate& candidate) {
  std::map<std::string, std::shared_ptr<const codec::FakeQuantizer>> made;
  for (const sweep::Site& site : walker.plan().sites) {
    const ActivationChoice* choice = choice_of(candidate, site);
    if (choice == nullptr || !choice->scheme.dynamic) continue;
    auto& quantizer = made[choice->scheme.name];
    if (quantizer == nullptr) quantizer = codec::make_dynamic_quantizer(choice->scheme);
    set_rounding(site, quantizer, candidate.overlay);
  }
}

std::set<std::string> range_observers(const sweep::Plan& plan, const sweep::Group& group, const Candidate& candidate,
                                      const PooledStatistics& pooled) {
  std::set<std::string> names;
  for (const std::size_t s : group.sites) {
    const graph::ValueId weight = plan.sites[s].weight;
    if (pooled.contains(weight)) continue;
    names.merge(range_observers_of(candidate, weight));
  }
  return names;
}

void fix_ranges(const sweep::Walker& walker, const sweep::Group& group, const Statistics* seen,
                const PooledStatistics& pooled, Candidate& candidate) {
  std::map<std::pair<std::string, const Statistics*>, std::shared_ptr<const codec::FakeQuantizer>> made;
  for (const std::size_t s : group.sites) {
    const sweep::Site& site = walker.plan().sites[s];
    const ActivationChoice* choice = choice_of(candidate, site);
    if (choice == nullptr || choice->scheme.dynamic) continue;
    const auto shared = pooled.find(site.weight);
    const Statistics* statistics = shared != pooled.end() ? shared->second.all.get() : seen;
    const std::string& name = walker.graph().value(site.weight).weight.name;
    require_observed(choice->range, statistics, name);
    auto& quantizer = made[{choice->name(), statistics}];
    if (quantizer == nullptr && statistics->tokens() == 0) {
      quantizer = inherited(walker, site, *choice, candidate);
      note_unreached(name, *choice, quantizer != nullptr, candidate);
    }
    if (quantizer == nullptr) {
      const codec::ValueRange range = choice->range.rule->choose(*statistics, choice->scheme, choice->range);
      quantizer = codec::make_static_quantizer(choice->scheme, range);
    }
    set_rounding(site, quantizer, candidate.overlay);
  }
}

Tensor as_read(const sweep::Walker& walker, const sweep::Group& group, const sweep::Overlay& overlay, const Tensor& x) {
  std::shared_ptr<const codec::FakeQuantizer> common;
  bool first = true;
  for (const std::size_t s : group.sites) {
    for (const graph::NodeId node : walker.plan().sites[s].linear_uses) {
      if (walker.graph().node(node).inputs[0] != group.input) continue;
      auto quantizer = overlay.rounding_of(node, 0);
      if (!first && quantizer != common) return x;
      common = std::move(quantizer);
      first = false;
    }
  }
  return common == nullptr ? x : sweep::rounded(x, {.input = 0, .quantizer = common});
}

}  // namespace kerf::quant
