#include "quant/shared_sites.h"

#include <gtest/gtest.h>

#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

using test::GoldenModel;

/// The shared sites of ALBERT's two layers, by name.
std::map<std::string, std::size_t> shared_sites(const GoldenModel& model) {
  std::map<std::string, std::size_t> sites;
  const auto& plan = model.walker.plan();
  for (std::size_t s = 0; s < plan.sites.size(); ++s) {
    if (is_shared(plan.sites[s])) sites[model.built.graph.value(plan.sites[s].weight).weight.name] = s;
  }
  return sites;
}

TEST(SharedSites, AreUsedByLayersAndNotLookedUp) {
  const GoldenModel albert("albert-mlm"), tied("llama-tied-mha");
  EXPECT_EQ(shared_sites(albert).size(), 6U);
  EXPECT_TRUE(shared_sites(tied).empty()) << "a head that is the embedding is looked up";
}

TEST(SharedSites, StatisticsAreOfAllUsesAndCommonToThoseThatReadTheSame) {
  const GoldenModel model("albert-mlm");
  const auto windows = model.windows(3, 20, 5);
  std::map<std::size_t, std::vector<std::string>> observers;
  const auto sites = shared_sites(model);
  for (const auto& [name, site] : sites) observers[site] = {"sum_squares"};
  const SiteStatistics pooled = pool_uses(model.walker, sweep::Stream(windows, budget_of(1 << 30)), observers);
  ASSERT_EQ(pooled.size(), 6U);
  const auto of = [&](const std::string& part) {
    for (const auto& [name, site] : sites) {
      if (name.find(part) != std::string::npos) return pooled.at(site);
    }
    return std::shared_ptr<const calibration::Statistics>();
  };
  EXPECT_EQ(of("query"), of("key"));
  EXPECT_NE(of("query"), of("attention.dense"));
  for (const auto& [site, statistics] : pooled) EXPECT_EQ(statistics->tokens(), 2 * 3 * 20);

  // Of the two uses of one matrix, one after the other.
  const auto& plan = model.walker.plan();
  const sweep::Site& first = plan.sites[sites.begin()->second];
  sweep::Stream stream(windows, budget_of(1 << 30));
  calibration::Statistics expected(64, {"sum_squares"});
  for (const graph::NodeId use : first.linear_uses) {
    const graph::ValueId input = model.built.graph.node(use).inputs[0];
    model.walker.visit(stream, use, {&input, 1}, nullptr, nullptr, -1,
                       [&](std::size_t, std::span<const Tensor> values) {
                         expected.observe(values[0].data<float>(), values[0].size() / 64);
                       });
  }
  const auto found = pooled.at(sites.begin()->second)->state("sum_squares").values<double>();
  const auto wanted = expected.state("sum_squares").values<double>();
  for (std::size_t c = 0; c < wanted.size(); ++c) EXPECT_NEAR(found[c], wanted[c], 1e-9 * wanted[c]) << c;
}

}  // namespace
}  // namespace kerf::quant
