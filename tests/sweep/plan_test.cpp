#include "sweep/plan.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden_model.h"
#include "tests/support/graph_sketch.h"

namespace kerf::sweep {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::NodeId;
using graph::Value;
using graph::ValueId;
using test::GraphSketch;
using testing::ElementsAre;
using testing::IsEmpty;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

bool is_linear(const graph::Node& node) { return node.op == "Linear"; }

/// Does the value depend on a weight? By walking up from it.
bool depends_on_a_weight(const Graph& graph, ValueId id) {
  if (id == kNoValue) return false;
  const Value& value = graph.value(id);
  if (value.kind != Value::Kind::kComputed) return value.kind == Value::Kind::kWeight;
  const auto& inputs = graph.node(value.producer).inputs;
  return std::any_of(inputs.begin(), inputs.end(), [&](ValueId v) { return depends_on_a_weight(graph, v); });
}

/// Is it read by a node at or after `position`, or an output of the graph?
bool is_read_from(const Graph& graph, ValueId id, NodeId position) {
  for (const auto& [name, output] : graph.outputs()) {
    if (output == id) return true;
  }
  const auto consumers = graph.consumers(id);
  return std::any_of(consumers.begin(), consumers.end(), [&](NodeId n) { return n >= position; });
}

std::vector<ValueId> alive_by_definition(const Graph& graph, NodeId position) {
  std::vector<ValueId> alive;
  for (std::size_t v = 0; v < graph.values().size(); ++v) {
    const auto id = static_cast<ValueId>(v);
    const Value& value = graph.value(id);
    if (value.kind == Value::Kind::kComputed && value.producer < position && depends_on_a_weight(graph, id) &&
        is_read_from(graph, id, position)) {
      alive.push_back(id);
    }
  }
  return alive;
}

class GoldenPlan : public testing::TestWithParam<const char*> {
 protected:
  const test::GoldenModel model_{GetParam()};
  const Graph& graph_ = model_.built.graph;
  const Plan& plan_ = model_.walker.plan();
};

/// Is the value read in two layers or more, by looking at each reader?
bool is_shared_by_layers(const Graph& graph, ValueId id) {
  std::set<int> layers;
  for (const NodeId n : graph.consumers(id)) {
    if (graph.node(n).layer >= 0) layers.insert(graph.node(n).layer);
  }
  return layers.size() > 1;
}

TEST_P(GoldenPlan, BlocksCoverAllNodesInOrderAndHandOnOneValueBesideSharedOnes) {
  NodeId next = 0;
  std::vector<ValueId> handed_on;
  for (const Block& block : plan_.blocks) {
    EXPECT_EQ(block.begin, next);
    EXPECT_LT(block.begin, block.end);
    EXPECT_EQ(block.live_in, handed_on);
    EXPECT_EQ(std::count_if(block.live_out.begin(), block.live_out.end(),
                            [&](ValueId id) { return !is_shared_by_layers(graph_, id); }),
              1);
    EXPECT_FALSE(block.groups.empty());
    next = block.end;
    handed_on = block.live_out;
  }
  EXPECT_EQ(next, static_cast<NodeId>(graph_.nodes().size()));
}

TEST_P(GoldenPlan, FreeIsWhatNoWeightReaches) {
  for (std::size_t v = 0; v < graph_.values().size(); ++v) {
    EXPECT_EQ(plan_.free_value[v], !depends_on_a_weight(graph_, static_cast<ValueId>(v))) << graph_.values()[v].name;
  }
  for (std::size_t n = 0; n < graph_.nodes().size(); ++n) {
    EXPECT_EQ(plan_.free_node[n], plan_.free_value[at(graph_.nodes()[n].outputs.front())]);
  }
}

TEST_P(GoldenPlan, AliveIsWhatIsComputedKeptAndStillRead) {
  for (NodeId position = 0; position <= static_cast<NodeId>(graph_.nodes().size()); ++position) {
    EXPECT_EQ(live_values(graph_, plan_, position), alive_by_definition(graph_, position)) << position;
  }
}

TEST_P(GoldenPlan, EveryLinearNodeIsInTheGroupOfItsInput) {
  for (const Block& block : plan_.blocks) {
    std::set<ValueId> inputs;
    std::size_t sites = 0;
    NodeId before = -1;
    for (const Group& group : block.groups) {
      EXPECT_TRUE(inputs.insert(group.input).second) << "two groups of one input";
      EXPECT_GT(group.first_node, before);
      before = group.first_node;
      EXPECT_EQ(graph_.node(group.first_node).inputs[0], group.input);
      for (const std::size_t s : group.sites) {
        const auto& uses = plan_.sites[s].linear_uses;
        EXPECT_TRUE(std::any_of(uses.begin(), uses.end(), [&](NodeId n) {
          return n >= block.begin && n < block.end && graph_.node(n).inputs[0] == group.input;
        }));
      }
      sites += group.sites.size();
    }
    const auto begin = graph_.nodes().begin();
    EXPECT_EQ(static_cast<std::ptrdiff_t>(sites), std::count_if(begin + block.begin, begin + block.end, is_linear));
  }
}

TEST_P(GoldenPlan, SitesAreTheMatricesByFirstUse) {
  NodeId before = -1;
  for (std::size_t s = 0; s < plan_.sites.size(); ++s) {
    const Site& site = plan_.sites[s];
    EXPECT_EQ(plan_.site_of(site.weight), static_cast<int>(s));
    std::vector<NodeId> uses = site.linear_uses;
    uses.insert(uses.end(), site.lookup_uses.begin(), site.lookup_uses.end());
    EXPECT_THAT(uses, testing::UnorderedElementsAreArray(graph_.consumers(site.weight)));
    const NodeId first = *std::min_element(uses.begin(), uses.end());
    EXPECT_GT(first, before);
    before = first;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenPlan,
                         testing::Values("llama", "llama-bias", "llama-tied-mha", "llama3-rope", "gpt2", "bert-mlm",
                                         "bert-cls", "distilbert-cls", "roberta-mlm", "albert-mlm", "mobilebert-mlm",
                                         "t5", "t5-gated"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Plan, BlocksOfADecoderAreAttentionFeedForwardAndHead) {
  const test::GoldenModel model("llama");  // two layers
  const Plan& plan = model.walker.plan();
  ASSERT_EQ(plan.blocks.size(), 5U);
  std::vector<std::vector<std::size_t>> groups;
  for (const Block& block : plan.blocks) {
    groups.emplace_back();
    for (const Group& group : block.groups) groups.back().push_back(group.sites.size());
  }
  // q k v, then o; gate up, then down; the head
  EXPECT_THAT(groups,
              ElementsAre(ElementsAre(3, 1), ElementsAre(2, 1), ElementsAre(3, 1), ElementsAre(2, 1), ElementsAre(1)));
}

std::vector<std::size_t> handed_on(const Plan& plan) {
  std::vector<std::size_t> counts;
  for (const Block& block : plan.blocks) counts.push_back(block.live_out.size());
  return counts;
}

TEST(Plan, AnEncodersOutputStaysAliveThroughTheDecodersBlocks) {
  const test::GoldenModel model("t5");  // two layers of encoder and decoder
  // Attention and feed-forward of the encoder's layers; with the decoder's attention to itself and to the encoder the
  // encoder's output, until the last layer has made keys and values of it; the head.
  EXPECT_THAT(handed_on(model.walker.plan()), ElementsAre(1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1));
}

TEST(Plan, NoDecoderHandsOnMoreThanOneValue) {
  for (const char* name : {"llama", "gpt2", "bert-cls", "albert-mlm"}) {
    const test::GoldenModel model(name);
    EXPECT_THAT(handed_on(model.walker.plan()), testing::Each(1U)) << name;
  }
}

TEST(Plan, LayersThatShareWeightsAreSitesOfSeveralUses) {
  const test::GoldenModel model("albert-mlm");  // two layers
  const Plan& plan = model.walker.plan();
  for (const Site& site : plan.sites) {
    const graph::Weight& weight = model.built.graph.value(site.weight).weight;
    if (!graph::is_linear_role(weight.role)) continue;
    EXPECT_EQ(site.linear_uses.size(), 2U) << weight.name;
  }
}

TEST(Plan, ATiedHeadIsOneSiteWithBothUses) {
  const test::GoldenModel model("llama-tied-mha");
  const Site& site = model.walker.plan().sites.front();
  EXPECT_EQ(model.built.graph.value(site.weight).weight.role, graph::Role::kEmbedding);
  EXPECT_EQ(site.lookup_uses.size(), 1U);
  EXPECT_EQ(site.linear_uses.size(), 1U);
}

TEST(Plan, MasksAndRotaryTablesAreNotKept) {
  const test::GoldenModel model("llama");
  const Plan& plan = model.walker.plan();
  EXPECT_TRUE(std::any_of(plan.free_node.begin(), plan.free_node.end(), [](bool free) { return free; }));
  for (const Block& block : plan.blocks) {
    for (const ValueId id : block.live_out) EXPECT_FALSE(plan.free_value[at(id)]);
  }
}

TEST(Plan, OfNoNodesHasNoBlocks) {
  GraphSketch sketch;
  sketch.input("x");
  EXPECT_THAT(make_plan(sketch.graph).blocks, IsEmpty());
  EXPECT_EQ(make_plan(sketch.graph).site_of(0), -1);
}

TEST(Plan, WithoutALinearSiteAllNodesAreOneBlock) {
  GraphSketch sketch;
  const ValueId x = sketch.input("x");
  ValueId y = sketch.node("Add", "scaled", {x, sketch.weight("w", {4})});
  for (int i = 0; i < 5; ++i) y = sketch.node("Relu", "relu" + std::to_string(i), {y});
  sketch.graph.add_output("y", y);
  const Plan plan = make_plan(sketch.graph);
  ASSERT_EQ(plan.blocks.size(), 1U);
  EXPECT_EQ(plan.blocks[0].end, 6);
  EXPECT_THAT(plan.blocks[0].groups, IsEmpty());
  EXPECT_THAT(plan.sites, IsEmpty());
}

TEST(Plan, CutsAfterEachLinearNodeOfAChainAndNeverAfterTheLast) {
  GraphSketch sketch;
  ValueId y = sketch.input("x");
  for (int i = 0; i < 3; ++i) y = sketch.linear("l" + std::to_string(i), y, 4, 4);
  y = sketch.node("Relu", "tail", {y});
  sketch.graph.add_output("y", y);
  const Plan plan = make_plan(sketch.graph);
  ASSERT_EQ(plan.blocks.size(), 3U);
  EXPECT_EQ(plan.blocks[0].end, 1);
  EXPECT_EQ(plan.blocks[1].end, 2);
  EXPECT_EQ(plan.blocks[2].end, 4) << "the tail belongs to the last linear node";
}

TEST(Plan, DoesNotCutWhereAResidualIsAliveToo) {
  GraphSketch sketch;
  const ValueId x = sketch.linear("first", sketch.input("x"), 4, 4);
  const ValueId inner = sketch.linear("down", sketch.node("Relu", "relu", {sketch.linear("up", x, 4, 4)}), 4, 4);
  sketch.graph.add_output("y", sketch.linear("last", sketch.node("Add", "residual", {x, inner}), 4, 4));
  const Plan plan = make_plan(sketch.graph);
  std::vector<NodeId> ends;
  for (const Block& block : plan.blocks) ends.push_back(block.end);
  EXPECT_THAT(ends, ElementsAre(1, 5, 6));  // first | up relu down residual | last
}

TEST(Plan, AValueThatSeveralLayersReadDoesNotHinderACut) {
  GraphSketch sketch;
  const ValueId common = sketch.linear("encoder", sketch.input("x"), 4, 4);
  ValueId y = common;
  for (int layer = 0; layer < 3; ++layer) {
    sketch.layer = layer;
    y = sketch.linear("l" + std::to_string(layer), sketch.node("Add", "sum" + std::to_string(layer), {y, common}), 4,
                      4);
  }
  sketch.graph.add_output("y", y);
  const Plan plan = make_plan(sketch.graph);
  std::vector<NodeId> ends;
  for (const Block& block : plan.blocks) ends.push_back(block.end);
  EXPECT_THAT(ends, ElementsAre(2, 3, 5, 7)) << "the common value alone is no place to cut";
  for (std::size_t b = 1; b < 3; ++b) EXPECT_EQ(plan.blocks[b].live_in.size(), 2U);
}

TEST(Plan, AnOutputStaysAliveToTheEnd) {
  GraphSketch sketch;
  const ValueId hidden = sketch.linear("l0", sketch.input("x"), 4, 4);
  const ValueId y = sketch.linear("l1", hidden, 4, 4);
  sketch.graph.add_output("hidden", hidden);
  sketch.graph.add_output("y", y);
  const Plan plan = make_plan(sketch.graph);
  EXPECT_EQ(plan.last_use[at(hidden)], 2);
  EXPECT_THAT(live_values(sketch.graph, plan, 2), ElementsAre(hidden, y));
  EXPECT_THAT(plan.blocks.back().live_out, ElementsAre(hidden, y));
}

TEST(Plan, WhatNobodyReadsIsNotAlive) {
  GraphSketch sketch;
  const ValueId x = sketch.linear("l0", sketch.input("x"), 4, 4);
  const ValueId unread = sketch.node("Relu", "unread", {x});
  sketch.graph.add_output("y", sketch.linear("l1", x, 4, 4));
  const Plan plan = make_plan(sketch.graph);
  EXPECT_EQ(plan.last_use[at(unread)], -1);
  EXPECT_THAT(live_values(sketch.graph, plan, 2), ElementsAre(x));
}

TEST(Plan, AWeightUsedTwiceIsOneSite) {
  GraphSketch sketch;
  const ValueId weight = sketch.weight("shared", {4, 4});
  ValueId y = sketch.linear("l0", sketch.input("x"), weight);
  y = sketch.linear("l1", sketch.node("Relu", "relu", {y}), weight);
  sketch.graph.add_output("y", y);
  const Plan plan = make_plan(sketch.graph);
  ASSERT_EQ(plan.sites.size(), 1U);
  EXPECT_THAT(plan.sites[0].linear_uses, ElementsAre(0, 2));
  EXPECT_THAT(plan.sites[0].lookup_uses, IsEmpty());
  ASSERT_EQ(plan.blocks.size(), 2U);
  for (const Block& block : plan.blocks) EXPECT_THAT(block.groups[0].sites, ElementsAre(0));
}

TEST(Plan, AProductOfTwoActivationsIsNoSite) {
  GraphSketch sketch;
  const ValueId x = sketch.linear("l0", sketch.input("x"), 4, 4);
  sketch.graph.add_output("y", sketch.linear("square", x, x));
  const Plan plan = make_plan(sketch.graph);
  EXPECT_EQ(plan.sites.size(), 1U);
  for (const Block& block : plan.blocks) {
    for (const Group& group : block.groups) EXPECT_THAT(group.sites, ElementsAre(0));
  }
}

}  // namespace
}  // namespace kerf::sweep
