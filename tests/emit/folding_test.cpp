#include "emit/folding.h"

#include <gtest/gtest.h>

#include "core/random.h"
#include "quant/sources.h"
#include "quant/transforms/fold.h"
#include "tests/support/golden_model.h"

namespace kerf::emit {
namespace {

/// A golden model whose groups were scaled as awq does it, and then rounded.
struct Scaled {
  explicit Scaled(const std::string& name, const std::string& scheme) : model(name) {
    const auto& graph = model.built.graph;
    const auto& plan = model.walker.plan();
    Random random(7);
    for (const sweep::Block& block : plan.blocks) {
      for (const sweep::Group& group : block.groups) {
        const std::int64_t channels = graph.value(plan.sites[group.sites.front()].weight).weight.source->row_size();
        std::string reason;
        const auto fold = quant::find_fold(graph, plan, block, group, channels, reason);
        if (!fold) continue;
        std::vector<float> by_channel(static_cast<std::size_t>(fold->producer_channels));
        for (float& f : by_channel) f = static_cast<float>(std::exp2(random.uniform() * 2 - 1));
        std::vector<float> factors;
        for (const std::int64_t channel : fold->channels)
          factors.push_back(by_channel[static_cast<std::size_t>(channel)]);
        quant::apply_fold(graph, plan, group, *fold, factors, DType::kF32, overlay);
        ++folds;
      }
    }
    for (const sweep::Site& site : plan.sites) {
      if (site.linear_uses.empty()) continue;
      stored[site.weight] = quant::make_rtn_source(overlay.source(graph, site.weight), codec::parse_scheme(scheme));
    }
  }

  graph::SourcePtr counterpart(graph::ValueId id) const {
    const auto found = stored.find(id);
    return found != stored.end() ? found->second : overlay.source(model.built.graph, id);
  }

  /// Largest relative error of any weight against what the scalings make of the original.
  double worst_error(const std::map<graph::ValueId, Scaling>& scalings) const {
    double worst = 0;
    for (const graph::ValueId id : model.built.graph.weights()) {
      const auto scaling = scalings.find(id);
      const WeightFigures figures =
          check_weight(model.built.graph.value(id).weight.source,
                       scaling == scalings.end() ? Scaling{} : scaling->second, *counterpart(id));
      worst = std::max(worst, figures.relative_error);
    }
    return worst;
  }

  test::GoldenModel model;
  sweep::Overlay overlay;
  std::map<graph::ValueId, graph::SourcePtr> stored;
  int folds = 0;
};

class Folding : public testing::TestWithParam<const char*> {};

TEST_P(Folding, FindsWhatWasMovedBetweenTensors) {
  const Scaled scaled(GetParam(), "int8-g32");
  ASSERT_GT(scaled.folds, 2);
  const auto scalings = find_scalings(scaled.model.built.graph, scaled.model.walker.plan(),
                                      [&](graph::ValueId id) { return scaled.counterpart(id); });
  EXPECT_GT(scaled.worst_error({}), 0.2);
  EXPECT_LT(scaled.worst_error(scalings), 0.02);
}

INSTANTIATE_TEST_SUITE_P(Families, Folding, testing::Values("llama", "gemma", "gpt2", "qwen2", "phi3"));

TEST(FoldingOfUnscaled, FindsNothing) {
  const test::GoldenModel model("llama");
  const auto scalings = find_scalings(model.built.graph, model.walker.plan(), [&](graph::ValueId id) {
    return quant::make_rtn_source(model.built.graph.value(id).weight.source, codec::parse_scheme("int8-g32"));
  });
  EXPECT_TRUE(scalings.empty());
}

TEST(FoldingOfMissing, IsNoFolding) {
  const test::GoldenModel model("llama");
  EXPECT_TRUE(find_scalings(model.built.graph, model.walker.plan(), [](graph::ValueId) { return nullptr; }).empty());
}

}  // namespace
}  // namespace kerf::emit
