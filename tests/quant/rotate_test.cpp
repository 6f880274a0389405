#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "graph/rewrite.h"
#include "quant/activation_choice.h"
#include "quant/activations.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

/// Logits of a graph that stands in for a model's own.
std::vector<Tensor> logits_of(const graph::Graph& graph, const sweep::Overlay* overlay,
                              const std::shared_ptr<const std::vector<sweep::WindowInputs>>& inputs) {
  const sweep::Walker walker(graph);
  sweep::Stream stream(inputs, budget_of(std::uint64_t{1} << 30));
  const auto& blocks = walker.plan().blocks;
  for (std::size_t b = 0; b + 1 < blocks.size(); ++b) walker.advance(stream, blocks[b].end, overlay, nullptr);
  const graph::ValueId output = *graph.find_output("logits");
  std::vector<Tensor> result;
  walker.visit(stream, static_cast<graph::NodeId>(graph.nodes().size()), {&output, 1}, overlay, nullptr, std::nullopt,
               [&](std::size_t, std::span<const Tensor> values) { result.push_back(values.front()); });
  return result;
}

class RotateOf : public testing::TestWithParam<const char*> {};

TEST_P(RotateOf, LeavesTheFunctionUnchanged) {
  const test::GoldenModel model(GetParam());
  const auto windows = model.windows(3, 20, 1);
  const Rewritten rotated = find_transform("rotate").rewrite(model.built.graph);
  const auto expected = model.logits(windows, nullptr);
  EXPECT_LE(test::relative_difference(logits_of(rotated.graph, nullptr, windows), expected), 1e-5);
  EXPECT_EQ(rotated.untied_head, model.built.model.hyperparameters.tied_head);
  ASSERT_EQ(rotated.notes.size(), 1U);
  EXPECT_NE(rotated.notes.front().find("of 2 attentions"), std::string::npos) << rotated.notes.front();
}

INSTANTIATE_TEST_SUITE_P(Families, RotateOf,
                         testing::Values("llama", "llama-bias", "llama-tied-mha", "llama3-rope", "mistral", "mixtral",
                                         "gemma", "granite", "phi3", "qwen2", "qwen3", "qwen3-moe", "smollm3"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Rotate, EveryMatrixAndNormChanges) {
  const test::GoldenModel model("llama");
  const Rewritten rotated = find_transform("rotate").rewrite(model.built.graph);
  for (const graph::ValueId id : model.built.graph.weights()) {
    const auto before = model.built.graph.value(id).weight.source->read();
    const auto after = rotated.graph.value(id).weight.source->read();
    EXPECT_GT(test::relative_difference({after}, {before}), 0.1) << model.built.graph.value(id).weight.name;
  }
}

/// The same function with a channel that is far larger than the others where the norms end: what quantized activations
/// suffer from.
graph::Graph with_outliers(const graph::Graph& graph) {
  constexpr float kFactor = 100;
  graph::Replacements replacements;
  for (const graph::ValueId id : graph.weights()) {
    const graph::Weight& weight = graph.value(id).weight;
    const bool norm = weight.role == graph::Role::kNorm;
    const bool reader = weight.role == graph::Role::kQuery || weight.role == graph::Role::kKey ||
                        weight.role == graph::Role::kValue || weight.role == graph::Role::kGate ||
                        weight.role == graph::Role::kUp || weight.role == graph::Role::kHead;
    if (!norm && !reader) continue;
    Tensor values = weight.source->read();
    const std::int64_t width = norm ? values.size() : values.dim(1);
    for (std::int64_t i = 3; i < values.size(); i += width) {
      values.data<float>()[i] *= norm ? kFactor : 1 / kFactor;
    }
    replacements.sources[id] = graph::make_memory_source(std::move(values), weight.name);
  }
  return graph::copy_with(graph, replacements);
}

/// Logits with activations of 8 bits per token.
std::vector<Tensor> rounded_logits(const graph::Graph& graph,
                                   const std::shared_ptr<const std::vector<sweep::WindowInputs>>& windows) {
  const sweep::Walker walker(graph);
  Candidate candidate = candidate_of(walker, "f32", "rtn");
  for (auto& [id, decision] : candidate.decisions)
    decision.activations = parse_activations("int8-dynamic", parse_range(""));
  start_activations(walker, candidate);
  return logits_of(graph, &candidate.overlay, windows);
}

TEST(Rotate, OutliersOfSingleChannelsCostLittleAfterwards) {
  const test::GoldenModel model("llama");
  const auto windows = model.windows(4, 30, 2);
  const graph::Graph planted = with_outliers(model.built.graph);
  const auto expected = model.logits(windows, nullptr);
  ASSERT_LE(test::relative_difference(logits_of(planted, nullptr, windows), expected), 1e-4);
  const double plain = test::relative_difference(rounded_logits(planted, windows), expected);
  const Rewritten rotated = find_transform("rotate").rewrite(planted);
  const double after = test::relative_difference(rounded_logits(rotated.graph, windows), expected);
  EXPECT_LT(after, plain / 5);
}

}  // namespace
}  // namespace kerf::quant
