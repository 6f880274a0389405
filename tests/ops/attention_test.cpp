// Beyond the values of tests/golden/ops: windows longer than a tile of queries, against the definition in doubles, and
// what must not change the bits of a window.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

struct Setting {
  std::int64_t queries, keys, heads, kv_heads, dim, window;
  bool causal;
};

test::OpCall call_of(const Setting& s, std::int64_t batch) {
  return {.op = "Attention",
          .domain = "kerf",
          .inputs = {test::random_tensor({batch, s.queries, s.heads * s.dim}, 1),
                     test::random_tensor({batch, s.keys, s.kv_heads * s.dim}, 2),
                     test::random_tensor({batch, s.keys, s.kv_heads * s.dim}, 3)},
          .attributes = {{"num_heads", s.heads},
                         {"kv_num_heads", s.kv_heads},
                         {"causal", std::int64_t{s.causal ? 1 : 0}},
                         {"window", s.window}}};
}

/// One element of the output for batch 0, from the definition.
double element(const Setting& s, const test::OpCall& call, std::int64_t query, std::int64_t head, std::int64_t e) {
  const auto at = [](const Tensor& x, std::int64_t position, std::int64_t column) {
    return static_cast<double>(x.data<float>()[position * x.dim(2) + column]);
  };
  const std::int64_t kv_head = head / (s.heads / s.kv_heads), place = s.keys - s.queries + query;
  double total = 0, sum = 0;
  for (std::int64_t j = 0; j < s.keys; ++j) {
    if ((s.causal && j > place) || (s.window > 0 && j <= place - s.window)) continue;
    double score = 0;
    for (std::int64_t i = 0; i < s.dim; ++i) {
      score += at(call.inputs[0], query, head * s.dim + i) * at(call.inputs[1], j, kv_head * s.dim + i);
    }
    const double weight = std::exp(score / std::sqrt(static_cast<double>(s.dim)));
    total += weight;
    sum += weight * at(call.inputs[2], j, kv_head * s.dim + e);
  }
  return sum / total;
}

TEST(Attention, LongWindowsFollowTheDefinition) {
  for (const Setting& s : {Setting{300, 300, 4, 2, 16, 0, true}, Setting{300, 300, 2, 2, 16, 100, true},
                           Setting{130, 400, 2, 1, 8, 0, true}, Setting{129, 257, 2, 2, 8, 0, false},
                           Setting{1, 300, 2, 1, 16, 0, true}}) {
    const test::OpCall call = call_of(s, 1);
    const Tensor out = test::run_op(call)[0];
    for (std::int64_t query = 0; query < s.queries; query += 7) {
      for (std::int64_t head = 0; head < s.heads; ++head) {
        for (const std::int64_t e : {std::int64_t{0}, s.dim - 1}) {
          const float found = out.data<float>()[(query * s.heads + head) * s.dim + e];
          // Scores of size 4 have errors of some 1e-6, and so have the exponentials.
          ASSERT_NEAR(found, element(s, call, query, head, e), 1e-5) << query << ", head " << head;
        }
      }
    }
  }
}

TEST(Attention, AWindowHasTheSameBitsInAnyBatch) {
  const Setting s{200, 200, 4, 2, 32, 0, true};
  const test::OpCall both = call_of(s, 2);
  const Tensor together = test::run_op(both)[0];
  for (std::int64_t b = 0; b < 2; ++b) {
    test::OpCall alone = both;
    for (Tensor& input : alone.inputs) {
      const auto half = input.values<float>().subspan(static_cast<std::size_t>(b * input.size() / 2),
                                                      static_cast<std::size_t>(input.size() / 2));
      input = Tensor::from<float>({1, input.dim(1), input.dim(2)}, half);
    }
    const Tensor out = test::run_op(alone)[0];
    const auto expected = together.values<float>().subspan(static_cast<std::size_t>(b * out.size()),
                                                           static_cast<std::size_t>(out.size()));
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out.values<float>().begin())) << "window " << b;
  }
}

TEST(Attention, AMaskOfOnesChangesNothing) {
  const Setting s{150, 150, 2, 2, 16, 0, true};
  test::OpCall call = call_of(s, 1);
  const Tensor without = test::run_op(call)[0];
  call.inputs.push_back(test::tensor_of<std::int64_t>({1, 150}, std::vector<std::int64_t>(150, 1)));
  EXPECT_TRUE(test::same_bits(test::run_op(call)[0], without));
}

