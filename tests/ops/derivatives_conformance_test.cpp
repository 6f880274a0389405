// Every operator's derivative rule against differences of its own kernel: along a random direction d, L(x + t d) -
// L(x - t d) over 2t must be the sum of d times the derivative, L a random linear function of the outputs.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ops/attention_derivative.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

Tensor integers(Shape shape, std::vector<std::int64_t> values) {
  return test::tensor_of<std::int64_t>(std::move(shape), std::move(values));
}
Tensor floats(Shape shape, int seed) { return test::random_tensor(std::move(shape), static_cast<unsigned>(seed)); }
/// Away from 0, where some functions have kinks or poles.
Tensor positive(Shape shape, int seed) {
  Tensor x = floats(std::move(shape), seed);
  for (float& value : x.values<float>()) value = 0.5F + std::fabs(value);
  return x;
}

struct Case {
  std::string name;
  test::OpCall call;
  std::vector<std::size_t> wanted = {0};
};

std::vector<Case> attention_cases() {
  using I = std::int64_t;
  std::vector<Case> cases;
  const auto add = [&](std::string name, graph::Attributes attributes, I queries, I keys, std::vector<Tensor> more,
                       std::vector<std::size_t> wanted = {0, 1, 2}) {
    attributes.set("num_heads", I{4});
    attributes.set("kv_num_heads", I{2});
    std::vector<Tensor> inputs = {floats({2, queries, 24}, 1), floats({2, keys, 12}, 2), floats({2, keys, 10}, 3)};
    inputs.insert(inputs.end(), more.begin(), more.end());
    cases.push_back({"Attention." + name,
                     {.op = "Attention", .domain = "kerf", .inputs = inputs, .attributes = attributes},
                     wanted});
  };
  add("plain", {}, 5, 7, {});
  add("causal", {{"causal", I{1}}}, 7, 7, {});
  add("tiles", {{"causal", I{1}}}, 140, 140, {});
  add("window", {{"causal", I{1}}, {"window", I{3}}}, 9, 9, {});
  add("softcap", {{"softcap", 2.0}, {"scale", 0.7}}, 5, 6, {});
  add("alibi", {{"causal", I{1}}, {"alibi", I{1}}}, 6, 6, {});
  add("mask", {}, 4, 4, {integers({2, 4}, {1, 1, 0, 1, 0, 0, 0, 0})});
  add("bias", {}, 4, 4, {integers({2, 4}, {1, 1, 1, 1, 1, 1, 0, 1}), floats({1, 4, 4, 4}, 5)}, {0, 1, 2, 4});
  return cases;
}

