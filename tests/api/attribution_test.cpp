#include "kerf/attribution.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"

namespace kerf {
namespace {

AttributeOptions options_for(const std::string& candidate) {
  AttributeOptions options;
  options.model = test::source_dir() + "/examples/tiny-llama";
  options.candidate = candidate;
  options.evaluation.text.files = {test::source_dir() + "/examples/tiny-llama/evaluation.txt"};
  options.evaluation.context = 64;
  options.windows = 2;
  return options;
}

TEST(Attribute, EveryWeightAloneAndAllButEach) {
  const Attribution found = attribute(options_for("int3-g32/rtn"), {});
  ASSERT_EQ(found.sites.size(), 28U);  // seven of each of four layers
  EXPECT_GT(found.kl.value, 0);
  double sum = 0;
  for (const SiteAttribution& site : found.sites) {
    EXPECT_GT(site.alone.value, 0) << site.name;
    EXPECT_LT(site.alone.value, found.kl.value) << site.name;
    EXPECT_LT(site.restored.value, found.kl.value) << site.name;
    EXPECT_EQ(site.scheme, "int3-g32");
    sum += site.alone.value;
  }
  EXPECT_NEAR(found.sum_alone, sum, 1e-12);
  // To first order errors add up.
  EXPECT_GT(found.sum_alone, 0.3 * found.kl.value);
  EXPECT_LT(found.sum_alone, 3 * found.kl.value);
  EXPECT_EQ(found.layers.size(), 4U);
  ASSERT_FALSE(found.widenings.empty());
}

/// A weight whose error is all there is.
TEST(Attribute, OneQuantizedWeightIsTheWholeLoss) {
  AttributeOptions options = options_for("int3-g32/rtn");
  options.defaults.keep = {"*.0.*", "*.1.*", "*.2.*", "*.self_attn.*", "*.gate_proj.*", "*.up_proj.*"};
  const Attribution found = attribute(options, {});
  ASSERT_EQ(found.sites.size(), 1U);
  // Embedding and head, which are held in f16, are the candidate's own.
  EXPECT_NEAR(found.sites[0].alone.value, found.kl.value, 1e-3 * found.kl.value);
  EXPECT_NEAR(found.sites[0].restored.value, found.kl.value, 1e-3 * found.kl.value);
}

TEST(Attribute, RefusesWhatCannotBeLookedAtAlone) {
  AttributeOptions options = options_for("int4-g32/rtn+awq");
  options.calibration.text.files = options.evaluation.text.files;
  test::expect_error(ErrorCode::kUsage, "no weight can be looked at alone", [&] { attribute(options, {}); });
  test::expect_error(ErrorCode::kUsage, "quantizes no weight", [&] { attribute(options_for("f16"), {}); });
}

}  // namespace
}  // namespace kerf
