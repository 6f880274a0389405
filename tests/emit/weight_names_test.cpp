#include "emit/weight_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/random_tensor.h"

namespace kerf::emit {
namespace {

graph::SourceMap tensors(std::initializer_list<const char*> names) {
  graph::SourceMap map;
  for (const char* name : names) map.emplace(name, graph::make_memory_source(test::random_normal({2}, 1), name));
  return map;
}

std::string found(const WeightNames& names, const std::string& name) {
  const graph::SourcePtr source = names.find(name);
  return source == nullptr ? "-" : source->label();
}

TEST(WeightNames, PrefixesOfEitherSideDoNotMatter) {
  const WeightNames names(tensors({"model.layers.0.up.weight", "lm_head.weight", "norm.weight"}));
  EXPECT_EQ(found(names, "lm_head.weight"), "lm_head.weight");
  EXPECT_EQ(found(names, "layers.0.up.weight"), "model.layers.0.up.weight");
  EXPECT_EQ(found(names, "transformer.norm.weight"), "norm.weight");
  EXPECT_EQ(found(names, "layers.1.up.weight"), "-");
}

TEST(WeightNames, TheWholeNameComesFirst) {
  const WeightNames names(tensors({"encoder.norm.weight", "norm.weight"}));
  EXPECT_EQ(found(names, "norm.weight"), "norm.weight");
  EXPECT_EQ(found(names, "encoder.norm.weight"), "encoder.norm.weight");
}

TEST(WeightNames, WhatNobodyAskedForIsLeftOver) {
  const WeightNames names(tensors({"a.b", "c.d", "e.f"}));
  names.find("b");
  EXPECT_THAT(names.left_over(), testing::ElementsAre("c.d", "e.f"));
}

}  // namespace
}  // namespace kerf::emit
