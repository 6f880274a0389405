#include "formats/onnx/import.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/checkpoint.h"
#include "formats/onnx/build_graph.h"
#include "formats/onnx/describe.h"
#include "formats/onnx/flatten.h"
#include "formats/onnx/inputs.h"
#include "formats/onnx/passes.h"
#include "models/model_graph.h"
#include "tests/formats/onnx/importing.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"
#include "tests/support/reference_executor.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::onnx {
namespace {

using test::expect_error;

void expect_near(const Tensor& found, const Tensor& expected) {
  ASSERT_EQ(found.shape(), expected.shape());
  for (std::int64_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found.data<float>()[i], expected.data<float>()[i], 1e-4F) << i;
  }
}

int count(const graph::Graph& graph, std::string_view op) {
  return static_cast<int>(std::count_if(graph.nodes().begin(), graph.nodes().end(),
                                        [&](const graph::Node& node) { return node.op == op; }));
}

TEST(OnnxImport, EmbeddingAndHeadAreOneProduct) {
  const auto imported = plain().import();
  const Tensor table = test::random_tensor({11, 8}, 1), head = test::random_tensor({8, 11}, 2);
  const Tensor logits = run(*imported);
  const Tensor ids = some_ids();
  for (std::int64_t t = 0; t < 4; ++t) {
    for (std::int64_t o = 0; o < 11; ++o) {
      float sum = 0;
      for (std::int64_t i = 0; i < 8; ++i) {
        sum += table.data<float>()[ids.data<std::int64_t>()[t] * 8 + i] * head.data<float>()[i * 11 + o];
      }
      EXPECT_NEAR(logits.data<float>()[t * 11 + o], sum, 1e-4F);
    }
  }
  EXPECT_EQ(count(imported->graph, "Linear"), 1);
  EXPECT_EQ(imported->description.hyperparameters.vocab_size, 11);
  EXPECT_EQ(imported->origins.initializers.size(), 2U);
}

TEST(OnnxImport, EveryWayToWriteALinearIsTheSame) {
  const Tensor expected = run(*plain().import());
  ModelBuilder gemm;
  gemm.embed();
  gemm.weight("head", {8, 11}, 2);
  gemm.node("Reshape", {"x", "flat"}, {"rows"});
  gemm.integers("flat", {2}, {-1, 8});
  gemm.node("Gemm", {"rows", "head"}, {"product"});
  gemm.integers("back", {3}, {1, -1, 11});
  gemm.node("Reshape", {"product", "back"}, {"logits"});
  gemm.output("logits");
  expect_near(run(*gemm.import()), expected);

  ModelBuilder turned;
  turned.embed();
  turned.weight("head", {8, 11}, 2);
  turned.node("Transpose", {"head"}, {"once"});
  turned.node("Identity", {"once"}, {"twice"});
  auto& cast = turned.node("Cast", {"twice"}, {"cast"});
  ModelBuilder::attribute(cast, "to", std::int64_t{10});
  turned.node("Transpose", {"cast"}, {"again"});
  turned.node("MatMul", {"x", "again"}, {"logits"});
  turned.output("logits");
  const auto imported = turned.import();
  expect_near(run(*imported), expected);
  EXPECT_EQ(count(imported->graph, "Transpose") + count(imported->graph, "Cast"), 0);
}

