// What every operator's rule refuses, and that it says what was found and what was expected.

#include "ops/shape_rules.h"

#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

using Attributes = graph::Attributes;

Tensor f32(Shape shape) { return Tensor::zeros(DType::kF32, std::move(shape)); }
Tensor i64(std::vector<std::int64_t> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return test::tensor_of<std::int64_t>({count}, std::move(values));
}
Tensor i64_zeros(Shape shape) { return Tensor::zeros(DType::kI64, std::move(shape)); }
std::int64_t n(std::int64_t value) { return value; }

struct Refused {
  test::OpCall call;
  std::string message;
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.call.op << ": " << refused.message; }

class ShapeRules : public testing::TestWithParam<Refused> {};

TEST_P(ShapeRules, Refuse) {
  test::expect_error(ErrorCode::kInput, GetParam().message, [&] { test::infer_op(GetParam().call); });
}

test::OpCall linear(Tensor x, Tensor w, Tensor b = {}) {
  return {.op = "Linear", .domain = "kerf", .inputs = {x, w, b}};
}

test::OpCall attention(std::vector<Tensor> inputs, Attributes attributes) {
  return {.op = "Attention", .domain = "kerf", .inputs = std::move(inputs), .attributes = std::move(attributes)};
}

test::OpCall rotary(std::vector<Tensor> inputs, Attributes attributes = {}) {
  return {.op = "RotaryEmbedding", .inputs = std::move(inputs), .attributes = std::move(attributes)};
}

INSTANTIATE_TEST_SUITE_P(
    Elementwise, ShapeRules,
    testing::Values(
        Refused{{.op = "Add", .inputs = {f32({2, 3}), f32({2})}}, "found shapes [2, 3] and [2], expected shapes that"},
        Refused{{.op = "Mul", .inputs = {f32({2}), i64({1, 2})}}, "found f32 [2] and i64 [2], expected one dtype"},
        Refused{{.op = "Sub", .inputs = {f32({2})}}, "input 1 is missing"},
        Refused{{.op = "Div", .inputs = {f32({2}), f32({2}), f32({2})}}, "found 3 inputs, expected at most 2"},
        Refused{{.op = "Pow", .inputs = {f32({2}), f32({3})}}, "found shapes [2] and [3]"},
        Refused{{.op = "Sigmoid", .inputs = {i64({1})}}, "input X: found i64 [1], expected f32"},
        Refused{{.op = "Gelu", .inputs = {f32({1})}, .attributes = {{"approximate", std::string("sine")}}},
                "attribute approximate: found 'sine', expected 'none' or 'tanh'"},
        Refused{{.op = "Cast", .inputs = {f32({1})}, .attributes = {{"to", n(8)}}}, "found the dtype number 8"},
        Refused{{.op = "Cast", .inputs = {Tensor::zeros(DType::kF16, {1})}, .attributes = {{"to", n(1)}}},
                "input input: found f16 [1]"}));

INSTANTIATE_TEST_SUITE_P(
    Rows, ShapeRules,
    testing::Values(
        Refused{linear(f32({2, 3}), f32({4, 5})), "input x: found shape [2, 3], expected a last axis of 5"},
        Refused{linear(f32({2, 5}), f32({5})), "input weight: found shape [5], expected 2 dimensions"},
        Refused{linear(f32({2, 5}), f32({4, 5}), f32({5})), "input bias: found shape [5], expected [4]"},
        Refused{linear(f32({}), f32({4, 5})), "input x: found shape []"},
        Refused{{.op = "RMSNormalization", .inputs = {f32({2, 4}), f32({5})}},
                "input scale: found shape [5], expected [4]"},
        Refused{{.op = "RMSNormalization", .inputs = {f32({2, 4}), f32({4})}, .attributes = {{"axis", n(0)}}},
                "attribute axis: found 0 for [2, 4], expected the last axis"},
        Refused{{.op = "RMSNormalization", .inputs = {f32({2, 4}), f32({4})}, .attributes = {{"stash_type", n(10)}}},
                "attribute stash_type: found 10, expected 1 (f32)"},
        Refused{{.op = "RMSNormalization", .inputs = {f32({}), f32({1})}}, "found a scalar"},
        Refused{{.op = "LayerNormalization", .inputs = {f32({2, 4}), f32({4}), f32({1})}},
                "input B: found shape [1], expected [4]"},
        Refused{{.op = "LayerNormalization", .inputs = {f32({2, 4}), f32({4})}, .outputs = 3},
                "found 3 outputs, expected 1"},
        Refused{{.op = "Softmax", .inputs = {f32({2, 3})}, .attributes = {{"axis", n(2)}}},
                "found axis 2 for 2 dimensions"},
        Refused{{.op = "Softmax", .inputs = {f32({})}}, "found axis -1 for 0 dimensions"}));

