#include "emit/verdict.h"

#include <gtest/gtest.h>

namespace kerf::emit {
namespace {

TensorVerification codes() {
  TensorVerification tensor;
  tensor.name = "w";
  tensor.shape = {4, 4};
  tensor.relative_error = 0.1;
  tensor.rounding_error = 0.08;
  return tensor;
}

TEST(Verdict, AnUnreadableTensorIsThatAndNothingElse) {
  WeightFigures figures;
  figures.unreadable = "found nan";
  figures.all_zero = true;
  const auto found = judge(codes(), figures);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, "not-finite");
  EXPECT_EQ(found[0].tensor, "w");
  EXPECT_EQ(found[0].text, "found nan");
}

TEST(Verdict, AnErrorFarAboveRoundingIsNamedWithBoth) {
  TensorVerification tensor = codes();
  tensor.relative_error = 0.8;
  const auto found = judge(tensor, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, "error");
  EXPECT_NE(found[0].text.find("0.8000 is 10.0 times that of rounding to nearest (0.0800)"), std::string::npos);
}

TEST(Verdict, ErrorsThatMethodsMakeAreNone) {
  WeightFigures figures;
  figures.offset = 0.03;
  figures.usual_steps = 2.5;
  figures.worst_steps = 4;
  figures.usual_group = 0.2;
  figures.worst_group = 3;
  EXPECT_TRUE(judge(codes(), figures).empty());
}

}  // namespace
}  // namespace kerf::emit
