#include "api/target_outputs.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/source_dir.h"

namespace kerf::api {
namespace {

class Outputs : public testing::Test {
 protected:
  /// The bytes of a dry run, which plans the same.
  std::uint64_t planned_bytes(const std::string& path, const std::string& recipe) {
    QuantizeOptions options;
    options.model.path = model_.path();
    options.outputs = {{path, ""}};
    options.choice.recipe_text = recipe;
    options.choice.method = "rtn";
    options.dry_run = true;
    return quantize(options, {}).outputs.at(0).bytes;
  }

  const OpenModel model_{ModelInput{test::source_dir() + "/tests/golden/checkpoints/llama"}};
  QuantizationChoice choice_;
};

TEST_F(Outputs, TheLargestCounts) {
  QuantizeOptions options;
  options.outputs = {{"out.gguf", ""}, {"out", ""}};
  const TargetOutputs outputs(options, choice_, model_);
  const std::string recipe = outputs.uniform_recipe(codec::parse_scheme("int4-g32"));
  EXPECT_EQ(outputs.bytes_of(recipe), std::max(planned_bytes("out.gguf", recipe), planned_bytes("out", recipe)));
}

TEST_F(Outputs, WhatOneCannotHoldIsRefused) {
  QuantizeOptions options;
  options.outputs = {{"out", ""}};
  const TargetOutputs folder(options, choice_, model_);
  const std::string minima = folder.uniform_recipe(codec::parse_scheme("int4-g32-min"));
  EXPECT_TRUE(folder.refusal_of(minima));
  options.outputs = {{"out.gguf", ""}};
  EXPECT_FALSE(TargetOutputs(options, choice_, model_).refusal_of(minima));
}

}  // namespace
}  // namespace kerf::api
