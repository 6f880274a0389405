#include "sweep/cache_rounding.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/op_runner.h"

namespace kerf::sweep {
namespace {

using test::expect_error;
using test::GoldenModel;

Overlay rounding(const GoldenModel& model, const std::string& scheme) {
  Overlay overlay;
  round_cache(model.built.graph, model.built.model, codec::parse_scheme(scheme), overlay);
  return overlay;
}

double drift(const GoldenModel& model, const std::string& scheme) {
  const auto windows = model.windows(2, 24, 4);
  const Overlay overlay = rounding(model, scheme);
  return test::relative_difference(model.logits(windows, &overlay), model.logits(windows, nullptr));
}

TEST(CacheRounding, KeysAndValuesOfEveryAttentionAreRoundedByHead) {
  const GoldenModel model("llama");
  const Overlay overlay = rounding(model, "q8_0");
  ASSERT_EQ(overlay.roundings().size(), 2U) << "an attention in each of two layers";
  for (const auto& [node, list] : overlay.roundings()) {
    EXPECT_EQ(model.built.graph.node(node).op, "Attention");
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].input, 1U);
    EXPECT_EQ(list[1].input, 2U);
    EXPECT_EQ(list[0].parts, model.built.model.hyperparameters.kv_heads);
  }
}

TEST(CacheRounding, FewerBitsCostMore) {
  for (const char* name : {"llama", "gpt2", "bloom", "gemma2", "t5"}) {
    const GoldenModel model(name);
    const double half = drift(model, "f16"), eight = drift(model, "int8"), four = drift(model, "int4");
    EXPECT_GT(half, 0) << name;
    EXPECT_LT(3 * half, eight) << name;
    EXPECT_LT(3 * eight, four) << name;
    EXPECT_LT(four, 2) << name;
  }
}

/// What a query sees of the tokens before it does not depend on those behind it.
TEST(CacheRounding, TokensAreRoundedByThemselves) {
  const GoldenModel model("llama");
  const Overlay overlay = rounding(model, "int4-g8-asym");
  const auto longer = model.windows(1, 20, 4);
  std::vector<std::int64_t> ids(longer->front().front().values<std::int64_t>().begin(),
                                longer->front().front().values<std::int64_t>().begin() + 12);
  const auto shorter = std::make_shared<std::vector<WindowInputs>>();
  shorter->push_back(bind_ids(model.built.graph, model.built.model, ids));
  const Tensor whole = model.logits(longer, &overlay).front(), part = model.logits(shorter, &overlay).front();
  for (std::int64_t i = 0; i < part.size(); ++i) {
    ASSERT_NEAR(part.data<float>()[i], whole.data<float>()[i], 1e-4);
  }
}

TEST(CacheRounding, OfAnEncoderWithADecoderOnlyTheDecoderReadsACache) {
  const GoldenModel model("t5");
  const auto& h = model.built.model.hyperparameters;
  const Overlay overlay = rounding(model, "int8");
  EXPECT_EQ(std::ssize(overlay.roundings()), 2 * h.decoder_layers) << "itself and across";
  for (const auto& [node, list] : overlay.roundings()) {
    EXPECT_GE(model.built.graph.node(node).layer, h.layers - h.decoder_layers);
  }
}

TEST(CacheRounding, AnEncoderHasNone) {
  const GoldenModel model("bert-mlm");
  expect_error(ErrorCode::kUsage, "keeps no key-value cache", [&] { rounding(model, "int8"); });
}

}  // namespace
}  // namespace kerf::sweep