/// Keras writes its projections and attention this way.
TEST(OnnxImport, EinsumIsAProductOfMatrices) {
  const Tensor expected = run(*plain().import());
  const auto with_equation = [](const std::string& equation, const Shape& shape, const std::string& from) {
    ModelBuilder builder;
    builder.embed();
    builder.weight("head", shape, 2);
    builder.integers("split", {4}, {0, 0, 2, 4});
    builder.node("Reshape", {"x", "split"}, {"heads"});
    auto& node = builder.node("Einsum", {from, "head"}, {"logits"});
    auto* attribute = node.add_attribute();
    attribute->set_name("equation");
    attribute->set_type(proto::AttributeProto::STRING);
    attribute->set_s(equation);
    builder.output("logits");
    return builder.import();
  };
  for (const auto& imported :
       {with_equation("abc,cd->abd", {8, 11}, "x"), with_equation("abcd,cde->abe", {2, 4, 11}, "heads")}) {
    EXPECT_EQ(count(imported->graph, "Linear"), 1);
    EXPECT_EQ(count(imported->graph, "Einsum"), 0);
    expect_near(run(*imported), expected);
  }
  const auto apart = with_equation("abc,cde->abde", {8, 1, 11}, "x");
  EXPECT_EQ(run(*apart).shape(), (Shape{1, 4, 1, 11}));
}

/// x[mask].view(batch, -1, width)[:, -1], as classifiers choose the token at the end of a text.
TEST(OnnxImport, TheLastTokenOfAKindIsFound) {
  const auto chosen = [](std::int64_t place) {
    ModelBuilder builder;
    builder.embed();
    builder.integers("end", {}, {7});
    builder.integers("view", {3}, {-1, -1, 8});
    builder.integers("place", {}, {place});
    builder.node("Shape", {"input_ids"}, {"ids_shape"});
    builder.integers("first", {1}, {0});
    builder.integers("open", {1}, {-1});
    builder.integers("width", {1}, {8});
    builder.node("Gather", {"ids_shape", "first"}, {"batch"});
    ModelBuilder::attribute(builder.node("Concat", {"batch", "open", "width"}, {"target"}), "axis", std::int64_t{0});
    builder.node("Equal", {"input_ids", "end"}, {"mask"});
    builder.node("NonZero", {"mask"}, {"places"});
    builder.node("Transpose", {"places"}, {"tuples"});
    builder.node("GatherND", {"x", "tuples"}, {"rows"});
    builder.node("Reshape", {"rows", "target"}, {"texts"});
    ModelBuilder::attribute(builder.node("Gather", {"texts", "place"}, {"y"}), "axis", std::int64_t{1});
    builder.head("y");
    return builder;
  };
  const Tensor ids = test::tensor_of<std::int64_t>({2, 4}, {7, 2, 7, 3, 1, 7, 5, 7});
  const Tensor all = run(*plain().import(), ids);
  for (const auto& [place, tokens] : std::map<std::int64_t, std::vector<std::int64_t>>{{-1, {2, 3}}, {0, {0, 1}}}) {
    const Tensor found = run(*chosen(place).import(), ids);
    ASSERT_EQ(found.shape(), (Shape{2, 11}));
    for (std::int64_t i = 0; i < 22; ++i) {
      const std::int64_t row = i / 11, token = tokens[static_cast<std::size_t>(row)];
      EXPECT_NEAR(found.data<float>()[i], all.data<float>()[(row * 4 + token) * 11 + i % 11], 1e-5F);
    }
  }
  // Of others how many there are is not known.
  expect_refusal(chosen(1), "depends on the data");
}

/// Windows over the tokens; the weight is one that is read where it is needed.
TEST(OnnxImport, ConvolutionsOverTokens) {
  ModelBuilder builder;
  builder.embed();
  builder.weight("w", {8, 1, 3}, 6);
  builder.weight("c", {8}, 7);
  const auto turn = [&](const std::string& from, const std::string& to) {
    auto* perm = builder.node("Transpose", {from}, {to}).add_attribute();
    perm->set_name("perm");
    perm->set_type(proto::AttributeProto::INTS);
    for (const int axis : {0, 2, 1}) perm->add_ints(axis);
  };
  turn("x", "turned");
  auto& node = builder.node("Conv", {"turned", "w", "c"}, {"windows"});
  ModelBuilder::attribute(node, "group", std::int64_t{8});
  auto* pads = node.add_attribute();
  pads->set_name("pads");
  pads->set_type(proto::AttributeProto::INTS);
  for (const int pad : {1, 1}) pads->add_ints(pad);
  turn("windows", "y");
  builder.head("y");
  const auto imported = builder.import();
  EXPECT_EQ(run(*imported).shape(), (Shape{1, 4, 11}));
  std::map<std::string, graph::Role> roles;
  for (const graph::ValueId id : imported->graph.weights()) {
    roles.emplace(imported->graph.value(id).weight.name, imported->graph.value(id).weight.role);
  }
  EXPECT_EQ(roles.at("w"), graph::Role::kOther);
  EXPECT_EQ(roles.at("c"), graph::Role::kBias);
}

