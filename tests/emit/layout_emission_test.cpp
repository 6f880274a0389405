#include "emit/layout_emission.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::emit {
namespace {

/// One matrix of a model, planned for a layout.
std::unique_ptr<Emission> plan_matrix(std::string_view layout, const EmitTensor& tensor, const TargetOptions& options) {
  description::Model description;
  description.config = Json::object();
  EmitModel model;
  model.model = &description;
  model.tensors = {tensor};
  return plan_layout(layout, model, options);
}

EmitTensor matrix(std::string_view scheme) {
  EmitTensor tensor;
  tensor.name = "h.0.attn.c_attn.weight";
  tensor.role = graph::Role::kQkv;
  tensor.shape = {96, 64};
  tensor.scheme = codec::parse_scheme(scheme);
  return tensor;
}

TEST(LayoutEmission, SizesAreThoseOfTheLayout) {
  // 64 x 96 codes of 4 bits, 2 x 96 scales, 2 x 12 words of zero points, 64 groups.
  EXPECT_EQ(plan_matrix("gptq", matrix("int4-g32"), {})->tensor_bytes(),
            64U * 96 / 2 + 2 * 96 * 2 + 2 * 12 * 4 + 64 * 4);
}

TEST(LayoutEmission, TransposedMatricesAndEmbeddingsGoWhereTheyAreRead) {
  EmitTensor tensor = matrix("int4-g32");
  tensor.stored_transposed = true;
  EXPECT_NO_THROW(plan_matrix("gptq", tensor, {}));
  test::expect_error(ErrorCode::kUsage, "transposed (Conv1D)", [&] { plan_matrix("awq", tensor, {}); });
  tensor = matrix("int4-g32");
  tensor.role = graph::Role::kEmbedding;
  EXPECT_NO_THROW(plan_matrix("mlx", tensor, {}));
  test::expect_error(ErrorCode::kUsage, "--embedding", [&] { plan_matrix("gptq", tensor, {}); });
}

TEST(LayoutEmission, ASizeOfFilesIsANumberOfBytes) {
  EXPECT_NO_THROW(plan_matrix("gptq", matrix("int4-g32"), {{"max-shard-size", "1KB"}}));
  test::expect_error(ErrorCode::kUsage, "--max-shard-size: found 'much'", [] {
    plan_matrix("gptq", matrix("int4-g32"), {{"max-shard-size", "much"}});
  });
}

}  // namespace
}  // namespace kerf::emit
