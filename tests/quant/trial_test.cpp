#include "quant/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

using calibration::Statistics;
using testing::HasSubstr;

constexpr std::int64_t kCols = 64;

/// Tokens in a few directions only: from one draw to the next these are the same or others.
void observe(std::size_t window, unsigned directions, std::int64_t rows, InputCollector& collector) {
  constexpr std::int64_t kDirections = 8;
  const Tensor basis = test::random_normal({kDirections, kCols}, directions);
  const Tensor draw = test::random_normal({rows, kDirections}, static_cast<unsigned>(1000 + window));
  Tensor x = Tensor::zeros(DType::kF32, {rows, kCols});
  for (std::int64_t t = 0; t < rows; ++t) {
    for (std::int64_t d = 0; d < kDirections; ++d) {
      for (std::int64_t c = 0; c < kCols; ++c) {
        x.data<float>()[t * kCols + c] += draw.data<float>()[t * kDirections + d] * basis.data<float>()[d * kCols + c];
      }
    }
  }
  collector.observe(window, x.data<float>(), rows);
}

/// Seven windows to learn from and an eighth, whose text is like theirs or not.
Trial try_gptq(bool alike, const std::string& scheme_name = "int3-g32") {
  InputCollector collector(kCols, {"outer_product"}, WindowSplit(8, 0.125));
  for (std::size_t w = 0; w < 8; ++w) observe(w, !alike && w == 7 ? 77 : 5, 200, collector);
  const SeenInputs seen = collector.finish();
  const Tensor weights = test::random_normal({96, kCols}, 3);
  const codec::Scheme scheme = codec::parse_scheme(scheme_name);
  return TrialGround(seen).run(find_method("gptq"), {"w", weights, scheme, seen.all.get(), {}});
}

TEST(Trial, GptqIsBetterOnTextOfTheSameKind) {
  const Trial trial = try_gptq(true);
  EXPECT_EQ(trial.tokens, 200);
  EXPECT_LT(trial.method.relative, 0.7 * trial.rtn.relative);
  EXPECT_LE(trial.search.relative, trial.rtn.relative);
  EXPECT_EQ(trial.better(), nullptr);
}

TEST(Trial, RoundingIsBetterOnOtherText) {
  const Trial trial = try_gptq(false);
  EXPECT_GT(trial.method.relative, trial.rtn.relative);
  ASSERT_NE(trial.better(), nullptr);
  EXPECT_THAT(trial.comparison(find_method("gptq")), HasSubstr("output error on held-out text is"));
  EXPECT_THAT(trial.comparison(find_method("gptq")), HasSubstr(std::string(trial.better()->name) + "'s"));
}

TEST(Trial, WorksWithSchemesOfOneScale) { EXPECT_GT(try_gptq(true, "int8-tensor").rtn.relative, 0); }

TEST(Trial, TheSimplestOfEquallyGoodOnesStays) {
  Trial trial;
  trial.method = trial.rtn = trial.search = {0.5, 0.5};
  EXPECT_EQ(trial.better(), nullptr);
  trial.search = {0.48, 0.48};
  EXPECT_EQ(trial.better(), nullptr) << "so little may be chance";
  trial.search = {0.4, 0.4};
  EXPECT_EQ(trial.better(), &find_method("imatrix"));
  trial.rtn = {0.3, 0.3};
  EXPECT_EQ(trial.better(), &find_method("rtn"));
}

}  // namespace
}  // namespace kerf::quant