/// A scale of the norm's whole input, as some exporters expand it.
TEST(OnnxImport, AScaleOfANormMayBroadcast) {
  const auto norm = [](const Shape& shape) {
    ModelBuilder builder(23);
    builder.embed();
    const std::vector<float> ones(static_cast<std::size_t>(numel(shape)), 1.0F);
    ModelBuilder::fill(*builder.graph().add_initializer(), "scale", shape, proto::TensorProto::FLOAT, ones.data(),
                       ones.size() * 4);
    builder.node("RMSNormalization", {"x", "scale"}, {"y"});
    builder.head("y");
    return run(*builder.import());
  };
  expect_near(norm({1, 1, 8}), norm({8}));
  expect_near(norm({1}), norm({8}));
}

TEST(OnnxImport, ABiasGoesIntoTheProduct) {
  ModelBuilder builder;
  builder.embed();
  builder.weight("head", {8, 11}, 2);
  builder.weight("bias", {11}, 3);
  builder.node("MatMul", {"x", "head"}, {"product"});
  builder.node("Add", {"bias", "product"}, {"logits"});
  builder.output("logits");
  const auto imported = builder.import();
  EXPECT_EQ(count(imported->graph, "Add"), 0);
  const Tensor without = run(*plain().import()), with = run(*imported), bias = test::random_tensor({11}, 3);
  for (std::int64_t i = 0; i < with.size(); ++i) {
    EXPECT_NEAR(with.data<float>()[i], without.data<float>()[i] + bias.data<float>()[i % 11], 1e-4F);
  }
  // Both nodes of the file are where the product came from.
  for (graph::NodeId n = 0; n < std::ssize(imported->graph.nodes()); ++n) {
    if (imported->graph.node(n).op == "Linear") {
      EXPECT_EQ(imported->origins.nodes.at(n).size(), 2U);
    }
  }
}

TEST(OnnxImport, AnAddThatOthersReadTooStays) {
  ModelBuilder builder;
  builder.embed();
  builder.weight("head", {8, 11}, 2);
  builder.weight("bias", {11}, 3);
  builder.node("MatMul", {"x", "head"}, {"product"});
  builder.node("Add", {"product", "bias"}, {"sum"});
  builder.node("Mul", {"sum", "product"}, {"logits"});
  builder.output("logits");
  EXPECT_EQ(count(builder.import()->graph, "Add"), 1);
}

TEST(OnnxImport, ATiedTableIsOneWeight) {
  ModelBuilder builder;
  builder.embed();
  builder.node("Transpose", {"table"}, {"turned"});
  builder.node("MatMul", {"x", "turned"}, {"logits"});
  builder.output("logits");
  EXPECT_EQ(builder.import()->graph.weights().size(), 1U);
}

