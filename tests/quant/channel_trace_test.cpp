#include "quant/transforms/channel_trace.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "graph/graph.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

using graph::Graph;
using graph::ValueId;
using Ints = std::vector<std::int64_t>;

/// x [batch, length, 4], two heads of two: a linear node, heads apart, probabilities times them, heads side by side.
struct Sketch {
  Graph graph;
  ValueId x, values, mixed, end;

  explicit Sketch(Ints heads = {0, -1, 2, 2}, Ints apart = {0, 2, 1, 3}, Ints joined = {0, -1, 4}) {
    const ValueId ids = graph.add_input("input_ids", DType::kI64);
    const ValueId table = weight("table", {7, 4});
    x = node("Gather", {table, ids});
    values = node("Linear", {x, weight("v", {4, 4})}, {}, graph::kKerfDomain);
    const ValueId split = node("Reshape", {values, integers(heads)});
    const ValueId turned = node("Transpose", {split}, {{"perm", apart}});
    const ValueId scores = node("MatMul", {turned_back(), turned_back()});
    mixed = node("MatMul", {scores, turned});
    const ValueId together = node("Transpose", {mixed}, {{"perm", Ints{0, 2, 1, 3}}});
    end = node("Reshape", {together, integers(joined)});
    graph.add_output("logits", node("Linear", {end, weight("o", {4, 4})}, {}, graph::kKerfDomain));
  }
  ValueId turned_back() { return node("Unsqueeze", {x, integers({1})}); }
  ValueId node(std::string op, std::vector<ValueId> inputs, graph::Attributes attributes = {},
               std::string_view domain = graph::kOnnxDomain) {
    graph::Node made{.op = op,
                     .domain = std::string(domain),
                     .name = op + std::to_string(graph.nodes().size()),
                     .inputs = std::move(inputs),
                     .outputs = {},
                     .attributes = std::move(attributes)};
    return graph.add_node(std::move(made), 1).front();
  }
  ValueId weight(const std::string& name, const Shape& shape) {
    graph::Weight made{.name = name,
                       .role = graph::Role::kValue,
                       .source = graph::make_memory_source(test::random_normal(shape, 1), name)};
    return graph.add_weight(std::move(made));
  }
  ValueId integers(const Ints& list) {
    return graph.add_constant("shape" + std::to_string(graph.values().size()),
                              Tensor::from<std::int64_t>({std::ssize(list)}, list));
  }
  std::optional<ChannelTrace> trace() const { return trace_through_attention(graph, sweep::make_plan(graph), end); }
};

TEST(ChannelTrace, ChannelsComeBackInTheirOrder) {
  const auto found = Sketch().trace();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, Sketch().values);
  EXPECT_EQ(found->channels, (Ints{0, 1, 2, 3}));
}

/// The two elements of a head lie apart: channel c is where the nodes move it.
TEST(ChannelTrace, OrInAnother) {
  const auto found = Sketch({0, -1, 2, 2}, {0, 3, 1, 2}).trace();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->channels, (Ints{0, 2, 1, 3}));
}

TEST(ChannelTrace, AFixedLengthIsFound) {
  const auto found = Sketch({1, 9, 2, 2}, {0, 2, 1, 3}, {1, 9, 4}).trace();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->channels, (Ints{0, 1, 2, 3}));
}

/// Two tokens in one head: no channel is one of the values' alone.
TEST(ChannelTrace, TokensThatMeetInAHeadAreNotFollowed) { EXPECT_FALSE(Sketch({0, 2, -1, 2}).trace()); }

TEST(ChannelTrace, ValuesThatAreReadElsewhereAreNotFollowed) {
  Sketch sketch;
  sketch.graph.add_output("values", sketch.node("Neg", {sketch.values}));
  EXPECT_FALSE(sketch.trace());
}

/// As rows of texts become those of one matrix.
TEST(ChannelTrace, MovesKeepOrExchangeChannels) {
  Sketch sketch;
  const auto moved = [&](ValueId end) {
    return trace_through_moves(sketch.graph, sweep::make_plan(sketch.graph), end, 4);
  };
  const ValueId flat = sketch.node("Reshape", {sketch.node("Neg", {sketch.x}), sketch.integers({-1, 4})});
  ASSERT_TRUE(moved(flat));
  EXPECT_EQ(moved(flat)->channels, (Ints{0, 1, 2, 3}));
  const ValueId pairs = sketch.node("Reshape", {sketch.node("Abs", {sketch.x}), sketch.integers({0, -1, 2, 2})});
  const ValueId turned = sketch.node("Transpose", {pairs}, {{"perm", Ints{0, 1, 3, 2}}});
  const ValueId end = sketch.node("Reshape", {turned, sketch.integers({0, -1, 4})});
  ASSERT_TRUE(moved(end));
  EXPECT_EQ(moved(end)->channels, (Ints{0, 2, 1, 3}));
  EXPECT_FALSE(moved(sketch.node("Exp", {sketch.x}))) << "nothing is moved";
  const ValueId mixed = sketch.node("Transpose", {sketch.node("Sin", {sketch.x})}, {{"perm", Ints{0, 2, 1}}});
  EXPECT_FALSE(moved(mixed)) << "tokens are no channels";
}

TEST(ChannelTrace, OtherOperatorsEndIt) {
  Sketch sketch;
  EXPECT_FALSE(
      trace_through_attention(sketch.graph, sweep::make_plan(sketch.graph), sketch.node("Relu", {sketch.end})));
}

}  // namespace
}  // namespace kerf::quant
