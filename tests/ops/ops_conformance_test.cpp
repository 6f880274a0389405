// What holds for every operator in the list: it describes itself, gives the same bits for any number of threads, and,
// if it says that it works row by row, really does.

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::ops {
namespace {

Tensor integers(Shape shape, std::vector<std::int64_t> values) {
  return test::tensor_of<std::int64_t>(std::move(shape), std::move(values));
}

/// Large enough for several pieces of work, with rows that 16 does not divide.
constexpr std::int64_t kLength = 700, kWidth = 250;

test::OpCall unary(std::string op) {
  return {.op = std::move(op), .inputs = {test::random_tensor({kLength, kWidth}, 1)}};
}
test::OpCall binary(std::string op) {
  return {.op = std::move(op), .inputs = {test::random_tensor({kLength, kWidth}, 1), test::random_tensor({kWidth}, 2)}};
}

test::OpCall positive(test::OpCall call) {
  for (float& value : call.inputs[0].values<float>()) value = value * value + 0.1F;
  return call;
}

/// Weights as a router gives them: some of them 0.
Tensor positive_or_zero(const Tensor& x) {
  Tensor result = x.clone();
  for (float& value : result.values<float>()) value = std::max(value, 0.0F);
  return result;
}

Tensor codes(Shape shape) {
  Tensor result(DType::kU8, std::move(shape));
  for (std::int64_t i = 0; i < result.size(); ++i) result.raw()[i] = static_cast<std::byte>(i * 37 % 251);
  return result;
}

using Add = std::function<void(test::OpCall)>;

/// Operators that only imported graphs have.
void add_imported(const Add& add, const Tensor& x, const Tensor& w, const Tensor& truth) {
  using I = std::int64_t;
  for (const char* op : {"Abs",
                         "Ceil",
                         "Celu",
                         "Elu",
                         "Exp",
                         "Floor",
                         "HardSigmoid",
                         "HardSwish",
                         "IsInf",
                         "IsNaN",
                         "LeakyRelu",
                         "Mish",
                         "Reciprocal",
                         "Round",
                         "Selu",
                         "Sign",
                         "Softplus",
                         "Softsign",
                         "ThresholdedRelu",
                         "Shape",
                         "Size",
                         "Flatten",
                         "Trilu",
                         "EyeLike",
                         "ArgMax",
                         "ArgMin",
                         "LogSoftmax",
                         "DynamicQuantizeLinear"}) {
    add(unary(op));
  }
  add(positive(unary("Log")));
  for (const char* op : {"Less", "LessOrEqual", "GreaterOrEqual", "Equal", "Max", "Min", "Mean", "Sum", "PRelu"}) {
    add(binary(op));
  }
  test::OpCall remainder = binary("Mod");
  remainder.attributes = {{"fmod", I{1}}};
  add(remainder);
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMean", "ReduceMin", "ReduceProd",
                         "ReduceSum", "ReduceSumSquare"}) {
    add({.op = op, .inputs = {x, integers({1}, {1})}});
  }
  add({.op = "ReduceLogSum", .inputs = {positive(unary("")).inputs[0], integers({1}, {1})}});
  Tensor some_truth(DType::kBool, {kWidth});
  std::copy_n(truth.raw(), some_truth.bytes(), some_truth.raw());
  for (const char* op : {"And", "Or", "Xor"}) add({.op = op, .inputs = {truth, some_truth}});
  add({.op = "Not", .inputs = {truth}});
  const Tensor whole = codes({kLength, kWidth});
  for (const char* op : {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}) add({.op = op, .inputs = {whole, codes({kWidth})}});
  add({.op = "BitwiseNot", .inputs = {whole}});
  const float low = -0.5F;
  add({.op = "Clip", .inputs = {x, Tensor::from<float>({}, std::span(&low, 1))}});
  add({.op = "MatMul", .inputs = {x, test::random_tensor({3, kWidth, 40}, 3)}});
  add({.op = "MatMulInteger", .inputs = {whole, codes({kWidth, 30})}});
  add({.op = "Squeeze", .inputs = {x.reshaped({kLength, 1, kWidth}), integers({1}, {1})}});
  add({.op = "Expand", .inputs = {x, integers({3}, {2, 1, 1})}});
  add({.op = "Tile", .inputs = {x, integers({2}, {1, 2})}});
  add({.op = "Range", .inputs = {integers({}, {3}), integers({}, {900}), integers({}, {7})}});
  add({.op = "CumSum", .inputs = {x, integers({}, {1})}});
  add({.op = "TopK", .inputs = {x, integers({1}, {5})}, .outputs = 2});
  const float depth = 6;
  add({.op = "OneHot",
       .inputs = {integers({3}, {0, 4, -1}), integers({}, {6}), test::tensor_of<float>({2}, {0, depth})}});
  add({.op = "NonZero", .inputs = {integers({2, 3}, {0, 1, 0, 2, 0, 3})}});
  add({.op = "Pad", .inputs = {x, integers({4}, {1, 0, 2, 3})}});
  add({.op = "GatherElements", .inputs = {x, integers({2, 3}, {0, 699, -1, 5, 5, 300})}});
  add({.op = "GatherND", .inputs = {x, integers({2, 2}, {0, 1, 699, -1})}});
  add({.op = "ScatterElements", .inputs = {x, integers({1, 2}, {3, 5}), test::random_tensor({1, 2}, 3)}});
  add({.op = "ScatterND", .inputs = {x, integers({2, 1}, {3, 5}), test::random_tensor({2, kWidth}, 3)}});
  add({.op = "Einsum",
       .inputs = {x, test::random_tensor({kWidth, 7}, 3)},
       .attributes = {{"equation", std::string("ij,jk->ki")}}});
  const Tensor signal = test::random_tensor({2, 6, 401}, 4);
  const graph::Attributes window = {{"kernel_shape", std::vector<I>{3}}, {"pads", std::vector<I>{1, 1}}};
  for (const char* op : {"MaxPool", "AveragePool"}) add({.op = op, .inputs = {signal}, .attributes = window});
  for (const char* op : {"Conv", "ConvTranspose"}) {
    add({.op = op, .inputs = {signal, test::random_tensor({6, 6, 3}, 5)}, .attributes = window});
  }
  add({.op = "DFT", .inputs = {x.reshaped({1, kLength, kWidth, 1}), Tensor(), integers({}, {1})}});
  const Tensor scale = test::tensor_of<float>({1}, {0.01F});
  add({.op = "QuantizeLinear", .inputs = {x, scale}});
  add({.op = "DequantizeLinear", .inputs = {whole, positive({.op = "", .inputs = {w.clone()}}).inputs[0]}});
}

