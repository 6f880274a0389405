#include "quant/pooled_statistics.h"

#include <gtest/gtest.h>

#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/op_runner.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using graph::ValueId;
using test::GoldenModel;

ValueId weight_named(const GoldenModel& model, const std::string& name) {
  for (const sweep::Site& site : model.walker.plan().sites) {
    if (model.built.graph.value(site.weight).weight.name.find(name) != std::string::npos) return site.weight;
  }
  ADD_FAILURE() << "no weight " << name;
  return graph::kNoValue;
}

TEST(PooledStatistics, AreThoseOfAllPlacesTogether) {
  const GoldenModel model("albert-mlm");
  const auto windows = model.windows(3, 20, 4);
  Candidate candidate = candidate_of(model.walker, "int4-g32", "gptq");
  const auto pooled = pool_statistics(model.walker, {&candidate}, {windows, budget_of(1 << 30)}, {});
  const ValueId query = weight_named(model, "attention.query"), key = weight_named(model, "attention.key"),
                down = weight_named(model, "ffn_output");
  ASSERT_TRUE(pooled.contains(query) && pooled.contains(down));
  EXPECT_EQ(pooled.at(query).all, pooled.at(key).all) << "they read the same values";
  EXPECT_NE(pooled.at(query).all, pooled.at(down).all);

  // By hand: every use's input, observed one after another.
  const auto& graph = model.built.graph;
  const sweep::Site& site = model.walker.plan().sites[static_cast<std::size_t>(model.walker.plan().site_of(query))];
  ASSERT_EQ(site.linear_uses.size(), 2U);
  Statistics expected(graph.value(query).weight.source->row_size(), {"outer_product"});
  const sweep::Stream start(windows, budget_of(1 << 30));
  for (const graph::NodeId use : site.linear_uses) {
    const ValueId input = graph.node(use).inputs[0];
    model.walker.visit(start, use, {&input, 1}, nullptr, nullptr, std::nullopt,
                       [&](std::size_t, std::span<const Tensor> values) {
                         expected.observe(values[0].data<float>(), values[0].size() / expected.cols());
                       });
  }
  EXPECT_EQ(pooled.at(query).all->tokens(), 2 * 3 * 20);
  EXPECT_TRUE(test::same_bits(pooled.at(query).all->state("outer_product"), expected.state("outer_product")));
}

TEST(PooledStatistics, NothingIsWalkedWhereNothingIsShared) {
  const GoldenModel llama("llama"), albert("albert-mlm");
  Candidate own = candidate_of(llama.walker, "int4-g32", "gptq"), rounded = candidate_of(albert.walker, "int8", "rtn");
  EXPECT_TRUE(pool_statistics(llama.walker, {&own}, {llama.windows(1, 8, 1), budget_of(1 << 20)}, {}).empty());
  EXPECT_TRUE(pool_statistics(albert.walker, {&rounded}, {albert.windows(1, 8, 1), budget_of(1 << 20)}, {}).empty());
}

}  // namespace
}  // namespace kerf::quant
