#include "emit/weight_check.h"

#include <gtest/gtest.h>

#include "emit/verdict.h"
#include "quant/sources.h"
#include "tests/support/codes_source.h"
#include "tests/support/random_tensor.h"

namespace kerf::emit {
namespace {

using graph::SourcePtr;

SourcePtr weight(std::uint64_t seed = 1) {
  return graph::make_memory_source(test::random_normal({96, 256}, seed, 0.05F), "w");
}

codec::QuantizedTensor codes_of(const SourcePtr& source, const std::string& scheme) {
  return quant::round_to_nearest(source->read(), codec::parse_scheme(scheme), "w");
}

std::vector<Finding> findings(const SourcePtr& original, const SourcePtr& found, const Scaling& scaling = {}) {
  const WeightFigures figures = check_weight(original, scaling, *found);
  TensorVerification tensor;
  tensor.name = "w";
  tensor.scheme = found->stored_as();
  tensor.shape = found->shape();
  tensor.relative_error = figures.relative_error;
  tensor.rounding_error = figures.rounding_error;
  tensor.scaled = scaling.any();
  return judge(tensor, figures);
}

std::vector<Finding> findings(const SourcePtr& original, codec::QuantizedTensor codes) {
  return findings(original, std::make_shared<test::CodesSource>(std::move(codes)));
}

std::string kinds(const std::vector<Finding>& found) {
  std::string text;
  for (const Finding& finding : found) text += (finding.failure ? "!" : "") + finding.kind + " ";
  return text;
}

class EveryScheme : public testing::TestWithParam<const char*> {};

TEST_P(EveryScheme, WhatRoundingMakesPasses) {
  const SourcePtr original = weight();
  EXPECT_EQ(kinds(findings(original, codes_of(original, GetParam()))), "");
}

TEST_P(EveryScheme, AnotherModelsWeightsDoNot) {
  EXPECT_NE(kinds(findings(weight(), codes_of(weight(2), GetParam()))), "");
}

TEST_P(EveryScheme, ZerosDoNot) {
  codec::QuantizedTensor codes = codec::make_quantized(codec::parse_scheme(GetParam()), 96, 256);
  EXPECT_EQ(kinds(findings(weight(), std::move(codes))), "!zeroed ");
}

TEST_P(EveryScheme, AGroupWithAnotherScaleDoesNot) {
  const SourcePtr original = weight();
  codec::QuantizedTensor codes = codes_of(original, GetParam());
  const bool whole = codes.scheme.granularity == codec::Granularity::kTensor;
  const auto at = static_cast<std::size_t>(whole ? 0 : codes.group_index(17, 40));
  codes.scales[at] *= 8;
  EXPECT_NE(kinds(findings(original, std::move(codes))), "");
}

INSTANTIATE_TEST_SUITE_P(Schemes, EveryScheme,
                         testing::Values("int8", "int8-g32", "int8-tensor", "int4-g32", "int4-g128-asym",
                                         "int4-g32-min", "int3-g64-asym", "nf4-g64", "q4_k", "q6_k", "iq4_nl", "mxfp4",
                                         "f8_e4m3", "f8_e4m3-b32x64", "f8_e4m3-tensor"));

TEST(WeightCheck, ZeroPointsOffByOneAreNamed) {
  const SourcePtr original = weight();
  codec::QuantizedTensor codes = codes_of(original, "int4-g128-asym");
  for (std::uint8_t& zero : codes.zero_points) ++zero;
  const auto found = findings(original, std::move(codes));
  ASSERT_EQ(kinds(found), "!off-by-one ");
  EXPECT_NE(found[0].text.find("-0.99 steps"), std::string::npos) << found[0].text;
}

/// Symmetric scales may be negative: the steps go the other way there.
TEST(WeightCheck, SoAreTheyWhereScalesAreNegative) {
  const SourcePtr original = weight();
  codec::QuantizedTensor codes = codes_of(original, "int4-g32");
  for (std::uint8_t& code : codes.codes) code = static_cast<std::uint8_t>(std::min(code + 1, 15));
  EXPECT_NE(kinds(findings(original, std::move(codes))).find("!off-by-one"), std::string::npos);
}

TEST(WeightCheck, ASingleCodeFarFromTheOthersIsNamedWithItsPlace) {
  const SourcePtr original = weight();
  codec::QuantizedTensor codes = codes_of(original, "int4-g32");
  codes.codes[30 * 256 + 77] ^= 4;
  const auto found = findings(original, std::move(codes));
  ASSERT_EQ(kinds(found), "!outlier ");
  EXPECT_NE(found[0].text.find("row 30, column 77"), std::string::npos) << found[0].text;
}

TEST(WeightCheck, ALostScaleIsNotTakenForPruning) {
  const SourcePtr original = weight();
  codec::QuantizedTensor codes = codes_of(original, "int4-g32");
  codes.scales[5] = 0;
  EXPECT_NE(kinds(findings(original, std::move(codes))).find("!scale"), std::string::npos);
}

TEST(WeightCheck, PrunedValuesAreSaidToBe) {
  const SourcePtr original = weight();
  Tensor half = original->read();
  for (std::size_t i = 0; i < half.values<float>().size(); i += 2) half.values<float>()[i] = 0;
  const SourcePtr pruned = graph::make_memory_source(half, "w");
  const auto found = findings(original, codes_of(pruned, "int8-g32"));
  EXPECT_EQ(kinds(found), "pruned ");
}

TEST(WeightCheck, ScalesThatWereMovedAreUndone) {
  const SourcePtr original = weight();
  Scaling scaling;
  for (int c = 0; c < 256; ++c) scaling.cols.push_back(static_cast<float>(1 + c % 5));
  for (int r = 0; r < 96; ++r) scaling.rows.push_back(static_cast<float>(1 + r % 3));
  const SourcePtr moved =
      graph::make_memory_source(Tensor::from<float>({96, 256}, scaled_rows(*original, scaling, 0, 96)), "w");
  EXPECT_NE(kinds(findings(original, codes_of(moved, "int4-g32"))), "");
  const auto found = findings(original, std::make_shared<test::CodesSource>(codes_of(moved, "int4-g32")), scaling);
  EXPECT_EQ(kinds(found), "scaled ");
}

TEST(WeightCheck, FloatsAreTheOriginalsRoundedOnce) {
  const SourcePtr original = weight();
  EXPECT_EQ(kinds(findings(original, quant::make_rounded_source(original, DType::kBF16))), "");
  Tensor changed = original->read();
  changed.values<float>()[1000] *= 1.01F;
  EXPECT_EQ(kinds(findings(original, graph::make_memory_source(changed, "w"))), "!changed ");
}

TEST(WeightCheck, ANormMayBeTunedALittle) {
  const Tensor values = test::random_normal({256}, 3);
  Tensor tuned = test::random_normal({256}, 3), broken = test::random_normal({256}, 3);
  for (float& value : tuned.values<float>()) value *= 1.02F;
  broken.values<float>()[5] = 1e4F;
  const SourcePtr original = graph::make_memory_source(values, "n");
  EXPECT_EQ(kinds(findings(original, graph::make_memory_source(tuned, "n"))), "changed ");
  EXPECT_EQ(kinds(findings(original, graph::make_memory_source(broken, "n"))), "!changed ");
}

}  // namespace
}  // namespace kerf::emit
