#include "graph/rewrite.h"

#include <gtest/gtest.h>

#include "ops/op.h"
#include "tests/support/graph_sketch.h"

namespace kerf::graph {
namespace {

/// A table that tokens are looked up in, and that a linear node reads too.
struct Tied {
  test::GraphSketch sketch;
  ValueId ids, table, found, logits;
  Tied() {
    ids = sketch.input("ids", DType::kI64);
    table = sketch.weight("table", {5, 3});
    found = sketch.node("Gather", "found", {table, ids});
    logits = sketch.linear("logits", found, table);
    sketch.graph.add_output("logits", logits);
  }
};

TEST(Rewrite, WithoutReplacementsTheCopyIsEqual) {
  const Tied tied;
  EXPECT_EQ(to_text(copy_with(tied.sketch.graph, {})), to_text(tied.sketch.graph));
}

TEST(Rewrite, ASourceIsReplacedForAllWhoReadIt) {
  const Tied tied;
  const SourcePtr other = make_memory_source(test::random_normal({5, 3}, 9), "other");
  const Graph copy = copy_with(tied.sketch.graph, {.sources = {{tied.table, other}}, .own_inputs = {}});
  ASSERT_EQ(copy.weights().size(), 1U);
  EXPECT_EQ(copy.value(copy.weights().front()).weight.source, other);
  EXPECT_EQ(copy.value(copy.weights().front()).weight.name, "table");
}

TEST(Rewrite, AnInputBecomesAWeightOfItsOwn) {
  const Tied tied;
  Weight head;
  head.name = "head";
  head.source = make_memory_source(test::random_normal({5, 3}, 9), "head");
  const Graph copy = copy_with(tied.sketch.graph, {.sources = {}, .own_inputs = {{{1, 1}, head}}});
  ASSERT_EQ(copy.nodes().size(), 2U);
  EXPECT_EQ(copy.value(copy.node(0).inputs[0]).weight.name, "table");
  EXPECT_EQ(copy.value(copy.node(1).inputs[1]).weight.name, "head");
  EXPECT_EQ(copy.node(1).inputs[0], copy.node(0).outputs[0]);
  EXPECT_EQ(copy.outputs().front().second, copy.node(1).outputs[0]);
  EXPECT_NO_THROW(ops::infer_specs(copy, std::vector<ops::TensorSpec>{{DType::kI64, {1, 2}}}));
}

}  // namespace
}  // namespace kerf::graph