INSTANTIATE_TEST_SUITE_P(
    Movement, ShapeRules,
    testing::Values(
        Refused{{.op = "Gather", .inputs = {f32({4, 2}), f32({1})}},
                "input indices: found f32 [1], expected i64 or i32"},
        Refused{{.op = "Gather", .inputs = {f32({4, 2}), i64({4})}}, "input indices: found 4, expected less than 4"},
        Refused{{.op = "Gather", .inputs = {f32({4, 2}), i64({-5})}}, "input indices: found -5"},
        Refused{{.op = "Gather", .inputs = {f32({}), i64({0})}}, "found axis 0 for 0 dimensions"},
        Refused{{.op = "Reshape", .inputs = {f32({2, 3}), i64({4, -1})}}, "found the shape [4, -1] for [2, 3]"},
        Refused{{.op = "Reshape", .inputs = {f32({2, 3}), i64({-1, -1})}}, "found the shape [-1, -1]"},
        Refused{{.op = "Reshape", .inputs = {f32({2, 3}), i64({2, 3, 0})}}, "found the shape [2, 3, 0]"},
        Refused{{.op = "Reshape", .inputs = {f32({2, 3}), i64({std::int64_t{1} << 62, 8, -1})}}, "found the shape"},
        Refused{{.op = "Transpose", .inputs = {f32({2, 3})}, .attributes = {{"perm", std::vector<std::int64_t>{0, 0}}}},
                "attribute perm: found [0, 0] for shape [2, 3], expected every axis once"},
        Refused{{.op = "Unsqueeze", .inputs = {f32({2}), i64({0, 0})}}, "input axes: axis 0 stands there twice"},
        Refused{{.op = "Unsqueeze", .inputs = {f32({2}), i64({3})}}, "found axis 3 for 2 dimensions"},
        Refused{{.op = "Unsqueeze", .inputs = {f32({2}), i64(std::vector<std::int64_t>(9, 0))}}, "found 9 axes"},
        Refused{{.op = "Concat", .inputs = {f32({2, 3}), f32({3, 3})}, .attributes = {{"axis", n(1)}}},
                "found f32 [2, 3] and f32 [3, 3], expected one dtype and shapes that differ in axis 1 only"},
        Refused{{.op = "Concat", .inputs = {f32({2}), i64({2})}, .attributes = {{"axis", n(0)}}}, "expected one dtype"},
        Refused{{.op = "Concat", .inputs = {f32({2})}}, "attribute axis is missing"},
        Refused{{.op = "Split", .inputs = {f32({5}), i64({2, 2})}, .outputs = 2},
                "found parts that sum to 4, expected 5"},
        Refused{{.op = "Split", .inputs = {f32({5}), i64({6, -1})}, .outputs = 2},
                "found a part of 6, 5 of the axis are"},
        Refused{{.op = "Split", .inputs = {f32({5}), i64({5})}, .outputs = 2}, "found 1 sizes for 2 outputs"},
        Refused{{.op = "Split", .inputs = {f32({5})}, .outputs = 4}, "found a part of"},
        Refused{{.op = "Split", .inputs = {f32({4})}, .attributes = {{"num_outputs", n(3)}}, .outputs = 2},
                "attribute num_outputs: found 3 for 2 outputs"},
        Refused{{.op = "Slice", .inputs = {f32({4}), i64({0}), i64({1, 2})}}, "found 1 starts, 2 ends"},
        Refused{{.op = "Slice", .inputs = {f32({4}), i64({0}), i64({1}), i64({0}), i64({0})}}, "input steps: found 0"},
        Refused{{.op = "Slice", .inputs = {f32({4}), i64({0, 0}), i64({1, 1}), i64({0, -1})}},
                "found 2 starts for [4]"},
        Refused{{.op = "Slice", .inputs = {f32({4, 4}), i64({0, 0}), i64({1, 1}), i64({0, -2})}},
                "input axes: axis 0 stands there twice"}));

