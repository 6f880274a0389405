#include "sweep/program.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "core/threads.h"
#include "tests/support/golden_model.h"
#include "tests/support/graph_sketch.h"
#include "tests/support/op_runner.h"
#include "tests/support/reference_executor.h"
#include "tests/support/thread_setting.h"

namespace kerf::sweep {
namespace {

using graph::Graph;
using graph::NodeId;
using graph::ValueId;
using test::GraphSketch;
using test::same_bits;
using testing::ElementsAre;
using testing::IsEmpty;

NodeId end_of(const Graph& graph) { return static_cast<NodeId>(graph.nodes().size()); }

/// A program of the whole graph, or of a part, with its operands.
struct Prepared {
  Prepared(const Graph& graph, NodeId begin, NodeId end, std::vector<ValueId> seeds, std::vector<ValueId> wanted,
           const Overlay* overlay = nullptr, const Operands* shared = nullptr)
      : program(graph, make_plan(graph), begin, end, seeds, wanted),
        operands(prepare(graph, program, overlay, shared)) {}
  Prepared(const Graph& graph, std::vector<ValueId> wanted)
      : Prepared(graph, 0, end_of(graph), {}, std::move(wanted)) {}

  std::vector<Tensor> run(const std::vector<Tensor>& inputs, const std::vector<Tensor>& seeds = {}) const {
    return program.run(operands, inputs, seeds);
  }
  /// Names of the nodes that run, in order.
  std::vector<std::string> nodes_run(const std::vector<Tensor>& inputs, const std::vector<Tensor>& seeds = {}) {
    std::vector<std::string> names;
    program.set_clock([&](const graph::Node& node, double seconds) {
      EXPECT_GE(seconds, 0);
      names.push_back(node.name);
    });
    run(inputs, seeds);
    program.set_clock({});
    return names;
  }

  Program program;
  Operands operands;
};

/// x -> a -> b, x -> other; "table" depends on no weight.
struct TwoBranches : GraphSketch {
  ValueId x = input("x");
  ValueId table = node("Relu", "table", {x});
  ValueId a = linear("a", x, 4, 4);
  ValueId b = node("Add", "b", {a, table});
  ValueId other = linear("other", x, 4, 4);
};

TEST(Program, RunsOnlyWhatTheWantedValuesNeed) {
  TwoBranches sketch;
  Prepared part(sketch.graph, {sketch.b});
  EXPECT_THAT(part.nodes_run({test::random_normal({1, 3, 4}, 1)}), ElementsAre("table", "a", "b"));
  EXPECT_THAT(part.program.parameters(), ElementsAre(sketch.graph.node(1).inputs[1]));
  Prepared nothing(sketch.graph, {});
  EXPECT_THAT(nothing.nodes_run({Tensor()}), IsEmpty());
}

TEST(Program, ComputesFreeNodesAgainWhereverTheyAreNeeded) {
  TwoBranches sketch;
  const Tensor x = test::random_normal({1, 3, 4}, 1);
  const auto whole = Prepared(sketch.graph, {sketch.a, sketch.b}).run({x});
  // Only "b" is in the range; "table" lies before it and was not handed over.
  Prepared rest(sketch.graph, 2, 3, {sketch.a}, {sketch.b});
  EXPECT_THAT(rest.nodes_run({x}, {whole[0]}), ElementsAre("table", "b"));
  EXPECT_TRUE(same_bits(rest.run({x}, {whole[0]}).front(), whole[1]));
}

TEST(Program, AKeptValueThatIsNotGivenIsAMistake) {
  TwoBranches sketch;
  try {
    Prepared(sketch.graph, 2, 3, {}, {sketch.b});
    FAIL() << "value a is before the range and was not given";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("value a is not available"));
  }
}

TEST(Program, ValuesThatAreGivenPassThroughInAnyOrder) {
  TwoBranches sketch;
  const Tensor x = test::random_normal({1, 3, 4}, 1), a = test::random_normal({1, 3, 4}, 2);
  const auto found = Prepared(sketch.graph, 2, 3, {sketch.a}, {sketch.b, sketch.a, sketch.x, sketch.a}).run({x}, {a});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[1].raw(), a.raw());
  EXPECT_EQ(found[2].raw(), x.raw());
  EXPECT_EQ(found[3].raw(), a.raw());
  EXPECT_FALSE(same_bits(found[0], a));
}

TEST(Program, AnInputMayBeWantedThatNoNodeReads) {
  GraphSketch sketch;
  const ValueId x = sketch.input("x");
  const Tensor value = test::random_normal({3}, 1);
  EXPECT_EQ(Prepared(sketch.graph, {x}).run({value}).front().raw(), value.raw());
}

TEST(Program, AGivenValueIsNotComputedAgain) {
  TwoBranches sketch;
  Prepared program(sketch.graph, 0, 3, {sketch.a}, {sketch.b});
  EXPECT_THAT(program.nodes_run({test::random_normal({1, 3, 4}, 1)}, {test::random_normal({1, 3, 4}, 2)}),
              ElementsAre("table", "b"));
  EXPECT_THAT(program.program.parameters(), IsEmpty());
}

/// Bytes in use now, of all of this process; 0 where the allocator does not tell (sanitizers).
std::size_t bytes_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(Program, DropsValuesAfterTheirLastUse) {
  constexpr std::int64_t kLength = 1 << 18;  // 1 MiB of floats
  constexpr std::size_t kBytes = kLength * sizeof(float);
  GraphSketch sketch;
  ValueId y = sketch.input("x");
  const ValueId w = sketch.weight("w", {1});
  for (int i = 0; i < 30; ++i) y = sketch.node("Add", "n" + std::to_string(i), {y, w});
  Prepared chain(sketch.graph, {y});
  const Tensor x = test::random_normal({kLength}, 1);
  const std::size_t before = bytes_in_use();
  std::size_t most = before;
  chain.program.set_clock([&](const graph::Node&, double) { most = std::max(most, bytes_in_use()); });
  const auto result = chain.run({x});
  // A node's input and its output, not thirty of them.
  EXPECT_LE(most - before, 3 * kBytes);
  EXPECT_EQ(result.front().size(), kLength);
}

