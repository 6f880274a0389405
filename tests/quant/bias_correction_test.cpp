#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/graph_sketch.h"
#include "tests/support/op_runner.h"

namespace kerf::quant {
namespace {

using test::GoldenModel;

/// One layer with a bias, whose inputs are far from 0 in the mean.
struct Layer {
  Layer() {
    graph::Weight w;
    w.name = "w";
    w.role = graph::Role::kDown;
    w.source = graph::make_memory_source(test::random_normal({6, 32}, 1), "w");
    weight = sketch.graph.add_weight(w);
    bias = sketch.weight("b", {6});
    const graph::ValueId x = sketch.input("x");
    graph::Node node;
    node.domain = graph::kKerfDomain;
    node.op = "Linear";
    node.inputs = {x, weight, bias};
    sketch.graph.add_output("y", sketch.graph.add_node(node).front());
    for (std::uint64_t i = 0; i < 4; ++i) {
      Tensor values = test::random_normal({1, 50, 32}, 10 + i);
      for (float& value : values.values<float>()) value += 2;
      windows->push_back({values});
    }
  }
  Candidate quantized(DType folded) const {
    const sweep::Walker walker(sketch.graph);
    Candidate candidate = candidate_of(walker, "int3", "rtn", {"bias-correction"});
    candidate.folded_dtype = folded;
    quantize(walker, {&candidate}, {.windows = windows, .statistics = nullptr});
    return candidate;
  }
  /// Mean outputs under an overlay.
  std::vector<double> means(const sweep::Overlay* overlay) const {
    const sweep::Program program(sketch.graph, sweep::make_plan(sketch.graph), 0, 1, {},
                                 {&sketch.graph.node(0).outputs[0], 1});
    const auto operands = sweep::prepare(sketch.graph, program, overlay, nullptr);
    std::vector<double> sums(6, 0.0);
    for (const auto& window : *windows) {
      const Tensor y = program.run(operands, window, {}).front();
      for (std::int64_t i = 0; i < y.size(); ++i) {
        sums[static_cast<std::size_t>(i % 6)] += static_cast<double>(y.data<float>()[i]) / 200;
      }
    }
    return sums;
  }
  test::GraphSketch sketch;
  graph::ValueId weight = graph::kNoValue, bias = graph::kNoValue;
  std::shared_ptr<std::vector<sweep::WindowInputs>> windows = std::make_shared<std::vector<sweep::WindowInputs>>();
};

TEST(BiasCorrection, TheMeanOutputIsWhatItWas) {
  const Layer layer;
  const Candidate candidate = layer.quantized(DType::kF32);
  sweep::Overlay uncorrected = candidate.overlay;
  uncorrected.erase(layer.bias);
  const auto expected = layer.means(nullptr), found = layer.means(&candidate.overlay), off = layer.means(&uncorrected);
  double moved = 0;
  for (std::size_t r = 0; r < 6; ++r) {
    EXPECT_NEAR(found[r], expected[r], 1e-4);
    moved = std::max(moved, std::abs(off[r] - expected[r]));
  }
  EXPECT_GT(moved, 0.1) << "there was something to correct";
}

TEST(BiasCorrection, BiasesAreRoundedToWhatTheTargetsHold) {
  const Layer layer;
  const Candidate candidate = layer.quantized(DType::kBF16);
  const Tensor bias = candidate.overlay.entries().at(layer.bias)->read();
  for (const float value : bias.values<float>()) EXPECT_EQ(codec::round_to(DType::kBF16, value), value);
}

TEST(BiasCorrection, LayersWithoutABiasSaySo) {
  const GoldenModel model("llama");
  Candidate candidate = candidate_of(model.walker, "int4-g32", "rtn", {"bias-correction"});
  quantize(model.walker, {&candidate}, {.windows = model.windows(2, 32, 1), .statistics = nullptr});
  int said = 0;
  for (const SiteReport& report : candidate.ledger) {
    if (report.method == "bias-correction") said += report.note == "not corrected: it has no bias of its own" ? 1 : 0;
  }
  EXPECT_EQ(said, 14);
}

/// Together with other transforms and methods, on models whose layers have biases.
TEST(BiasCorrection, EveryLayerOfAModelWithBiasesIsCorrected) {
  const GoldenModel model("gpt2");
  Candidate corrected = candidate_of(model.walker, "int4-g32", "gptq", {"awq", "bias-correction"});
  quantize(model.walker, {&corrected}, {.windows = model.windows(6, 32, 1), .statistics = nullptr});
  int count = 0;
  for (const SiteReport& report : corrected.ledger) {
    if (report.method != "bias-correction") continue;
    ++count;
    EXPECT_THAT(report.note, testing::HasSubstr("mean output had moved"));
  }
  EXPECT_EQ(count, 8) << "four layers in each of two blocks";
}

TEST(BiasCorrection, NothingElseChanges) {
  const GoldenModel model("gpt2");
  Candidate corrected = candidate_of(model.walker, "int4-g32", "rtn", {"bias-correction"}),
            plain = candidate_of(model.walker, "int4-g32", "rtn");
  quantize(model.walker, {&corrected, &plain}, {.windows = model.windows(2, 32, 1), .statistics = nullptr});
  for (const auto& [id, source] : plain.overlay.entries()) {
    EXPECT_EQ(codes_of(corrected, id).codes, codes_of(plain, id).codes);
  }
}

}  // namespace
}  // namespace kerf::quant
