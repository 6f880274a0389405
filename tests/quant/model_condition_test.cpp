#include "quant/model_condition.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::quant {
namespace {

description::Hyperparameters model() {
  description::Hyperparameters h;
  h.layers = 80;
  h.heads = 64;
  h.kv_heads = 8;
  h.experts = 8;
  h.tied_head = true;
  return h;
}

TEST(ModelCondition, ComparesTraits) {
  EXPECT_TRUE(ModelCondition("layers", "80").holds(model()));
  EXPECT_FALSE(ModelCondition("layers", "79").holds(model()));
  EXPECT_TRUE(ModelCondition("heads_per_kv_head", ">=8").holds(model()));
  EXPECT_FALSE(ModelCondition("heads_per_kv_head", ">=9").holds(model()));
  EXPECT_TRUE(ModelCondition("experts", "<=8").holds(model()));
  EXPECT_FALSE(ModelCondition("experts", "<=7").holds(model()));
  EXPECT_TRUE(ModelCondition("tied_head", "true").holds(model()));
  EXPECT_FALSE(ModelCondition("tied_head", "false").holds(model()));
}

TEST(ModelCondition, HeadsThatAreNotSharedAreOneEach) {
  description::Hyperparameters h = model();
  h.kv_heads = 0;
  EXPECT_TRUE(ModelCondition("heads_per_kv_head", "1").holds(h));
}

TEST(ModelCondition, RefusesWhatItDoesNotKnow) {
  const auto refused = [](const char* name, const char* text, const char* part) {
    test::expect_error(ErrorCode::kUsage, part, [&] { ModelCondition(name, text); });
  };
  refused("layer", "3", "did you mean layers?");
  refused("experts", "many", "expected a number");
  refused("experts", ">8", "expected a number");
  refused("experts", "-8", "expected a number");
  refused("tied_head", "1", "expected true or false");
}

}  // namespace
}  // namespace kerf::quant