TEST(OnnxImport, APastIsEmptyAndItsBranchIsNotTaken) {
  ModelBuilder builder;
  builder.embed();
  builder.input("past_key_values.0.key", {"batch", "2", "past_length", "4"}, proto::TensorProto::FLOAT);
  builder.integers("flat", {4}, {0, -1, 2, 4});
  builder.node("Reshape", {"x", "flat"}, {"heads"});
  auto& turn = builder.node("Transpose", {"heads"}, {"by_head"});
  auto* order = turn.add_attribute();
  order->set_name("perm");
  order->set_type(proto::AttributeProto::INTS);
  for (const int axis : {0, 2, 1, 3}) order->add_ints(axis);
  auto& joined = builder.node("Concat", {"past_key_values.0.key", "by_head"}, {"present.0.key"});
  ModelBuilder::attribute(joined, "axis", std::int64_t{2});
  builder.output("present.0.key");
  auto& back = builder.node("Transpose", {"present.0.key"}, {"rows"});
  *back.add_attribute() = turn.attribute(0);
  builder.integers("wide", {3}, {0, 0, 8});
  builder.node("Reshape", {"rows", "wide"}, {"y"});
  builder.head("y");
  expect_near(run(*builder.import()), run(*plain().import()));
}

TEST(OnnxImport, ShapeChainsDependOnInputsAlone) {
  ModelBuilder builder;
  builder.embed();
  builder.node("Shape", {"x"}, {"shape"});
  builder.integers("last", {}, {2});
  builder.integers("first", {}, {0});
  builder.integers("zero", {1}, {0});
  builder.node("Gather", {"shape", "last"}, {"width"});
  builder.node("Gather", {"shape", "first"}, {"batch"});
  builder.node("Unsqueeze", {"width", "zero"}, {"w"});
  builder.node("Unsqueeze", {"batch", "zero"}, {"b"});
  builder.integers("open", {1}, {-1});
  auto& join = builder.node("Concat", {"b", "open", "w"}, {"wanted"});
  ModelBuilder::attribute(join, "axis", std::int64_t{0});
  builder.node("Reshape", {"x", "wanted"}, {"y"});
  builder.head("y");
  const auto imported = builder.import();
  for (const graph::Node& node : imported->graph.nodes()) {
    if (node.op != "Shape") continue;
    EXPECT_EQ(imported->graph.value(node.inputs[0]).kind, graph::Value::Kind::kInput);
  }
  EXPECT_EQ(count(imported->graph, "Unsqueeze"), 0);
  expect_near(run(*imported), run(*plain().import()));
}

TEST(OnnxImport, FixedLengthsAreKept) {
  ModelBuilder builder;
  builder.input("input_ids", {"1", "6"}, proto::TensorProto::INT32);
  builder.weight("table", {11, 8}, 1);
  builder.node("Gather", {"table", "input_ids"}, {"x"});
  builder.head("x");
  const auto imported = builder.import();
  EXPECT_EQ(imported->description.fixed_length, 6);
  EXPECT_EQ(run(*imported, some_ids(6)).shape(), (Shape{1, 6, 11}));
  expect_error(ErrorCode::kInput, "4 tokens, the model is made for exactly 6", [&] { run(*imported, some_ids(4)); });
}

TEST(OnnxImport, ValuesBesideTheModelAreRead) {
  const test::TempDir folder;
  ModelBuilder builder = plain();
  auto* head = builder.graph().mutable_initializer(1);
  std::ofstream(folder.path() + "/model.onnx_data", std::ios::binary) << std::string(64, 'x') << head->raw_data();
  head->clear_raw_data();
  head->set_data_location(proto::TensorProto::EXTERNAL);
  const auto entry = [&](const std::string& key, const std::string& value) {
    auto* added = head->add_external_data();
    added->set_key(key);
    added->set_value(value);
  };
  entry("location", "model.onnx_data");
  entry("offset", "64");
  entry("length", std::to_string(8 * 11 * 4));
  const std::string path = folder.path() + "/model.onnx";
  builder.save(path);
  const Checkpoint checkpoint = open_checkpoint(path);
  EXPECT_EQ(checkpoint.format, "onnx");
  EXPECT_EQ(checkpoint.tensor_files.size(), 2U);
  expect_near(run(*checkpoint.imported), run(*plain().import()));
  head->mutable_external_data(1)->set_value("65");
  builder.save(path);
  expect_error(ErrorCode::kInput, "tensor 'head': external data: found 352 bytes at offset 65",
               [&] { open_checkpoint(path); });
}

