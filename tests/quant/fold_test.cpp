#include "quant/transforms/fold.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "quant/transform.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

/// Factors between 1/4 and 4, equal where channels share one.
std::vector<float> random_factors(const Fold& fold, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> by_channel(static_cast<std::size_t>(fold.producer_channels));
  for (float& f : by_channel) f = static_cast<float>(std::exp2(random.uniform() * 4 - 2));
  std::vector<float> factors;
  for (const std::int64_t channel : fold.channels) factors.push_back(by_channel[static_cast<std::size_t>(channel)]);
  return factors;
}

struct Folded {
  std::vector<std::string> where;
  double difference = 0;
};

/// Folds random factors wherever that is possible and compares the logits with the original's.
Folded fold_everywhere(const test::GoldenModel& model) {
  const auto windows = model.windows(2, 20, 3);
  const auto& graph = model.built.graph;
  const auto& plan = model.walker.plan();
  sweep::Overlay overlay;
  Folded result;
  for (const sweep::Block& block : plan.blocks) {
    for (const sweep::Group& group : block.groups) {
      const std::int64_t channels = graph.value(plan.sites[group.sites.front()].weight).weight.source->row_size();
      std::string reason;
      const auto fold = find_fold(graph, plan, block, group, channels, reason);
      result.where.push_back(fold ? fold->where : "-");
      if (!fold) {
        EXPECT_FALSE(reason.empty());
        continue;
      }
      apply_fold(graph, plan, group, *fold, random_factors(*fold, 10 + result.where.size()), DType::kF32, overlay);
    }
  }
  result.difference = test::relative_difference(model.logits(windows, &overlay), model.logits(windows, nullptr));
  return result;
}

Folded fold_everywhere(const std::string& name) { return fold_everywhere(test::GoldenModel(name)); }

Folded fold_exported(const std::string& name) {
  return fold_everywhere(
      test::GoldenModel(formats::open_checkpoint(test::source_dir() + "/tests/golden/" + name + "/model.onnx")));
}

/// f32 rounding of scaled weights, through a few layers; a wrong channel map gives differences near 1.
constexpr double kTolerance = 2e-5;

TEST(Fold, LlamaFoldsEveryGroupAndStaysTheSameFunction) {
  const Folded folded = fold_everywhere("llama");  // two query heads a key-value head
  EXPECT_EQ(folded.where, (std::vector<std::string>{"norm", "v", "norm", "up", "norm", "v", "norm", "up", "norm"}));
  EXPECT_LT(folded.difference, kTolerance);
}

/// Gemma's norms scale by 1 + weight.
TEST(Fold, NormsAroundOneFold) {
  for (const char* name : {"gemma", "gemma2", "gemma3"}) {
    const Folded folded = fold_everywhere(name);
    EXPECT_EQ(folded.where[0], "norm") << name;
    EXPECT_LT(folded.difference, kTolerance) << name;
  }
}

/// Through experts and everything else that a family may hold.
TEST(Fold, EveryFamilyStaysTheSameFunction) {
  for (const char* name : {"mixtral", "qwen3-moe", "phi3", "phi2", "olmo2", "opt", "bloom", "gpt-neox", "gpt-neo",
                           "granite", "stablelm", "starcoder2", "smollm3", "mistral", "qwen2", "qwen3"}) {
    EXPECT_LT(fold_everywhere(name).difference, kTolerance) << name;
  }
}

TEST(Fold, BiasesFoldToo) {
  const Folded folded = fold_everywhere("llama-bias");
  EXPECT_EQ(folded.where[1], "v");
  EXPECT_LT(folded.difference, kTolerance);
}

TEST(Fold, Gpt2FoldsThroughTheFusedProjectionButNotThroughGelu) {
  const Folded folded = fold_everywhere("gpt2");
  EXPECT_EQ(std::vector<std::string>(folded.where.begin(), folded.where.begin() + 4),
            (std::vector<std::string>{"norm", "qkv", "norm", "-"}));
  EXPECT_LT(folded.difference, kTolerance);
}

/// Attention as exporters write it: MatMul, Softmax, MatMul, Transpose, Reshape.
TEST(Fold, WrittenOutAttentionFoldsIntoItsValues) {
  for (const char* exporter : {"ts14", "ts17", "dynamo18", "dynamo20"}) {
    for (const char* name : {"llama", "gpt2", "bert-mlm", "distilbert-cls"}) {
      const Folded folded = fold_exported(std::string("onnx/") + name + "-" + exporter);
      const auto into_values = std::count_if(folded.where.begin(), folded.where.end(),
                                             [](const std::string& where) { return where == "v" || where == "qkv"; });
      EXPECT_GE(into_values, 2) << name << "-" << exporter;
      // Also where rows are made of texts before a product, as Gemm wants them.
      if (std::string(name) == "gpt2") {
        EXPECT_GE(std::count(folded.where.begin(), folded.where.end(), "norm"), 4) << exporter;
      }
      EXPECT_LT(folded.difference, kTolerance) << name << "-" << exporter;
    }
  }
}

}  // namespace
}  // namespace kerf::quant
