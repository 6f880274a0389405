#include <gtest/gtest.h>

#include "graph/graph.h"

namespace kerf::graph {
namespace {

TEST(GraphText, IsOneLineANodeWithEverythingThatMatters) {
  Graph graph;
  const ValueId x = graph.add_input("x", DType::kF32);
  Weight weight;
  weight.name = "up.weight";
  const ValueId w = graph.add_weight(weight);
  const ValueId y = graph
                        .add_node({.op = "Linear",
                                   .domain = std::string(kKerfDomain),
                                   .name = "up",
                                   .inputs = {x, w, kNoValue},
                                   .outputs = {},
                                   .attributes = {}})
                        .front();
  graph.add_node({.op = "Split",
                  .domain = "",
                  .name = "halves",
                  .inputs = {y},
                  .outputs = {},
                  .attributes = {{"axis", std::int64_t{-1}},
                                 {"epsilon", 1e-05},
                                 {"mode", std::string("even")},
                                 {"sizes", std::vector<std::int64_t>{2, 3}},
                                 {"scales", std::vector<double>{0.5}}}},
                 2);
  EXPECT_EQ(to_text(graph),
            "%2:up = kerf.Linear(%0:x, %1:up.weight, -) \n"
            "%3:halves.0, %4:halves.1 = Split(%2:up) axis=-1 epsilon=1e-05 mode=even sizes=[2,3] scales=[0.5]\n");
}

TEST(GraphText, OfAnEmptyGraphIsEmpty) { EXPECT_EQ(to_text(Graph()), ""); }

}  // namespace
}  // namespace kerf::graph
