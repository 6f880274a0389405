#include "quant/rotation/residual_stream.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/graph_sketch.h"

namespace kerf::quant {
namespace {

std::vector<std::string> names(const graph::Graph& graph, const std::vector<graph::ValueId>& ids) {
  std::vector<std::string> result;
  for (const graph::ValueId id : ids) result.push_back(graph.value(id).weight.name);
  return result;
}

TEST(ResidualStream, OfALlama) {
  const test::GoldenModel model("llama");
  const ResidualStream stream = find_residual_stream(model.built.graph);
  const auto layers = static_cast<std::size_t>(model.built.model.hyperparameters.layers);
  EXPECT_EQ(stream.width, model.built.model.hyperparameters.hidden_size);
  EXPECT_EQ(names(model.built.graph, stream.lookups), std::vector<std::string>{"model.embed_tokens.weight"});
  EXPECT_EQ(stream.writers.size(), 2 * layers);      // o and down
  EXPECT_EQ(stream.readers.size(), 5 * layers + 1);  // q, k, v, gate, up; the head
  EXPECT_EQ(stream.norms.size(), 2 * layers + 1);
  EXPECT_TRUE(stream.tied.empty());
  for (const auto& [weight, norm] : stream.readers) EXPECT_TRUE(norm.has_value());
}

TEST(ResidualStream, ATiedHeadReadsTheTable) {
  const test::GoldenModel model("llama-tied-mha");
  const ResidualStream stream = find_residual_stream(model.built.graph);
  ASSERT_EQ(stream.tied.size(), 1U);
  EXPECT_EQ(stream.lookups.size(), 1U);
}

TEST(ResidualStream, NormsAroundOneHaveAnOffset) {
  const test::GoldenModel model("gemma");
  for (const NormScale& norm : find_residual_stream(model.built.graph).norms) EXPECT_EQ(norm.offset, 1.0F);
}

TEST(ResidualStream, FamiliesWhoseFunctionWouldChangeAreRefusedWithTheNode) {
  for (const auto& [name, node] : {std::pair{"gpt2", "h.0.ln_1"},
                                   {"gemma2", "post_attention_layernorm"},
                                   {"t5", "decoder_embedding"},
                                   {"tinybert-base", "embeddings.LayerNorm"}}) {
    const test::GoldenModel model(name);
    test::expect_error(ErrorCode::kUsage, node, [&] { find_residual_stream(model.built.graph); });
  }
}

/// Something reads what is added to the stream before it is added.
TEST(ResidualStream, WhoeverReadsAWriterIsSeen) {
  test::GraphSketch sketch;
  graph::Weight table;
  table.name = "table";
  table.role = graph::Role::kEmbedding;
  table.source = graph::make_memory_source(test::random_normal({5, 8}, 1), "table");
  const auto ids = sketch.input("ids", DType::kI64);
  const auto x = sketch.node("Gather", "x", {sketch.graph.add_weight(table), ids});
  const auto written = sketch.linear("written", x, 8, 8);
  const auto squashed = sketch.node("Tanh", "squashed", {written});
  const auto sum = sketch.node("Add", "sum", {x, written});
  sketch.graph.add_output("logits", sketch.linear("head", sum, 3, 8));
  sketch.graph.add_output("other", squashed);
  test::expect_error(ErrorCode::kUsage, "squashed", [&] { find_residual_stream(sketch.graph); });
}

}  // namespace
}  // namespace kerf::quant
