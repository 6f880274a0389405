#include "quant/shared_sites.h"

#include <algorithm>
#include <set>
#include <utility>

namespace kerf::quant {
namespace {

using calibration::Statistics;
using graph::ValueId;

/// What a site reads at each of its uses: sites that read the same have the same statistics.
std::vector<ValueId> inputs_of(const graph::Graph& graph, const sweep::Site& site) {
  std::vector<ValueId> inputs;
  for (const graph::NodeId node : site.linear_uses) inputs.push_back(graph.node(node).inputs[0]);
  return inputs;
}

using Pools = std::map<std::pair<std::vector<ValueId>, std::vector<std::string>>, std::shared_ptr<Statistics>>;

/// What the block's nodes read, into the pools that it belongs to.
void observe_block(const sweep::Walker& walker, const sweep::Block& block, const sweep::Stream& stream,
                   const sweep::Operands& shared, Pools& pools) {
  std::vector<ValueId> wanted;
  std::vector<std::vector<Statistics*>> readers;
  for (const sweep::Group& group : block.groups) {
    std::vector<Statistics*> of_group;
    for (const auto& [key, pool] : pools) {
      const auto& inputs = key.first;
      if (std::find(inputs.begin(), inputs.end(), group.input) != inputs.end()) of_group.push_back(pool.get());
    }
    if (of_group.empty()) continue;
    wanted.push_back(group.input);
    readers.push_back(std::move(of_group));
  }
  if (wanted.empty()) return;
  walker.visit(stream, block.end, wanted, nullptr, &shared, -1, [&](std::size_t, std::span<const Tensor> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (Statistics* pool : readers[i]) pool->observe(values[i].data<float>(), values[i].size() / pool->cols());
    }
  });
}

}  // namespace

bool is_shared(const sweep::Site& site) { return site.linear_uses.size() > 1 && site.lookup_uses.empty(); }

SiteStatistics pool_uses(const sweep::Walker& walker, sweep::Stream stream,
                         const std::map<std::size_t, std::vector<std::string>>& observers) {
  const auto& plan = walker.plan();
  Pools pools;
  SiteStatistics result;
  graph::NodeId last = 0;
  for (const auto& [s, names] : observers) {
    const sweep::Site& site = plan.sites[s];
    auto& pool = pools[{inputs_of(walker.graph(), site), names}];
    const auto cols = walker.graph().value(site.weight).weight.source->row_size();
    if (pool == nullptr) pool = std::make_shared<Statistics>(cols, names);
    result[s] = pool;
    last = std::max(last, site.linear_uses.back());
  }
  for (const sweep::Block& block : plan.blocks) {
    if (block.begin > last) break;
    const sweep::Operands shared = walker.prepare_block(block, nullptr, nullptr);
    observe_block(walker, block, stream, shared, pools);
    if (block.end <= last) walker.advance(stream, block.end, nullptr, &shared);
  }
  return result;
}

}  // namespace kerf::quant