std::vector<Case> cases() {
  using I = std::int64_t;
  std::vector<Case> all = attention_cases();
  const auto add = [&](std::string name, test::OpCall call, std::vector<std::size_t> wanted = {0}) {
    all.push_back({std::move(name), std::move(call), std::move(wanted)});
  };
  const Tensor x = floats({3, 5, 8}, 1);
  for (const char* op : {"Sigmoid", "Tanh", "Gelu", "Erf", "Cos", "Sin", "Neg"}) add(op, {.op = op, .inputs = {x}});
  add("Gelu.tanh", {.op = "Gelu", .inputs = {x}, .attributes = {{"approximate", std::string("tanh")}}});
  add("Relu", {.op = "Relu", .inputs = {positive({4, 6}, 2)}});
  add("Sqrt", {.op = "Sqrt", .inputs = {positive({4, 6}, 2)}});
  for (const char* op : {"Add", "Sub", "Mul", "Div"}) {
    add(op, {.op = op, .inputs = {x, positive({3, 5, 8}, 2)}}, {0, 1});
    add(std::string(op) + ".vector", {.op = op, .inputs = {x, positive({8}, 2)}}, {0, 1});
    add(std::string(op) + ".column", {.op = op, .inputs = {x, positive({3, 1, 1}, 2)}}, {0, 1});
    add(std::string(op) + ".left", {.op = op, .inputs = {floats({1, 8}, 3), positive({3, 5, 8}, 2)}}, {0, 1});
  }
  add("Pow", {.op = "Pow", .inputs = {positive({4, 6}, 2), floats({6}, 3)}}, {0, 1});
  add("Pow.square", {.op = "Pow", .inputs = {x, test::tensor_of<float>({1}, {2})}});
  add("RMSNormalization", {.op = "RMSNormalization", .inputs = {x, positive({8}, 2)}}, {0, 1});
  add("LayerNormalization", {.op = "LayerNormalization", .inputs = {x, positive({8}, 2), floats({8}, 3)}}, {0, 1, 2});
  add("Softmax", {.op = "Softmax", .inputs = {x}});
  add("Softmax.axis", {.op = "Softmax", .inputs = {x}, .attributes = {{"axis", I{1}}}});
  add("Linear", {.op = "Linear", .domain = "kerf", .inputs = {x, floats({6, 8}, 2), floats({6}, 3)}}, {0, 1, 2});
  add("Reshape", {.op = "Reshape", .inputs = {x, integers({2}, {-1, 4})}});
  add("Unsqueeze", {.op = "Unsqueeze", .inputs = {x, integers({1}, {1})}});
  add("Squeeze", {.op = "Squeeze", .inputs = {x.reshaped({3, 1, 5, 8}), integers({1}, {1})}});
  add("Flatten", {.op = "Flatten", .inputs = {x}});
  add("Expand", {.op = "Expand", .inputs = {floats({5, 1}, 2), integers({3}, {3, 5, 8})}});
  add("Transpose", {.op = "Transpose", .inputs = {x}, .attributes = {{"perm", std::vector<I>{1, 2, 0}}}});
  add("Slice",
      {.op = "Slice",
       .inputs = {x, integers({2}, {4, 1}), integers({2}, {0, 8}), integers({2}, {1, 2}), integers({2}, {-1, 3})}});
  add("Split", {.op = "Split", .inputs = {x, integers({2}, {3, 5})}, .attributes = {{"axis", I{2}}}, .outputs = 2});
  add("Concat", {.op = "Concat", .inputs = {x, floats({3, 2, 8}, 2)}, .attributes = {{"axis", I{1}}}}, {0, 1});
  add("Gather", {.op = "Gather", .inputs = {x, integers({2, 2}, {0, 4, 4, -2})}, .attributes = {{"axis", I{1}}}});
  Tensor condition(DType::kBool, {5, 8});
  for (std::int64_t i = 0; i < condition.size(); ++i) condition.raw()[i] = std::byte{i % 3 == 0};
  add("Where", {.op = "Where", .inputs = {condition, x, floats({8}, 2)}}, {1, 2});
  add("Cast", {.op = "Cast", .inputs = {x}, .attributes = {{"to", I{1}}}});
  for (const char* op : {"ReduceMean", "ReduceSum"}) {
    add(op, {.op = op, .inputs = {x, integers({2}, {0, -1})}, .attributes = {{"keepdims", I{0}}}});
  }
  add("MatMul", {.op = "MatMul", .inputs = {x, floats({3, 8, 4}, 2)}}, {0, 1});
  add("MatMul.shared", {.op = "MatMul", .inputs = {floats({2, 3, 5, 8}, 1), floats({3, 8, 4}, 2)}}, {0, 1});
  add("MatMul.left", {.op = "MatMul", .inputs = {floats({5, 8}, 1), floats({2, 3, 8, 4}, 2)}}, {0, 1});
  add("MatMul.vectors", {.op = "MatMul", .inputs = {floats({8}, 1), floats({2, 8, 4}, 2)}}, {0, 1});
  add("Exp", {.op = "Exp", .inputs = {x}});
  for (const char* op : {"Reciprocal", "Abs"}) add(op, {.op = op, .inputs = {positive({4, 6}, 2)}});
  add("Clip",
      {.op = "Clip",
       .inputs = {positive({4, 6}, 2), test::tensor_of<float>({}, {0.0F}), test::tensor_of<float>({}, {9.0F})}});
  add("ReduceMax", {.op = "ReduceMax", .inputs = {x, integers({1}, {1})}});
  const graph::Attributes rotary = {{"num_heads", I{2}}, {"rotary_embedding_dim", I{2}}};
  add("RotaryEmbedding",
      {.op = "RotaryEmbedding", .inputs = {x, floats({3, 5, 1}, 2), floats({3, 5, 1}, 3)}, .attributes = rotary});
  add("RotaryEmbedding.pairs", {.op = "RotaryEmbedding",
                                .inputs = {x, floats({3, 5, 4}, 2), floats({3, 5, 4}, 3)},
                                .attributes = {{"num_heads", I{1}}, {"interleaved", I{1}}}});
  for (const I normalize : {I{0}, I{1}}) {
    add(normalize == 0 ? "Route" : "Route.normalized", {.op = "Route",
                                                        .domain = "kerf",
                                                        .inputs = {floats({6, 5}, 7)},
                                                        .attributes = {{"top_k", I{2}}, {"normalize", normalize}}});
  }
  const Tensor routing = test::tensor_of<float>({4, 2}, {0.5F, 0.0F, 0.25F, 0.75F, 0.0F, 1.0F, 0.3F, 0.7F});
  add("TakeRows",
      {.op = "TakeRows", .domain = "kerf", .inputs = {floats({4, 3}, 1), routing}, .attributes = {{"expert", I{1}}}});
  add("CombineRows", {.op = "CombineRows", .domain = "kerf", .inputs = {routing, floats({3, 4}, 1), floats({3, 4}, 2)}},
      {1, 2});
  const graph::Attributes windows = {{"group", I{2}},
                                     {"strides", std::vector<I>{2, 1}},
                                     {"dilations", std::vector<I>{1, 2}},
                                     {"pads", std::vector<I>{1, 0, 0, 2}}};
  add("Conv",
      {.op = "Conv",
       .inputs = {floats({2, 4, 7, 6}, 1), floats({6, 2, 3, 2}, 2), floats({6}, 3)},
       .attributes = windows},
      {0, 1, 2});
  add("ConvTranspose",
      {.op = "ConvTranspose",
       .inputs = {floats({2, 4, 3, 4}, 1), floats({4, 3, 3, 2}, 2), floats({6}, 3)},
       .attributes = windows},
      {0, 1, 2});
  add("RelativePositionBias", {.op = "RelativePositionBias",
                               .domain = "kerf",
                               .inputs = {floats({8, 3}, 1), integers({1, 6}, {0, 0, 0, 0, 0, 0})}});
  return all;
}

