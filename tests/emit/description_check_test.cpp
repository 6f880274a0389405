#include "emit/description_check.h"

#include <gtest/gtest.h>

namespace kerf::emit {
namespace {

description::Model sample() {
  description::Model model;
  model.family = "llama";
  model.hyperparameters.hidden_size = 64;
  model.hyperparameters.rope_theta = 10000;
  model.hyperparameters.norm_epsilon = 1e-5;
  return model;
}

TEST(CompareDescriptions, NamesWhatDiffers) {
  description::Model other = sample();
  EXPECT_TRUE(compare_descriptions(sample(), other).empty());
  other.hyperparameters.rope_theta = 500000;
  other.hyperparameters.hidden_size = 32;
  const auto found = compare_descriptions(sample(), other);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].text, "the hidden size is 32, the original's is 64");
  EXPECT_EQ(found[1].text, "the rope's base is 500000, the original's is 10000");
}

TEST(CompareDescriptions, WhatAContainerDoesNotSayOrKeepsAsFloatIsNoDifference) {
  description::Model other = sample();
  other.hyperparameters.hidden_size = 0;
  other.hyperparameters.norm_epsilon = static_cast<double>(1e-5F);
  EXPECT_TRUE(compare_descriptions(sample(), other).empty());
}

TEST(CompareDescriptions, AnotherFamilyIsAllThereIsToSay) {
  description::Model other = sample();
  other.family = "gpt2";
  other.hyperparameters.hidden_size = 1;
  EXPECT_EQ(compare_descriptions(sample(), other).size(), 1U);
}

}  // namespace
}  // namespace kerf::emit
