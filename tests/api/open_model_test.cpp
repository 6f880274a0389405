#include "api/open_model.h"

#include <gtest/gtest.h>

#include "sweep/bind.h"
#include "tests/support/expect_error.h"
#include "tests/support/graph_sketch.h"
#include "tests/support/source_dir.h"

namespace kerf::api {
namespace {

/// Vectors of tokens, to which as many rows are added as a constant has: texts of one or three tokens fit.
graph::Graph three_tokens() {
  test::GraphSketch sketch;
  const auto ids = sketch.input("input_ids", DType::kI64);
  const auto x = sketch.node("Gather", "x", {sketch.weight("table", {160, 8}), ids});
  const auto sum = sketch.node("Add", "sum", {x, sketch.weight("places", {3, 8})});
  sketch.graph.add_output("logits", sketch.linear("head", sum, 160, 8));
  return sketch.graph;
}

TEST(OpenModel, EveryLengthOfAnImportedGraphIsChecked) {
  const OpenModel llama{ModelInput(test::source_dir() + "/tests/golden/checkpoints/llama")};
  const OpenModel model(llama, three_tokens(), false);
  const auto window = [&](std::vector<std::int64_t> ids) {
    return std::vector<sweep::WindowInputs>{sweep::bind_ids(model.graph(), model.description(), ids)};
  };
  EXPECT_NO_THROW(model.check_windows(window({1, 2, 3})));
  test::expect_error(ErrorCode::kInput, "sum", [&] { model.check_windows(window({1, 2, 3, 4, 5})); });
}

}  // namespace
}  // namespace kerf::api
