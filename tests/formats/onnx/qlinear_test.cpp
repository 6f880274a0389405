// Operators on codes against DequantizeLinear, the operator, QuantizeLinear, written out.

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/model_graph.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"
#include "tests/support/reference_executor.h"

namespace kerf::formats::onnx {
namespace {

using Names = std::vector<std::string>;

struct Codes : ModelBuilder {
  Codes() {
    auto* import = model.add_opset_import();
    import->set_domain("com.microsoft");
    import->set_version(1);
    embed();
    scale("s", 0.02F);
    scale("t", 0.03F);
    bytes_of("z", {}, {128});
    bytes_of("u", {}, {120});
    node("QuantizeLinear", {"x", "s", "z"}, {"a"});
    node("Mul", {"x", "x"}, {"squares"});
    node("QuantizeLinear", {"squares", "t", "u"}, {"b"});
  }
  void scale(const std::string& name, float value) {
    fill(*graph().add_initializer(), name, {}, proto::TensorProto::FLOAT, &value, sizeof(value));
  }
  void bytes_of(const std::string& name, const Shape& shape, const std::vector<std::uint8_t>& values) {
    fill(*graph().add_initializer(), name, shape, proto::TensorProto::UINT8, values.data(), values.size());
  }
  void floats(const std::string& name, const std::string& codes, const std::string& scale, const std::string& point) {
    node("DequantizeLinear", {codes, scale, point}, {name});
  }
  /// "y" of codes by t and u.
  void finish() {
    floats("whole", "y", "t", "u");
    // Between the rounding and the product, so that it stays in the graph.
    node("Neg", {"whole"}, {"other_sign"});
    head("other_sign");
  }
};

Tensor run(const ModelBuilder& builder) {
  const auto imported = builder.import();
  const models::ModelGraph model{imported->description, imported->graph, {}};
  return test::run_model(model, {{"input_ids", test::tensor_of<std::int64_t>({2, 3}, {1, 4, 7, 10, 2, 5})}});
}

void expect_same(const std::function<void(Codes&)>& fused, const std::function<void(Codes&)>& plain) {
  Codes a, b;
  fused(a);
  b.floats("fa", "a", "s", "z");
  b.floats("fb", "b", "t", "u");
  plain(b);
  b.node("QuantizeLinear", {"fy", "t", "u"}, {"y"});
  a.finish();
  b.finish();
  const Tensor found = run(a), expected = run(b);
  ASSERT_EQ(found.shape(), expected.shape());
  for (std::int64_t i = 0; i < found.size(); ++i) ASSERT_EQ(found.data<float>()[i], expected.data<float>()[i]) << i;
}

const Names kBoth = {"a", "s", "z", "b", "t", "u", "t", "u"};

TEST(OnnxQLinear, SumsAndProducts) {
  for (const char* op : {"Add", "Mul"}) {
    expect_same([&](Codes& m) { m.node(std::string("QLinear") + op, kBoth, {"y"}, "com.microsoft"); },
                [&](Codes& m) {
                  m.node(op, {"fa", "fb"}, {"fy"});
                });
  }
}

TEST(OnnxQLinear, FunctionsOfOneInput) {
  for (const char* op : {"Sigmoid", "LeakyRelu"}) {
    expect_same(
        [&](Codes& m) {
          m.node(std::string("QLinear") + op, {"a", "s", "z", "t", "u"}, {"y"}, "com.microsoft");
        },
        [&](Codes& m) { m.node(op, {"fa"}, {"fy"}); });
  }
  expect_same(
      [](Codes& m) {
        auto& node = m.node("QLinearSoftmax", {"a", "s", "z", "t", "u"}, {"y"}, "com.microsoft");
        ModelBuilder::attribute(node, "axis", std::int64_t{1});
        ModelBuilder::attribute(node, "opset", std::int64_t{13});
      },
      [](Codes& m) { ModelBuilder::attribute(m.node("Softmax", {"fa"}, {"fy"}), "axis", std::int64_t{1}); });
}

TEST(OnnxQLinear, PartsAreJoinedAndChosen) {
  expect_same(
      [](Codes& m) {
        auto& node = m.node("QLinearConcat", {"t", "u", "a", "s", "z", "b", "t", "u"}, {"y"}, "com.microsoft");
        ModelBuilder::attribute(node, "axis", std::int64_t{1});
      },
      [](Codes& m) {
        ModelBuilder::attribute(m.node("Concat", {"fa", "fb"}, {"fy"}), "axis", std::int64_t{1});
      });
  expect_same(
      [](Codes& m) {
        m.node("Less", {"x", "squares"}, {"less"});
        m.node("QLinearWhere", {"less", "a", "s", "z", "b", "t", "u", "t", "u"}, {"y"}, "com.microsoft");
      },
      [](Codes& m) {
        m.node("Less", {"x", "squares"}, {"less"});
        m.node("Where", {"less", "fa", "fb"}, {"fy"});
      });
}

/// A bias of I32 has the product of both scales.
TEST(OnnxQLinear, AGemmWithItsBias) {
  const std::vector<std::int32_t> bias = {100, -200, 300, 0, 50, 60, 70, -80};
  const auto matrix = [](Codes& m) {
    std::vector<std::uint8_t> codes;
    for (int i = 0; i < 64; ++i) codes.push_back(static_cast<std::uint8_t>(i * 37 + 5));
    m.bytes_of("w", {8, 8}, codes);
    m.integers("rows", {2}, {-1, 8});
    m.integers("width", {1}, {8});
    m.node("Shape", {"input_ids"}, {"tokens"});
    ModelBuilder::attribute(m.node("Concat", {"tokens", "width"}, {"cubes"}), "axis", std::int64_t{0});
  };
  expect_same(
      [&](Codes& m) {
        matrix(m);
        ModelBuilder::fill(*m.graph().add_initializer(), "c", {8}, proto::TensorProto::INT32, bias.data(), 32);
        m.node("Reshape", {"a", "rows"}, {"flat"});
        m.node("QGemm", {"flat", "s", "z", "w", "t", "z", "c", "t", "u"}, {"flat_y"}, "com.microsoft");
        m.node("Reshape", {"flat_y", "cubes"}, {"y"});
      },
      [&](Codes& m) {
        matrix(m);
        std::vector<float> whole;
        for (const std::int32_t value : bias) whole.push_back(static_cast<float>(value) * (0.02F * 0.03F));
        ModelBuilder::fill(*m.graph().add_initializer(), "c", {8}, proto::TensorProto::FLOAT, whole.data(), 32);
        m.floats("fw", "w", "t", "z");
        m.node("Reshape", {"fa", "rows"}, {"flat"});
        m.node("Gemm", {"flat", "fw", "c"}, {"flat_y"});
        m.node("Reshape", {"flat_y", "cubes"}, {"fy"});
      });
}

/// Rows of codes are rows of the weight that they stand for, and a rounding before a product of few numbers is kept.
TEST(OnnxQLinear, TablesOfCodesAreWeights) {
  ModelBuilder m;
  m.input("input_ids", {"batch", "length"});
  std::vector<std::uint8_t> codes;
  for (int i = 0; i < 88; ++i) codes.push_back(static_cast<std::uint8_t>(i * 37 + 5));
  ModelBuilder::fill(*m.graph().add_initializer(), "table", {11, 8}, proto::TensorProto::UINT8, codes.data(), 88);
  const float scale = 0.02F;
  ModelBuilder::fill(*m.graph().add_initializer(), "s", {}, proto::TensorProto::FLOAT, &scale, 4);
  ModelBuilder::fill(*m.graph().add_initializer(), "z", {}, proto::TensorProto::UINT8, codes.data(), 1);
  m.node("Gather", {"table", "input_ids"}, {"rows"});
  m.node("DequantizeLinear", {"rows", "s", "z"}, {"x"});
  m.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
  m.node("DequantizeLinear", {"q", "s", "z"}, {"rounded"});
  m.head("rounded");
  const auto imported = m.import();
  ASSERT_EQ(imported->graph.weights().size(), 2U);
  const graph::Weight& table = imported->graph.value(imported->graph.weights().front()).weight;
  EXPECT_EQ(table.role, graph::Role::kEmbedding);
  EXPECT_EQ(table.source->shape(), (Shape{11, 8}));
  ASSERT_TRUE(table.source->rounded_to().has_value());
  EXPECT_EQ(imported->description.hyperparameters.vocab_size, 11);
  ASSERT_EQ(imported->activations.size(), 1U);
}

TEST(OnnxQLinear, WhatIsMissingIsRefused) {
  Codes m;
  m.node("QLinearAdd", {"a", "s", "z", "b"}, {"y"}, "com.microsoft");
  m.finish();
  test::expect_error(ErrorCode::kInput, "node 'make_y' (QLinearAdd): input 3 is missing", [&] { m.import(); });
}

}  // namespace
}  // namespace kerf::formats::onnx