/// L(outputs): each output times fixed random numbers.
double functional(const std::vector<Tensor>& outputs) {
  double sum = 0;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const Tensor c = floats(outputs[o].shape(), 100 + static_cast<int>(o));
    for (std::int64_t i = 0; i < c.size(); ++i) {
      sum += static_cast<double>(c.data<float>()[i]) * static_cast<double>(outputs[o].data<float>()[i]);
    }
  }
  return sum;
}

Tensor moved(const Tensor& x, const Tensor& direction, float step) {
  Tensor result = x.clone();
  for (std::int64_t i = 0; i < x.size(); ++i) result.data<float>()[i] += step * direction.data<float>()[i];
  return result;
}

std::vector<Tensor> derivatives(const test::OpCall& call, const std::vector<std::size_t>& wanted) {
  const graph::Node node = test::node_of(call);
  const OpInfo* op = find_op(node.domain, node.op);
  const std::vector<Tensor> outputs = test::run_kernel(call);
  std::vector<Operand> operands;
  for (const Tensor& input : call.inputs) operands.push_back({.tensor = input});
  std::vector<const Operand*> inputs;
  for (const Operand& operand : operands) inputs.push_back(&operand);
  std::vector<Tensor> by_outputs;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    by_outputs.push_back(floats(outputs[o].shape(), 100 + static_cast<int>(o)));
  }
  std::vector<bool> asked(inputs.size(), false);
  for (const std::size_t i : wanted) asked[i] = true;
  std::vector<Tensor> by_inputs(inputs.size());
  DerivativeContext context(node, inputs, outputs, by_outputs, asked, by_inputs);
  op->differentiate(context);
  return by_inputs;
}

TEST(Derivatives, FollowDifferencesOfTheKernel) {
  for (const Case& c : cases()) {
    const std::vector<Tensor> found = derivatives(c.call, c.wanted);
    for (const std::size_t i : c.wanted) {
      ASSERT_TRUE(found[i].defined()) << c.name << " input " << i;
      ASSERT_EQ(found[i].shape(), c.call.inputs[i].shape()) << c.name << " input " << i;
      for (int trial = 0; trial < 3; ++trial) {
        const Tensor direction = floats(found[i].shape(), 50 + trial);
        constexpr float kStep = 4e-3F;
        test::OpCall up = c.call, down = c.call;
        up.inputs[i] = moved(c.call.inputs[i], direction, kStep);
        down.inputs[i] = moved(c.call.inputs[i], direction, -kStep);
        const double difference =
            (functional(test::run_kernel(up)) - functional(test::run_kernel(down))) / (2 * static_cast<double>(kStep));
        double expected = 0, size = 0;
        for (std::int64_t e = 0; e < direction.size(); ++e) {
          const double part =
              static_cast<double>(direction.data<float>()[e]) * static_cast<double>(found[i].data<float>()[e]);
          expected += part;
          size += part * part;
        }
        // The kernel's f32 and the third derivative: a few thousandths of what the parts of the sum come to.
        EXPECT_NEAR(difference, expected, 5e-3 * std::sqrt(size) + 1e-3) << c.name << " input " << i;
      }
    }
  }
}

