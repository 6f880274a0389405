#include "quant/candidate.h"

#include <gtest/gtest.h>

namespace kerf::quant {
namespace {

Candidate with_methods(const std::vector<std::string>& methods) {
  Candidate candidate;
  for (const std::string& name : methods) {
    const auto id = static_cast<graph::ValueId>(candidate.decisions.size());
    candidate.decisions[id].method = name.empty() ? nullptr : &find_method(name);
  }
  return candidate;
}

TEST(Candidate, RoundingToNearestNeedsNoText) {
  for (const auto& methods : {std::vector<std::string>{}, {"rtn", "rtn"}, {"", ""}}) {
    const Candidate candidate = with_methods(methods);
    EXPECT_FALSE(needs_data(candidate));
    EXPECT_FALSE(needs_own_stream(candidate));
  }
}

TEST(Candidate, OneWeightThatLooksAtInputsIsEnough) {
  const Candidate candidate = with_methods({"rtn", "", "gptq"});
  EXPECT_TRUE(needs_data(candidate));
  EXPECT_TRUE(needs_own_stream(candidate));
}

TEST(Candidate, WithoutSequenceTheReferencesStreamServes) {
  Candidate candidate = with_methods({"gptq"});
  candidate.options.sequential = false;
  EXPECT_TRUE(needs_data(candidate));
  EXPECT_FALSE(needs_own_stream(candidate));
}

TEST(Candidate, ATransformNeedsTextButNoStreamOfItsOwn) {
  Candidate candidate = with_methods({"rtn"});
  candidate.transforms.push_back(&find_transform("awq"));
  EXPECT_TRUE(needs_data(candidate));
  EXPECT_FALSE(needs_own_stream(candidate));
}

}  // namespace
}  // namespace kerf::quant