TEST(OnnxImport, MalformedGraphsAreRefused) {
  ModelBuilder cycle;
  cycle.embed();
  cycle.node("Add", {"x", "b"}, {"a"});
  cycle.node("Neg", {"a"}, {"b"});
  cycle.head("b");
  expect_refusal(cycle, "node 'make_a' (Add): reads 'b' before it is made");

  ModelBuilder missing;
  missing.embed();
  missing.node("Add", {"x", "nowhere"}, {"y"});
  missing.head("y");
  expect_refusal(missing, "node 'make_y' (Add): reads 'nowhere', which nothing makes");

  ModelBuilder twice = plain();
  twice.node("Neg", {"x"}, {"logits"});
  expect_refusal(twice, "node 'make_logits': makes 'logits' a second time");

  ModelBuilder tensor_twice = plain();
  tensor_twice.weight("head", {8, 11}, 2);
  expect_refusal(tensor_twice, "tensor 'head': makes 'head' a second time");

  ModelBuilder unknown;
  unknown.embed();
  unknown.node("FluxCapacitor", {"x"}, {"y"}, "com.example");
  unknown.head("y");
  expect_refusal(unknown, "node 'make_y': operator 'FluxCapacitor' of domain 'com.example' is not implemented");

  for (const auto& [name, message] : std::map<std::string, std::string>{
           {"pixel_values", "takes images or sound; kerf evaluates models of text"},
           {"encoder_hidden_states", "takes the states of an encoder, which is another file"},
           {"inputs_embeds", "takes rows of an embedding in place of tokens"},
           {"temperature", "is none that kerf can fill: input_ids, "}}) {
    ModelBuilder unbound = plain();
    unbound.input(name, {"1", "3", "224"}, proto::TensorProto::FLOAT);
    expect_refusal(unbound, "node '" + name + "' (input): " + message);
  }

  ModelBuilder outputs = plain();
  outputs.graph().mutable_output(0)->set_name("x");
  outputs.output("logits");
  outputs.graph().mutable_output(1)->set_name("nothing");
  expect_refusal(outputs, "output 'nothing': is made by no node");

  ModelBuilder sparse = plain();
  sparse.graph().add_sparse_initializer()->mutable_values()->set_name("s");
  expect_refusal(sparse, "tensor 's': is sparse");

  ModelBuilder old(9);
  old.embed();
  old.head("x");
  expect_refusal(old, "opset_import: found opset 9, expected 13 to 23");

  ModelBuilder version = plain();
  version.model.set_ir_version(99);
  expect_refusal(version, "ir_version: found 99, expected 3 to 11");
}

TEST(OnnxImport, WrongSizesAreRefusedBeforeMemoryIsTaken) {
  const auto with_dims = [](const std::vector<std::int64_t>& dims) {
    ModelBuilder builder = plain();
    auto* head = builder.graph().mutable_initializer(1);
    head->clear_dims();
    for (const std::int64_t dim : dims) head->add_dims(dim);
    return builder;
  };
  expect_refusal(with_dims({8, 12}), "tensor 'head': found 352 bytes of values, expected 384");
  expect_refusal(with_dims({-8, 11}), "tensor 'head': found the shape [-8, 11]");
  expect_refusal(with_dims({std::int64_t{1} << 40, std::int64_t{1} << 40}), "tensor 'head': found the shape");
  expect_refusal(with_dims({std::int64_t{1} << 61}), "whose bytes overflow");
  // A constant that asks for a tensor beyond any memory.
  ModelBuilder huge;
  huge.embed();
  huge.integers("shape", {2}, {std::int64_t{1} << 31, std::int64_t{1} << 31});
  huge.node("ConstantOfShape", {"shape"}, {"zeros"});
  huge.node("Add", {"x", "zeros"}, {"y"});
  huge.head("y");
  expect_refusal(huge, "is too large");
}

}  // namespace
}  // namespace kerf::formats::onnx