INSTANTIATE_TEST_SUITE_P(
    Attention, ShapeRules,
    testing::Values(
        Refused{attention({f32({1, 2, 8}), f32({1, 2, 8}), f32({1, 2, 8})}, {}), "found num_heads 0"},
        Refused{
            attention({f32({1, 2, 8}), f32({1, 2, 8}), f32({1, 2, 8})}, {{"num_heads", n(3)}, {"kv_num_heads", n(2)}}),
            "found num_heads 3 and kv_num_heads 2, expected a multiple"},
        Refused{attention({f32({1, 2, 9}), f32({1, 2, 8}), f32({1, 2, 8})}, {{"num_heads", n(2)}}),
                "input q: found shape [1, 2, 9], expected [1, 2, 8]"},
        Refused{attention({f32({1, 2, 8}), f32({1, 2, 4}), f32({1, 2, 8})}, {{"num_heads", n(2)}}),
                "input k: found shape [1, 2, 4], expected [1, 2, 8]"},
        Refused{attention({f32({1, 2, 8}), f32({1, 2, 8}), f32({1, 3, 8})}, {{"num_heads", n(2)}}),
                "input v: found shape [1, 3, 8], expected [1, 2, 8]"},
        Refused{attention({f32({2, 8}), f32({1, 2, 8}), f32({1, 3, 8})}, {{"num_heads", n(2)}}),
                "input q: found shape [2, 8], expected 3 dimensions"},
        Refused{attention({f32({1, 3, 8}), f32({1, 2, 8}), f32({1, 2, 8})}, {{"num_heads", n(2)}, {"causal", n(1)}}),
                "found 3 queries for 2 keys"},
        Refused{attention({f32({1, 2, 8}), f32({1, 2, 8}), f32({1, 2, 8})}, {{"num_heads", n(2)}, {"window", n(4)}}),
                "attribute window: found 4 with causal 0"},
        Refused{attention({f32({1, 2, 8}), f32({1, 2, 8}), f32({1, 2, 8}), i64_zeros({1, 3})}, {{"num_heads", n(2)}}),
                "input attention_mask: found shape [1, 3], expected [1, 2]"},
        Refused{attention({f32({1, 2, 8}), f32({1, 2, 8}), f32({1, 2, 8}), f32({1, 2})}, {{"num_heads", n(2)}}),
                "input attention_mask: found f32 [1, 2], expected i64"},
        Refused{rotary({f32({1, 2, 8}), f32({1, 2, 2}), f32({1, 2, 2})}), "attribute num_heads: found 0"},
        Refused{rotary({f32({1, 2, 8}), f32({1, 2, 2}), f32({1, 2, 2})}, {{"num_heads", n(3)}}),
                "attribute num_heads: found 3 for an input of shape [1, 2, 8]"},
        Refused{rotary({f32({1, 2, 8}), f32({1, 2, 4}), f32({1, 2, 4})}, {{"num_heads", n(2)}}),
                "input cos_cache: found shape [1, 2, 4], expected [1, 2, 2]"},
        Refused{rotary({f32({1, 2, 8}), f32({1, 2, 2}), f32({1, 1, 2})}, {{"num_heads", n(2)}}),
                "input sin_cache: found shape [1, 1, 2], expected [1, 2, 2]"},
        Refused{rotary({f32({1, 2, 8}), f32({1, 2, 3}), f32({1, 2, 3})},
                       {{"num_heads", n(2)}, {"rotary_embedding_dim", n(6)}}),
                "attribute rotary_embedding_dim: found 6, expected an even number up to 4"},
        Refused{rotary({f32({1, 2, 6}), f32({1, 2, 1}), f32({1, 2, 1})}, {{"num_heads", n(2)}}),
                "attribute rotary_embedding_dim: found 3, expected an even number"},
        Refused{rotary({f32({1, 2, 8}), f32({0, 2}), f32({0, 2}), i64_zeros({1, 2})}, {{"num_heads", n(2)}}),
                "input cos_cache: found no positions"},
        Refused{rotary({f32({1, 2, 8}), f32({5, 2}), f32({5, 2}), i64_zeros({1, 3})}, {{"num_heads", n(2)}}),
                "input position_ids: found shape [1, 3], expected [1, 2]"},
        Refused{rotary({f32({2, 8}), f32({1, 2, 2}), f32({1, 2, 2})}, {{"num_heads", n(2)}}),
                "input X: found shape [2, 8], expected 3 or 4 dimensions"}));

TEST(ShapeRuleWords, Broadcasting) {
  EXPECT_EQ(broadcast_shape({2, 1, 3}, {4, 1}), (Shape{2, 4, 3}));
  EXPECT_EQ(broadcast_shape({}, {2}), (Shape{2}));
  EXPECT_EQ(broadcast_shape({0, 1}, {1, 5}), (Shape{0, 5}));
  EXPECT_EQ(describe({DType::kI64, {1, 2}}), "i64 [1, 2]");
  EXPECT_EQ(normalized_axis(-1, 3), 2U);
}

TEST(ShapeRuleWords, ANumberThatIsNotKnownIsNoShape) {
  const TensorSpec unknown{DType::kI64, {2}};
  const TensorSpec* inputs[] = {&unknown, nullptr};
  test::expect_error(ErrorCode::kInput, "input shape: its values depend on the data",
                     [&] { known_integers(inputs, 0, "shape"); });
  EXPECT_FALSE(known_integers(inputs, 1, "axes").has_value());
}

}  // namespace
}  // namespace kerf::ops
