#include "emit/exactness.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "api/choice.h"
#include "api/emission.h"
#include "api/open_model.h"
#include "tests/support/source_dir.h"

namespace kerf::emit {
namespace {

TargetExactness exactness_of(const std::string& target, const std::string& scheme) {
  const api::OpenModel model(test::source_dir() + "/tests/golden/checkpoints/llama");
  QuantizationChoice choice;
  choice.scheme = scheme;
  choice.method = "rtn";
  const quant::Candidate candidate = api::make_candidate(model, choice, scheme);
  return exactness(find_target(target), {}, api::emit_model(model, candidate, false));
}

TEST(Exactness, WhatATargetHoldsIsExact) {
  EXPECT_TRUE(exactness_of("gguf", "int4-g32").exact);
  EXPECT_TRUE(exactness_of("compressed-tensors", "int4-g32").exact);
  EXPECT_TRUE(exactness_of("gguf", "f16").exact);
}

TEST(Exactness, WhatItCannotHoldHasAReasonAndTheNearestThatItCan) {
  const TargetExactness minimum = exactness_of("compressed-tensors", "int4-g32-min");
  EXPECT_FALSE(minimum.exact);
  EXPECT_FALSE(minimum.reason.empty());
  EXPECT_EQ(minimum.nearest, "int4-g32");
  const TargetExactness zero_points = exactness_of("gguf", "int4-g32-asym");
  EXPECT_FALSE(zero_points.exact);
  EXPECT_EQ(codec::parse_scheme(zero_points.nearest).bits, 4);
}

TEST(Exactness, NearSchemesComeFirst) {
  const auto near = nearest_schemes(codec::parse_scheme("int4-g32-asym"));
  ASSERT_GT(near.size(), 50U);
  EXPECT_TRUE(std::none_of(near.begin(), near.end(), [](const auto& s) { return s.name == "int4-g32-asym"; }));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(near[static_cast<std::size_t>(i)].bits, 4);
  EXPECT_NE(near.back().bits, 4);
}

TEST(Exactness, IsKnownOfEveryTarget) {
  const api::OpenModel model(test::source_dir() + "/tests/golden/checkpoints/llama");
  QuantizationChoice choice;
  choice.scheme = "int4-g32";
  choice.method = "rtn";
  const auto all = exactness_of_all(api::emit_model(model, api::make_candidate(model, choice, ""), false));
  ASSERT_EQ(all.size(), targets().size());
  for (const TargetExactness& one : all) EXPECT_NE(one.exact, one.reason.empty() ? false : true) << one.format;
}

}  // namespace
}  // namespace kerf::emit
