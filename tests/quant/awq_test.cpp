#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quant/transforms/clip_search.h"
#include "quant/transforms/fold.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

using test::GoldenModel;

CalibrationData text_of(const GoldenModel& model) {
  return {.windows = model.windows(6, 32, 1), .statistics = nullptr};
}

/// Mean squared difference of the logits, relative to their mean square.
double error(const GoldenModel& model, const Candidate& candidate) {
  const auto windows = model.windows(3, 24, 9);
  const auto found = model.logits(windows, &candidate.overlay), expected = model.logits(windows, nullptr);
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

/// The same function with a channel of every norm's output `factor` times as large, and the weights that read it as
/// much smaller.
formats::Checkpoint with_planted_channel(const GoldenModel& model, float factor) {
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
      factors[3] = 1 / factor;
      apply_fold(graph, plan, group, *fold, factors, DType::kF32, overlay);
    }
  }
  formats::Checkpoint checkpoint = model.checkpoint;
  for (const auto& [id, source] : overlay.entries()) checkpoint.tensors[graph.value(id).weight.name] = source;
  return checkpoint;
}

/// Small weights that large activations meet lose everything in a group's grid, until they are scaled up.
TEST(Awq, SavesChannelsWithLargeActivations) {
  for (const char* name : {"llama", "qwen2", "llama-bias"}) {
    const GoldenModel plain(name), planted(with_planted_channel(plain, 30));
    const auto windows = plain.windows(2, 20, 9);
    ASSERT_LT(test::relative_difference(planted.logits(windows, nullptr), plain.logits(windows, nullptr)), 1e-4);
    for (const char* scheme : {"int4-g32", "int4-g64-asym"}) {
      Candidate rtn = candidate_of(planted.walker, scheme, "rtn"),
                awq = candidate_of(planted.walker, scheme, "rtn", {"awq"});
      quantize(planted.walker, {&rtn, &awq}, text_of(planted));
      EXPECT_LT(error(planted, awq), 0.6 * error(planted, rtn)) << name << " " << scheme;
    }
  }
}

/// Large weights that next to nothing meets take the range of the others, until they are scaled down or cut off.
TEST(Awq, DoesNotPayForChannelsWithoutActivations) {
  const GoldenModel plain("llama"), planted(with_planted_channel(plain, 1.0F / 30));
  Candidate rtn = candidate_of(planted.walker, "int4-g64-asym", "rtn");
  Candidate awq = candidate_of(planted.walker, "int4-g64-asym", "rtn", {"awq"});
  quantize(planted.walker, {&rtn, &awq}, text_of(planted));
  EXPECT_LT(error(planted, awq), 0.2 * error(planted, rtn));
}

std::vector<const SiteReport*> cuts_of(const Candidate& candidate) {
  std::vector<const SiteReport*> reports;
  for (const SiteReport& report : candidate.ledger) {
    if (report.transform && report.note.find("cut") != std::string::npos) reports.push_back(&report);
  }
  return reports;
}

TEST(Awq, CutsRangesWhereTheBlockGains) {
  const GoldenModel model("llama");
  for (const char* scheme : {"int3-g32", "int3-g64-asym", "int4-g32-min", "int4"}) {
    Candidate candidate = candidate_of(model.walker, scheme, "rtn", {"awq"});
    quantize(model.walker, {&candidate}, text_of(model));
    int better = 0;
    const auto reports = cuts_of(candidate);
    ASSERT_FALSE(reports.empty()) << scheme;
    for (const SiteReport* report : reports) {
      EXPECT_LE(report->block_error, report->block_error_rtn) << report->name;
      if (report->block_error < report->block_error_rtn) ++better;
    }
    EXPECT_GT(better, 2) << scheme;
    EXPECT_TRUE(candidate.unclipped.empty());
  }
}

/// Other methods choose ranges by themselves; scales of many rows and those that are codes are left alone.
TEST(Awq, LeavesRangesToMethodsThatSearchThem) {
  const GoldenModel model("llama");
  for (const auto& [scheme, method] : {std::pair("int4-g32", "mse"),
                                       {"int4-g32", "gptq"},
                                       {"q4_k", "rtn"},
                                       {"int8-tensor", "rtn"},
                                       {"f8_e4m3-b32x32", "rtn"}}) {
    Candidate candidate = candidate_of(model.walker, scheme, method, {"awq"});
    quantize(model.walker, {&candidate}, text_of(model));
    EXPECT_TRUE(cuts_of(candidate).empty()) << scheme << " " << method;
  }
}

}  // namespace
}  // namespace kerf::quant