/// A call of each operator, by name.
std::map<std::string, test::OpCall> calls() {
  const Tensor x = test::random_tensor({kLength, kWidth}, 1), w = test::random_tensor({kWidth}, 2);
  const auto vectors = [&](std::string op) { return test::OpCall{.op = std::move(op), .inputs = {x, w, w}}; };
  std::map<std::string, test::OpCall> result;
  const auto add = [&](test::OpCall call) { result[call.op] = std::move(call); };
  for (const char* op : {"Sigmoid", "Tanh", "Relu", "Gelu", "Erf", "Cos", "Sin", "Neg"}) add(unary(op));
  for (const char* op : {"Add", "Sub", "Mul", "Div"}) add(binary(op));
  add(positive(unary("Sqrt")));
  add(positive(binary("Pow")));
  add(vectors("LayerNormalization"));
  add({.op = "RMSNormalization", .inputs = {x, w}});
  add({.op = "Softmax", .inputs = {x}, .attributes = {{"axis", std::int64_t{0}}}});
  add({.op = "Cast", .inputs = {x}, .attributes = {{"to", std::int64_t{7}}}});
  add({.op = "Unsqueeze", .inputs = {x, integers({1}, {1})}});
  add({.op = "Reshape", .inputs = {x, integers({2}, {-1, 2 * kLength})}});
  add({.op = "Transpose", .inputs = {x}});
  add({.op = "Concat", .inputs = {x, x}, .attributes = {{"axis", std::int64_t{1}}}});
  add({.op = "Slice",
       .inputs = {x, integers({2}, {-1, 3}), integers({2}, {0, 200}), integers({2}, {0, 1}), integers({2}, {-2, 1})}});
  add({.op = "Split", .inputs = {x}, .attributes = {{"axis", std::int64_t{1}}}, .outputs = 3});
  add({.op = "Gather", .inputs = {x, integers({2, 3}, {0, 699, -1, 5, 5, 300})}});
  add({.op = "Linear",
       .domain = "kerf",
       .inputs = {x, test::random_tensor({96, kWidth}, 3), test::random_tensor({96}, 4)}});
  add({.op = "ReduceMax", .inputs = {x, integers({1}, {0})}});
  add(binary("Greater"));
  Tensor truth(DType::kBool, {kLength, kWidth});
  for (std::int64_t i = 0; i < truth.size(); ++i)
    truth.raw()[i] = static_cast<std::byte>(x.data<float>()[i] > 0 ? 1 : 0);
  add({.op = "Where", .inputs = {truth, w, test::random_tensor({kWidth}, 8)}});
  add_imported(add, x, w, truth);
  add({.op = "Route", .domain = "kerf", .inputs = {x}, .attributes = {{"top_k", std::int64_t{9}}}});
  add({.op = "TakeRows",
       .domain = "kerf",
       .inputs = {x, positive(unary("")).inputs[0]},
       .attributes = {{"expert", std::int64_t{3}}}});
  const Tensor routing = positive_or_zero(test::random_tensor({kLength, 2}, 9));
  add({.op = "CombineRows", .domain = "kerf", .inputs = {routing, x, x}});
  const Tensor q = test::random_tensor({2, 300, 8 * 32}, 5), k = test::random_tensor({2, 300, 4 * 32}, 6);
  add({.op = "Attention",
       .domain = "kerf",
       .inputs = {q, k, k},
       .attributes = {{"num_heads", std::int64_t{8}}, {"kv_num_heads", std::int64_t{4}}, {"causal", std::int64_t{1}}}});
  add({.op = "RelativePositionBias",
       .domain = "kerf",
       .inputs = {test::random_tensor({32, 8}, 8), integers({1, 300}, std::vector<std::int64_t>(300, 0))}});
  const Tensor table = test::random_tensor({2, 300, 16}, 7);
  add({.op = "RotaryEmbedding", .inputs = {q, table, table}, .attributes = {{"num_heads", std::int64_t{8}}}});
  return result;
}

