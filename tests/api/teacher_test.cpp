#include "api/teacher.h"

#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "quant/transform.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"

namespace kerf::api {
namespace {

std::string golden(const std::string& name) { return test::source_dir() + "/tests/golden/checkpoints/" + name; }

quant::Candidate tuned() {
  quant::Candidate candidate;
  candidate.transforms = {&quant::find_transform("distill")};
  return candidate;
}

TEST(Teacher, WithoutANameItIsTheModelItself) {
  const OpenModel student{ModelInput(golden("llama"))};
  EXPECT_EQ(Teacher("", student, {}).walker(), nullptr);
}

TEST(Teacher, AnotherModelOfTheSameVocabularyWillDo) {
  const OpenModel student{ModelInput(golden("llama"))};
  const quant::Candidate candidate = tuned();
  const Teacher teacher(golden("llama"), student, {&candidate});
  ASSERT_NE(teacher.walker(), nullptr);
  EXPECT_NE(teacher.walker(), &student.walker());
}

TEST(Teacher, OneThatNobodyFollowsOrThatPredictsOtherThingsIsRefused) {
  const OpenModel student{ModelInput(golden("llama"))};
  const quant::Candidate candidate = tuned(), plain;
  EXPECT_THROW(Teacher(golden("llama"), student, {&plain}), Error);
  EXPECT_THROW(Teacher(golden("bert-mlm"), student, {&candidate}), Error);
}

}  // namespace
}  // namespace kerf::api