TEST(Attention, MaskedKeysDoNotMatter) {
  const Setting s{20, 20, 2, 2, 16, 0, false};
  test::OpCall call = call_of(s, 1);
  std::vector<std::int64_t> mask(20, 1);
  mask[3] = mask[19] = 0;
  call.inputs.push_back(test::tensor_of<std::int64_t>({1, 20}, mask));
  const Tensor before = test::run_op(call)[0];
  for (const std::size_t input : {std::size_t{1}, std::size_t{2}}) {
    for (std::int64_t i = 0; i < 32; ++i) call.inputs[input].data<float>()[3 * 32 + i] += 5;
  }
  EXPECT_TRUE(test::same_bits(test::run_op(call)[0], before));
  call.inputs[2].data<float>()[4 * 32] += 5;
  EXPECT_FALSE(test::same_bits(test::run_op(call)[0], before));
}

TEST(Attention, LargeScoresDoNotOverflow) {
  const Setting s{8, 8, 1, 1, 4, 0, true};
  test::OpCall call = call_of(s, 1);
  for (float& value : call.inputs[0].values<float>()) value *= 1e4F;
  const Tensor output = test::run_op(call)[0];
  for (const float value : output.values<float>()) EXPECT_TRUE(std::isfinite(value));
}

/// Slopes as the authors' code gives them: for 8 heads 1/2 to 1/256; for 12 those of 8 and every other one of 16.
constexpr float kSlopesOf12[] = {0.5F,       0.25F,       0.125F,      0.0625F,     0.03125F,    0.015625F,
                                 0.0078125F, 0.00390625F, 0.70710678F, 0.35355339F, 0.17677670F, 0.08838835F};

/// With queries of zero the scores are the positions' alone.
TEST(Attention, AlibiAddsASlopeOfItsOwnForEachHead) {
  constexpr std::int64_t kHeads = 12, kKeys = 5;
  const Tensor q = Tensor::zeros(DType::kF32, {1, kKeys, kHeads}), k = test::random_tensor({1, kKeys, kHeads}, 1);
  Tensor v = Tensor::zeros(DType::kF32, {1, kKeys, kHeads});
  for (std::int64_t h = 0; h < kHeads; ++h) v.data<float>()[3 * kHeads + h] = 1;  // the probability of key 3
  const Tensor out =
      test::run_op({.op = "Attention",
                    .domain = "kerf",
                    .inputs = {q, k, v},
                    .attributes = {{"num_heads", kHeads}, {"causal", std::int64_t{1}}, {"alibi", std::int64_t{1}}}})[0];
  for (std::int64_t h = 0; h < kHeads; ++h) {
    double sum = 0;
    for (int j = 0; j < kKeys; ++j) sum += std::exp(static_cast<double>(kSlopesOf12[h]) * j);
    EXPECT_NEAR(out.data<float>()[4 * kHeads + h], std::exp(static_cast<double>(kSlopesOf12[h]) * 3) / sum, 1e-6) << h;
  }
}

TEST(Attention, ABiasIsAddedToTheScores) {
  const Setting setting{200, 200, 2, 2, 8, 0, false};
  test::OpCall call = call_of(setting, 1);
  const Tensor plain = test::run_op(call)[0];
  Tensor bias = Tensor::zeros(DType::kF32, {1, 2, 200, 200});
  call.inputs.push_back({});
  call.inputs.push_back(bias);
  EXPECT_TRUE(test::same_bits(test::run_op(call)[0], plain));
  // Head 1 of query 150 sees key 7 only.
  bias.data<float>()[(200 + 150) * 200 + 7] = 1e4F;
  const Tensor biased = test::run_op(call)[0];
  for (std::int64_t e = 0; e < 8; ++e) {
    EXPECT_EQ(biased.data<float>()[150 * 16 + 8 + e], call.inputs[2].data<float>()[7 * 16 + 8 + e]);
    EXPECT_EQ(biased.data<float>()[150 * 16 + e], plain.data<float>()[150 * 16 + e]);
  }
}

}  // namespace
}  // namespace kerf::ops
