// What every transform promises of every family: the function of the unquantized model stays.
#include "quant/transform.h"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/source_dir.h"

namespace kerf::quant {
namespace {

using test::GoldenModel;
using Windows = std::shared_ptr<const std::vector<sweep::WindowInputs>>;

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() + "/tests/golden/checkpoints")) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Tensor> logits_of(const sweep::Walker& walker, const sweep::Overlay* overlay, const Windows& windows) {
  sweep::Stream stream(windows, budget_of(std::uint64_t{1} << 30));
  const auto& blocks = walker.plan().blocks;
  for (std::size_t b = 0; b + 1 < blocks.size(); ++b) walker.advance(stream, blocks[b].end, overlay, nullptr);
  const graph::ValueId output = *walker.graph().find_output("logits");
  std::vector<Tensor> result;
  walker.visit(stream, static_cast<graph::NodeId>(walker.graph().nodes().size()), {&output, 1}, overlay, nullptr,
               std::nullopt, [&](std::size_t, std::span<const Tensor> values) { result.push_back(values.front()); });
  return result;
}

std::vector<std::shared_ptr<const calibration::Statistics>> statistics_of(const sweep::Walker& walker,
                                                                          const sweep::Stream& stream,
                                                                          const sweep::Block& block,
                                                                          const std::vector<std::string>& observers) {
  std::vector<std::shared_ptr<const calibration::Statistics>> statistics;
  for (const sweep::Group& group : block.groups) {
    const auto& weight = walker.graph().value(walker.plan().sites[group.sites[0]].weight).weight;
    auto seen = std::make_shared<calibration::Statistics>(weight.source->row_size(), observers);
    walker.visit(stream, group.first_node, {&group.input, 1}, nullptr, nullptr, std::nullopt,
                 [&](std::size_t, std::span<const Tensor> values) {
                   seen->observe(values[0].data<float>(), values[0].size() / seen->cols());
                 });
    statistics.push_back(std::move(seen));
  }
  return statistics;
}

/// The transform with every trial looking better than the one before, so that the strongest is folded wherever one can
/// be. The method searches ranges, so that none is cut, which is a part of rounding.
sweep::Overlay folded_by(const sweep::Walker& walker, const std::string& transform, const Windows& windows) {
  Candidate candidate = candidate_of(walker, "int8", "mse", {transform});
  sweep::Stream stream(windows, budget_of(1 << 26));
  double falling = 1;
  for (const sweep::Block& block : walker.plan().blocks) {
    const auto statistics = statistics_of(walker, stream, block, find_transform(transform).observers);
    BlockContext context{walker,     block,
                         candidate,  budget_of(1 << 26),
                         statistics, [&](const sweep::Overlay&) { return falling *= 0.99; }};
    find_transform(transform).apply(context);
    if (&block != &walker.plan().blocks.back()) walker.advance(stream, block.end, nullptr, nullptr);
  }
  return candidate.overlay;
}

class EveryFamily : public testing::TestWithParam<std::string> {};

/// A family of which rotate cannot leave the function as it is refuses it; the sentence says where.
std::optional<Rewritten> rotated(const GoldenModel& model) {
  try {
    return find_transform("rotate").rewrite(model.built.graph);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage) << error.what();
    return std::nullopt;
  }
}

TEST_P(EveryFamily, IsTheSameFunctionAfterScaling) {
  const GoldenModel model(GetParam());
  const Windows windows = model.windows(2, 16, 3);
  const auto expected = model.logits(windows, nullptr);
  for (const char* transform : {"awq", "smoothquant"}) {
    const sweep::Overlay overlay = folded_by(model.walker, transform, windows);
    EXPECT_LT(test::relative_difference(model.logits(windows, &overlay), expected), 5e-5) << transform;
  }
}

TEST_P(EveryFamily, IsTheSameFunctionAfterRotatingAndScaling) {
  const GoldenModel model(GetParam());
  const auto rewritten = rotated(model);
  if (!rewritten) return;
  const Windows windows = model.windows(2, 16, 3);
  const auto expected = model.logits(windows, nullptr);
  const sweep::Walker walker(rewritten->graph);
  EXPECT_LT(test::relative_difference(logits_of(walker, nullptr, windows), expected), 1e-5);
  for (const char* transform : {"awq", "smoothquant"}) {
    const sweep::Overlay overlay = folded_by(walker, transform, windows);
    EXPECT_FALSE(overlay.entries().empty()) << transform;
    EXPECT_LT(test::relative_difference(logits_of(walker, &overlay, windows), expected), 5e-5) << transform;
  }
}

/// Where nothing is rounded there is nothing to correct.
TEST_P(EveryFamily, IsLeftAloneByBiasCorrectionOfWhatIsNotRounded) {
  const GoldenModel model(GetParam());
  Candidate candidate = candidate_of(model.walker, "none", "rtn", {"bias-correction"});
  quantize(model.walker, {&candidate}, {.windows = model.windows(2, 16, 3), .statistics = nullptr});
  EXPECT_TRUE(candidate.overlay.entries().empty());
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryFamily, testing::ValuesIn(families()), [](const auto& instance) {
  std::string name = instance.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

/// Families whose norms divide by the root mean square alone.
TEST(Transform, RotateTakesTheRelativesOfLlama) {
  for (const char* name :
       {"llama", "mistral", "mixtral", "gemma", "granite", "phi3", "qwen2", "qwen3", "qwen3-moe", "smollm3"}) {
    EXPECT_TRUE(rotated(GoldenModel(name))) << name;
  }
  for (const char* name : {"gpt2", "opt", "bert-mlm", "t5", "gemma2"}) EXPECT_FALSE(rotated(GoldenModel(name))) << name;
}

}  // namespace
}  // namespace kerf::quant
