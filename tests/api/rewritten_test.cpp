#include "api/rewritten.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/source_dir.h"

namespace kerf::api {
namespace {

std::string golden(const std::string& name) { return test::source_dir() + "/tests/golden/checkpoints/" + name; }

QuantizationChoice choice_of(std::vector<std::string> transforms) {
  QuantizationChoice choice;
  choice.transforms = std::move(transforms);
  choice.embedding = "int8-g32";
  return choice;
}

TEST(RewrittenModels, WithoutARewriteItIsTheOriginal) {
  const OpenModel original{ModelInput(golden("llama-tied-mha"))};
  RewrittenModels models(original);
  QuantizationChoice choice = choice_of({"awq"});
  EXPECT_EQ(&models.get(choice), &original);
  EXPECT_EQ(choice.transforms, std::vector<std::string>{"awq"});
  EXPECT_EQ(choice.head, "");
  EXPECT_TRUE(models.models().empty());
}

TEST(RewrittenModels, ATiedHeadIsCutLooseAndGetsTheEmbeddingsScheme) {
  const OpenModel original{ModelInput(golden("llama-tied-mha"))};
  RewrittenModels models(original);
  QuantizationChoice choice = choice_of({"rotate", "awq"});
  const OpenModel& rotated = models.get(choice);
  EXPECT_NE(&rotated, &original);
  EXPECT_EQ(choice.transforms, std::vector<std::string>{"awq"});
  EXPECT_EQ(choice.head, "int8-g32");
  EXPECT_FALSE(rotated.description().hyperparameters.tied_head);
  EXPECT_EQ(rotated.description().config.dump().find("\"tie_word_embeddings\":true"), std::string::npos);
  EXPECT_EQ(rotated.graph().weights().size(), original.graph().weights().size() + 1);
  EXPECT_EQ(models.notes().size(), 1U);
}

TEST(RewrittenModels, EachIsMadeOnce) {
  const OpenModel original{ModelInput(golden("llama"))};
  RewrittenModels models(original);
  QuantizationChoice one = choice_of({"rotate"}), other = choice_of({"awq", "rotate"});
  EXPECT_EQ(&models.get(one), &models.get(other));
  EXPECT_EQ(models.models().size(), 1U);
}

TEST(RewrittenModels, SavedStatisticsDescribeTheOriginal) {
  const OpenModel original{ModelInput(golden("llama"))};
  RewrittenModels models(original);
  quant::CalibrationData saved;
  saved.statistics = std::make_shared<const calibration::ModelStatistics>();
  EXPECT_NO_THROW(models.check(saved));
  QuantizationChoice choice = choice_of({"rotate"});
  models.get(choice);
  EXPECT_THROW(models.check(saved), Error);
  EXPECT_NO_THROW(models.check({}));
}

}  // namespace
}  // namespace kerf::api