TEST(Program, WholeIsTheSameAsBlockByBlockAndAsNodeByNode) {
  for (const char* name : {"llama", "gpt2", "llama-tied-mha", "bert-cls", "albert-mlm", "mobilebert-mlm", "t5"}) {
    const test::GoldenModel model(name);
    const Graph& graph = model.built.graph;
    const auto windows = model.windows(1, 19, 1);
    const ValueId logits = *graph.find_output("logits");
    const Tensor expected = Prepared(graph, {logits}).run(windows->front()).front();
    EXPECT_TRUE(same_bits(model.logits(windows, nullptr).front(), expected)) << name;
    std::map<std::string, Tensor> inputs;
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
      inputs[graph.value(graph.inputs()[i]).name] = windows->front()[i];
    }
    EXPECT_LT(test::relative_difference({test::run_graph(graph, inputs).front()}, {expected}), 1e-5) << name;
  }
}

TEST(Program, ManyThreadsMayRunIt) {
  const test::GoldenModel model("llama");
  const ValueId logits = *model.built.graph.find_output("logits");
  const Prepared whole(model.built.graph, {logits});
  const auto windows = model.windows(16, 9, 2);
  std::vector<Tensor> alone, together(windows->size());
  for (const auto& window : *windows) alone.push_back(whole.run(window).front());
  const test::ThreadSetting threads(8);
  parallel_for(16, [&](std::int64_t i) {
    const auto w = static_cast<std::size_t>(i);
    together[w] = whole.run((*windows)[w]).front();
  });
  for (std::size_t w = 0; w < alone.size(); ++w) EXPECT_TRUE(same_bits(alone[w], together[w])) << w;
}

TEST(Program, AHeadMayRunOnSomePositionsAnAttentionBlockMayNot) {
  const test::GoldenModel model("llama");
  const Graph& graph = model.built.graph;
  const Plan& plan = model.walker.plan();
  const Block &attention = plan.blocks[2], &head = plan.blocks.back();
  const Program first(graph, plan, attention.begin, attention.end, attention.live_in, attention.live_out);
  EXPECT_FALSE(first.rowwise());
  EXPECT_TRUE(first.reads_inputs());
  const Program last(graph, plan, head.begin, head.end, head.live_in, head.live_out);
  EXPECT_TRUE(last.rowwise());
  EXPECT_FALSE(last.reads_inputs());
}

TEST(Program, ParametersAreAscendingEachOnce) {
  const test::GoldenModel model("llama-tied-mha");
  const Program whole(model.built.graph, model.walker.plan(), 0, end_of(model.built.graph), {},
                      model.walker.plan().blocks.back().live_out);
  const auto& parameters = whole.parameters();
  EXPECT_EQ(std::adjacent_find(parameters.begin(), parameters.end(), std::greater_equal<>()), parameters.end());
  for (const ValueId id : model.built.graph.weights()) EXPECT_THAT(parameters, testing::Contains(id));
}

TEST(Prepare, SharesWhatTheOverlayDoesNotReplace) {
  TwoBranches sketch;
  const ValueId wa = sketch.graph.node(1).inputs[1], wo = sketch.graph.node(3).inputs[1];
  const Prepared reference(sketch.graph, {sketch.a, sketch.other});
  Overlay overlay;
  overlay.set(wa, graph::make_memory_source(Tensor::zeros(DType::kF32, {4, 4}), "zeros"));
  const Prepared candidate(sketch.graph, 0, 4, {}, {sketch.a, sketch.other}, &overlay, &reference.operands);
  EXPECT_EQ(candidate.operands.at(wo).packed, reference.operands.at(wo).packed);
  EXPECT_NE(candidate.operands.at(wa).packed, reference.operands.at(wa).packed);
  const Tensor x = test::random_normal({1, 3, 4}, 1);
  const auto found = candidate.run({x}), expected = reference.run({x});
  EXPECT_THAT(found[0].values<float>(), testing::Each(0.0F));
  EXPECT_TRUE(same_bits(found[1], expected[1]));
}

TEST(Prepare, ATiedHeadIsPackedAndReadByRows) {
  const test::GoldenModel model("llama-tied-mha");
  const ValueId tied = model.walker.plan().sites.front().weight;
  const Prepared whole(model.built.graph, {*model.built.graph.find_output("logits")});
  const ops::Operand& operand = whole.operands.at(tied);
  EXPECT_TRUE(operand.packed);
  EXPECT_TRUE(operand.rows);
  EXPECT_FALSE(operand.tensor.defined()) << "an embedding table is never in memory as a whole";
}

TEST(Prepare, ConstantsComeFromTheGraph) {
  GraphSketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId one = sketch.graph.add_constant("one", Tensor::from<float>({1}, std::vector<float>{1}));
  const Prepared program(sketch.graph, {});
  EXPECT_THAT(program.operands, IsEmpty());
  const ValueId y = sketch.node("Add", "y", {x, one});
  const auto found = Prepared(sketch.graph, {y}).run({Tensor::from<float>({2}, std::vector<float>{1, 2})});
  EXPECT_THAT(found.front().values<float>(), ElementsAre(2, 3));
}

}  // namespace
}  // namespace kerf::sweep