TEST(OpsConformance, EveryOperatorDescribesItself) {
  std::map<std::string, int> names;
  for (const OpInfo* op : all_ops()) {
    EXPECT_EQ(find_op(op->domain, op->name), op);
    EXPECT_FALSE(op->summary.empty()) << op->name;
    EXPECT_EQ(op->source.substr(0, 8), "https://") << op->name;
    EXPECT_NE(op->infer, nullptr) << op->name;
    EXPECT_NE(op->run, nullptr) << op->name;
    EXPECT_EQ(++names[std::string(op->domain) + "." + std::string(op->name)], 1) << op->name;
  }
  EXPECT_EQ(find_op("", "NoSuchOperator"), nullptr);
  EXPECT_EQ(find_op("com.example", "Add"), nullptr);
}

TEST(OpsConformance, BitsDoNotDependOnThreads) {
  const auto all = calls();
  for (const OpInfo* op : all_ops()) {
    const auto call = all.find(std::string(op->name));
    ASSERT_NE(call, all.end()) << op->name << " needs a call in this test";
    std::vector<Tensor> expected;
    for (const int threads : {1, 2, 3}) {
      const test::ThreadSetting setting(threads);
      const auto outputs = test::run_op(call->second);
      if (threads == 1) expected = outputs;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        EXPECT_TRUE(test::same_bits(outputs[i], expected[i])) << op->name << ", " << threads << " threads";
      }
    }
  }
}

/// Rows [first, first + count) of a matrix.
Tensor rows_of(const Tensor& x, std::int64_t first, std::int64_t count) {
  Tensor part(x.dtype(), {count, x.dim(1)});
  const std::size_t row_bytes = x.bytes() / static_cast<std::size_t>(x.dim(0));
  std::memcpy(part.raw(), x.raw() + static_cast<std::size_t>(first) * row_bytes, part.bytes());
  return part;
}

TEST(OpsConformance, RowwiseOperatorsGiveTheSameRowsForAnySubset) {
  const auto all = calls();
  int checked = 0;
  for (const OpInfo* op : all_ops()) {
    if (!op->rowwise) continue;
    ++checked;
    test::OpCall call = all.at(std::string(op->name));
    const Tensor whole = test::run_op(call)[0];
    for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{0, 1}, {13, 100}, {699, 1}}) {
      test::OpCall part = call;
      part.inputs[0] = rows_of(call.inputs[0], first, count);
      EXPECT_TRUE(test::same_bits(test::run_op(part)[0], rows_of(whole, first, count)))
          << op->name << " from " << first;
    }
  }
  EXPECT_GT(checked, 10);
}

TEST(OpsConformance, InputsAreNotWrittenTo) {
  for (const auto& [name, call] : calls()) {
    std::vector<Tensor> before;
    for (const Tensor& input : call.inputs) before.push_back(input.clone());
    test::run_op(call);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(test::same_bits(call.inputs[i], before[i])) << name;
  }
}

TEST(OpsConformance, EmptyTensorsPassThrough) {
  const Tensor none = Tensor::zeros(DType::kF32, {0, 4}), vector = Tensor::zeros(DType::kF32, {4});
  for (const char* op : {"Sigmoid", "Gelu", "Neg", "Softmax", "Transpose"}) {
    EXPECT_EQ(test::run_op({.op = op, .inputs = {none}})[0].size(), 0) << op;
  }
  for (const char* op : {"Add", "Mul", "RMSNormalization", "LayerNormalization"}) {
    EXPECT_EQ(test::run_op({.op = op, .inputs = {none, vector}})[0].shape(), (Shape{0, 4})) << op;
  }
  const Tensor weight = Tensor::zeros(DType::kF32, {3, 4});
  EXPECT_EQ(test::run_op({.op = "Linear", .domain = "kerf", .inputs = {none, weight}})[0].shape(), (Shape{0, 3}));
  const Tensor q = Tensor::zeros(DType::kF32, {1, 0, 4}), k = Tensor::zeros(DType::kF32, {1, 3, 4});
  const graph::Attributes heads{{"num_heads", std::int64_t{2}}};
  EXPECT_EQ(test::run_op({.op = "Attention", .domain = "kerf", .inputs = {q, k, k}, .attributes = heads})[0].size(), 0);
  // No keys: nothing to average.
  const Tensor out = test::run_op({.op = "Attention", .domain = "kerf", .inputs = {k, q, q}, .attributes = heads})[0];
  EXPECT_TRUE(test::same_bits(out, Tensor::zeros(DType::kF32, {1, 3, 4})));
}

}  // namespace
}  // namespace kerf::ops
