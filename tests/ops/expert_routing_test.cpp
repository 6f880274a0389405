#include "ops/expert_routing.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

using testing::ElementsAre;

Tensor route(const Tensor& logits, std::int64_t chosen, bool normalize) {
  return test::run_op({.op = "Route",
                       .domain = "kerf",
                       .inputs = {logits},
                       .attributes = {{"top_k", chosen}, {"normalize", std::int64_t{normalize ? 1 : 0}}}})[0];
}

test::OpCall take(const Tensor& x, const Tensor& routing, std::int64_t expert) {
  return {.op = "TakeRows", .domain = "kerf", .inputs = {x, routing}, .attributes = {{"expert", expert}}};
}

const Tensor kLogits = test::tensor_of<float>({3, 4}, {0, 1, 2, 3, 5, 5, 5, 5, -1, 7, -2, 6});

TEST(ExpertRouting, TheLargestProbabilitiesStay) {
  const Tensor routing = route(kLogits, 2, false);
  const double sum = 1 + std::exp(1.0) + std::exp(2.0) + std::exp(3.0);
  EXPECT_EQ(routing.data<float>()[0], 0);
  EXPECT_EQ(routing.data<float>()[1], 0);
  EXPECT_NEAR(routing.data<float>()[2], std::exp(2.0) / sum, 1e-6);
  EXPECT_NEAR(routing.data<float>()[3], std::exp(3.0) / sum, 1e-6);
}

TEST(ExpertRouting, NormalizedWeightsSumToOne) {
  const Tensor routing = route(kLogits, 2, true);
  for (std::int64_t t = 0; t < 3; ++t) {
    float sum = 0;
    for (std::int64_t e = 0; e < 4; ++e) sum += routing.data<float>()[t * 4 + e];
    EXPECT_NEAR(sum, 1.0F, 1e-6);
  }
}

TEST(ExpertRouting, OfEqualExpertsTheFirstAreChosen) {
  const Tensor routing = route(kLogits, 2, true);
  EXPECT_THAT(routing.values<float>().subspan(4, 4), ElementsAre(0.5F, 0.5F, 0.0F, 0.0F));
}

TEST(ExpertRouting, MoreExpertsThanThereAreIsRefused) {
  for (const std::int64_t chosen : {0, 5}) {
    test::expect_error(ErrorCode::kInput, "attribute top_k: found", [&] { route(kLogits, chosen, true); });
  }
}

TEST(ExpertRouting, AnExpertGetsItsTokensInOrder) {
  const Tensor routing = route(kLogits, 2, true);
  EXPECT_THAT(tokens_of_expert(routing, 0), ElementsAre(1));
  EXPECT_THAT(tokens_of_expert(routing, 1), ElementsAre(1, 2));
  EXPECT_THAT(tokens_of_expert(routing, 2), ElementsAre(0));
  EXPECT_THAT(tokens_of_expert(routing, 3), ElementsAre(0, 2));
}

/// Experts that return what they get: the weighted sum of copies of a token is the token.
TEST(ExpertRouting, CombiningWhatWasTakenGivesTheTokensBack) {
  const Tensor x = test::random_tensor({3, 5}, 1), routing = route(kLogits, 2, true);
  std::vector<Tensor> inputs{routing};
  for (std::int64_t e = 0; e < 4; ++e) {
    const auto tokens = tokens_of_expert(routing, e);
    Tensor rows(DType::kF32, {static_cast<std::int64_t>(tokens.size()), 5});
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::copy_n(x.data<float>() + tokens[i] * 5, 5, rows.data<float>() + i * 5);
    }
    inputs.push_back(rows);
  }
  const graph::Node node{
      .op = "CombineRows", .domain = "kerf", .name = "n", .inputs = {}, .outputs = {}, .attributes = {}};
  std::vector<Operand> operands;
  for (const Tensor& input : inputs) operands.push_back({input, nullptr, nullptr});
  std::vector<const Operand*> arguments;
  for (const Operand& operand : operands) arguments.push_back(&operand);
  std::vector<Tensor> results(1);
  KernelContext context(node, arguments, results);
  find_op("kerf", "CombineRows")->run(context);
  for (std::int64_t i = 0; i < x.size(); ++i) EXPECT_NEAR(results[0].data<float>()[i], x.data<float>()[i], 1e-6);
}

TEST(ExpertRouting, ShapesThatDoNotBelongTogetherAreRefused) {
  const Tensor x = test::random_tensor({3, 5}, 1), routing = route(kLogits, 2, true);
  test::expect_error(ErrorCode::kInput, "attribute expert: found 4, expected 0 to 3",
                     [&] { test::run_op(take(x, routing, 4)); });
  test::expect_error(ErrorCode::kInput, "input routing: found shape [3, 4], expected that of x [2, 5]", [&] {
    test::run_op(take(test::random_tensor({2, 5}, 1), routing, 0));
  });
}

}  // namespace
}  // namespace kerf::ops