/// What the families' graphs are made of has rules; of what only imported graphs have, some.
TEST(Derivatives, EveryOperatorHasARuleExceptThoseOfImportedGraphs) {
  const std::set<std::string_view> without = {"And",
                                              "ArgMax",
                                              "ArgMin",
                                              "AveragePool",
                                              "BitwiseAnd",
                                              "BitwiseNot",
                                              "BitwiseOr",
                                              "BitwiseXor",
                                              "Ceil",
                                              "Celu",
                                              "CumSum",
                                              "DFT",
                                              "DequantizeLinear",
                                              "DynamicQuantizeLinear",
                                              "Einsum",
                                              "Elu",
                                              "Equal",
                                              "EyeLike",
                                              "Floor",
                                              "GatherElements",
                                              "GatherND",
                                              "Greater",
                                              "GreaterOrEqual",
                                              "HardSigmoid",
                                              "HardSwish",
                                              "IsInf",
                                              "IsNaN",
                                              "LeakyRelu",
                                              "Less",
                                              "LessOrEqual",
                                              "Log",
                                              "LogSoftmax",
                                              "MatMulInteger",
                                              "Max",
                                              "MaxPool",
                                              "Mean",
                                              "Min",
                                              "Mish",
                                              "Mod",
                                              "NonZero",
                                              "Not",
                                              "OneHot",
                                              "Or",
                                              "PRelu",
                                              "Pad",
                                              "QuantizeLinear",
                                              "Range",
                                              "ReduceL1",
                                              "ReduceL2",
                                              "ReduceLogSum",
                                              "ReduceLogSumExp",
                                              "ReduceMin",
                                              "ReduceProd",
                                              "ReduceSumSquare",
                                              "Round",
                                              "ScatterElements",
                                              "ScatterND",
                                              "Selu",
                                              "Shape",
                                              "Sign",
                                              "Size",
                                              "Softplus",
                                              "Softsign",
                                              "Sum",
                                              "ThresholdedRelu",
                                              "Tile",
                                              "TopK",
                                              "Trilu",
                                              "Xor"};
  std::set<std::string> tested;
  for (const Case& c : cases()) tested.insert(c.call.op);
  for (const OpInfo* op : all_ops()) {
    EXPECT_EQ(op->differentiate == nullptr, without.contains(op->name)) << op->name;
    EXPECT_EQ(tested.contains(std::string(op->name)), !without.contains(op->name)) << op->name;
  }
}

/// The packed transpose, where the caller has it, gives what the plain weight gives.
TEST(Derivatives, LinearTakesThePackedTranspose) {
  const Tensor x = floats({7, 8}, 1), w = floats({6, 8}, 2), by = floats({7, 6}, 3);
  const test::OpCall call{.op = "Linear", .domain = "kerf", .inputs = {x, w}};
  Tensor turned(DType::kF32, {8, 6});
  for (std::int64_t o = 0; o < 6; ++o) {
    for (std::int64_t i = 0; i < 8; ++i) turned.data<float>()[i * 6 + o] = w.data<float>()[o * 8 + i];
  }
  const graph::Node node = test::node_of(call);
  const auto run = [&](bool packed) {
    Operand input{.tensor = x}, weight{.tensor = w};
    if (packed) weight.transposed = linalg::PackedMatrix::pack(turned.data<float>(), 8, 6);
    const std::vector<const Operand*> inputs = {&input, &weight};
    const std::vector<Tensor> outputs = test::run_kernel(call), by_outputs = {by};
    const std::vector<bool> asked = {true, false};
    std::vector<Tensor> result(2);
    DerivativeContext context(node, inputs, outputs, by_outputs, asked, result);
    find_op("kerf", "Linear")->differentiate(context);
    return result[0];
  };
  const Tensor plain = run(false), packed = run(true);
  for (std::int64_t i = 0; i < plain.size(); ++i) {
    EXPECT_NEAR(plain.data<float>()[i], packed.data<float>()[i], 1e-5F);
  }
}

}  // namespace
}  // namespace kerf::ops
