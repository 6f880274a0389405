#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "quant/quantizer.h"
#include "quant/transforms/fold.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {

inline CalibrationData text_of(const test::GoldenModel& model) {
  return {.windows = model.windows(6, 32, 1), .statistics = nullptr};
}

/// Mean squared difference of the logits, relative to their mean square.
inline double logit_error(const test::GoldenModel& model, const sweep::Overlay& overlay) {
  const auto windows = model.windows(3, 24, 9);
  const auto found = model.logits(windows, &overlay), expected = model.logits(windows, nullptr);
  double difference = 0, size = 0;
  for (std::size_t w = 0; w < found.size(); ++w) {
    for (std::int64_t i = 0; i < found[w].size(); ++i) {
      const double y = static_cast<double>(expected[w].data<float>()[i]);
      difference += std::pow(static_cast<double>(found[w].data<float>()[i]) - y, 2);
      size += y * y;
    }
  }
  return difference / size;
}

/// The same function with some channels of every norm's output times as large, and the weights that read them as much
/// smaller: what large language models have by themselves. `sizes`: by channel.
inline formats::Checkpoint with_planted_channels(const test::GoldenModel& model,
                                                 const std::map<std::int64_t, float>& sizes) {
  const auto& graph = model.built.graph;
  const auto& plan = model.walker.plan();
  sweep::Overlay overlay;
  for (const sweep::Block& block : plan.blocks) {
    for (const sweep::Group& group : block.groups) {
      const std::int64_t channels = graph.value(plan.sites[group.sites.front()].weight).weight.source->row_size();
      std::string reason;
      const auto fold = find_fold(graph, plan, block, group, channels, reason);
      if (!fold || fold->where != "norm") continue;
      std::vector<float> factors(static_cast<std::size_t>(channels), 1.0F);
      for (const auto& [channel, size] : sizes) {
        factors[static_cast<std::size_t>(channel)] = 1 / size;
      }
      apply_fold(graph, plan, group, *fold, factors, DType::kF32, overlay);
    }
  }
  formats::Checkpoint checkpoint = model.checkpoint;
  for (const auto& [id, source] : overlay.entries()) checkpoint.tensors[graph.value(id).weight.name] = source;
  return checkpoint;
}

}  // namespace kerf::quant
