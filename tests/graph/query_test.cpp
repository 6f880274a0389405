#include "graph/query.h"

#include <gtest/gtest.h>

#include "tests/support/graph_sketch.h"

namespace kerf::graph {
namespace {

TEST(Query, AnswersFromTheGraph) {
  test::GraphSketch sketch;
  const auto x = sketch.input("x");
  const auto w = sketch.weight("w", {4, 4});
  const auto y = sketch.linear("y", x, w);
  const auto z = sketch.node("Add", "z", {y, x});
  EXPECT_TRUE(is_op(*producer(sketch.graph, y), kKerfDomain, "Linear"));
  EXPECT_FALSE(is_op(*producer(sketch.graph, z), kKerfDomain, "Add"));
  EXPECT_EQ(producer(sketch.graph, x), nullptr);
  EXPECT_EQ(producer(sketch.graph, w), nullptr);
  EXPECT_TRUE(is_weight(sketch.graph, w));
  EXPECT_FALSE(is_weight(sketch.graph, y));
  EXPECT_FALSE(is_weight(sketch.graph, kNoValue));
  EXPECT_TRUE(read_once(sketch.graph, y));
  EXPECT_FALSE(read_once(sketch.graph, x));  // y and z
  EXPECT_FALSE(read_once(sketch.graph, z));  // nobody
}

}  // namespace
}  // namespace kerf::graph
