#include "formats/onnx/patch/model_patch.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/quantized_tensor.h"
#include "core/file.h"
#include "formats/onnx/patch/encode_job.h"
#include "formats/onnx/patch/file_index.h"
#include "formats/onnx/patch/file_parts.h"
#include "formats/onnx/patch/fixed_dims.h"
#include "formats/onnx/patch/inline_function.h"
#include "formats/onnx/patch/node_tree.h"
#include "formats/onnx/patch/operands.h"
#include "formats/onnx/patch/raise_opset.h"
#include "formats/onnx/patch/read_message.h"
#include "formats/onnx/planned_tensor.h"
#include "formats/onnx/quantized/rounded_input.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::onnx {
namespace {

/// Ids, a table of 16 columns, a product with "w", logits; and what must stay: metadata, a function, unknown fields.
/// A model to patch: everything that a patch is made of (the file's index, its nodes, functions, opset and extents)
/// is seen through what is written.
struct Case {
  test::TempDir folder;
  ModelBuilder builder{17};
  std::string path = folder.path() + "/model.onnx", output = folder.path() + "/out.onnx";
  std::shared_ptr<const ImportedOnnx> imported;
  std::map<std::string, codec::QuantizedTensor> codes;

  Case() {
    builder.input("input_ids", {"batch", "length"});
    builder.weight("table", {11, 16}, 1);
    builder.weight("w", {16, 16}, 2);
    builder.weight("head", {16, 11}, 3);
    builder.node("Gather", {"table", "input_ids"}, {"x"});
    auto& product = builder.node("MatMul", {"x", "w"}, {"y"});
    product.set_name("/model/layers.0/mlp/up_proj/MatMul");
    product.set_doc_string("where it comes from");
    builder.node("Relu", {"y"}, {"z"}).set_doc_string("untouched");
    builder.node("MatMul", {"z", "head"}, {"logits"}).set_name("/lm_head/MatMul");
    builder.output("logits");
    builder.model.set_producer_name("a tool");
    auto* entry = builder.model.add_metadata_props();
    entry->set_key("author");
    entry->set_value("someone");
    auto* function = builder.model.add_functions();
    function->set_name("Unused");
    function->set_domain("local");
  }

  std::vector<PatchTensor> tensors(const std::string& scheme) {
    builder.save(path);
    imported = import_model(make_byte_source(InputFile::open(path)), Json());
    std::vector<PatchTensor> result;
    for (const graph::ValueId id : imported->graph.weights()) {
      const graph::Weight& weight = imported->graph.value(id).weight;
      const bool chosen = weight.name == "w";
      result.push_back({.name = weight.name,
                        .value = id,
                        .shape = weight.source->shape(),
                        .scheme = codec::parse_scheme(chosen ? scheme : "none")});
    }
    return result;
  }

  /// Codes of all zeros but one, so that values are known.
  void write(const ModelPatch& patch, const std::vector<PatchTensor>& tensors) const {
    OutputFile file(output);
    patch.write(file, nullptr, [&](std::size_t i) {
      codec::QuantizedTensor tensor =
          codec::make_quantized(tensors[i].scheme, tensors[i].shape[0], tensors[i].shape[1]);
      std::fill(tensor.scales.begin(), tensor.scales.end(), 0.5F);
      tensor.codes[1] = 15;
      return PatchValues{std::make_shared<Codes>(std::move(tensor)), true, nullptr};
    });
    EXPECT_EQ(file.size(), patch.bytes());
    file.commit();
  }

  class Codes : public graph::TensorSource {
   public:
    explicit Codes(codec::QuantizedTensor tensor)
        : TensorSource(DType::kF32, {tensor.rows, tensor.cols}, "codes"), tensor_(std::move(tensor)) {}
    void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
      codec::dequantize_rows(tensor_, first, count, out);
    }
    std::optional<codec::QuantizedTensor> read_quantized() const override { return tensor_; }

   private:
    codec::QuantizedTensor tensor_;
  };

  proto::ModelProto written() const {
    proto::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(read_file(output, std::uint64_t{1} << 20)));
    return model;
  }
};

PatchOptions options_of(std::string_view kind) {
  PatchOptions options;
  options.kind = &find_kind(kind);
  options.data_name = "out.onnx.data";
  return options;
}

TEST(ModelPatch, OnlyWhatASiteTouchesChanges) {
  Case test;
  const auto tensors = test.tensors("int4-g16");
  const ModelPatch patch(*test.imported, tensors, options_of("matmulnbits"));
  test.write(patch, tensors);
  proto::ModelProto found = test.written(), expected = test.builder.model;
  ASSERT_EQ(found.graph().node(1).op_type(), "MatMulNBits");
  EXPECT_EQ(found.graph().node(1).name(), expected.graph().node(1).name());
  EXPECT_EQ(found.graph().node(1).doc_string(), expected.graph().node(1).doc_string());
  EXPECT_EQ(found.opset_import(1).domain(), "com.microsoft");
  // With these taken back it is the same message.
  *found.mutable_graph()->mutable_node(1) = expected.graph().node(1);
  auto* initializers = found.mutable_graph()->mutable_initializer();
  ASSERT_EQ(initializers->size(), 4);
  EXPECT_EQ(initializers->Get(2).name(), "w_Q4");
  EXPECT_EQ(initializers->Get(3).name(), "w_scales");
  initializers->DeleteSubrange(2, 2);
  expected.mutable_graph()->mutable_initializer()->DeleteSubrange(1, 1);
  found.mutable_opset_import()->RemoveLast();
  EXPECT_EQ(found.SerializeAsString(), expected.SerializeAsString());
}

TEST(ModelPatch, ADequantizedMatrixKeepsItsNameAndReaders) {
  Case test;
  const auto tensors = test.tensors("int8");
  test.write(ModelPatch(*test.imported, tensors, options_of("qdq")), tensors);
  const proto::ModelProto found = test.written();
  EXPECT_EQ(found.graph().node(0).op_type(), "DequantizeLinear");
  EXPECT_EQ(found.graph().node(0).output(0), "w");
  EXPECT_EQ(found.graph().node(2).SerializeAsString(), test.builder.model.graph().node(1).SerializeAsString());
  EXPECT_EQ(found.opset_import(0).version(), 17) << "per-channel INT8 needs no more";
}

TEST(ModelPatch, OpsetsAreRaisedWithTheNodesThatChange) {
  Case test;
  auto& mean = test.builder.node("ReduceMean", {"x"}, {"mean"});
  auto* axes = mean.add_attribute();
  axes->set_name("axes");
  axes->set_type(proto::AttributeProto::INTS);
  axes->add_ints(-1);
  auto* nodes = test.builder.graph().mutable_node();
  for (int i = nodes->size() - 1; i > 1; --i) nodes->SwapElements(i, i - 1);
  nodes->Mutable(3)->set_input(0, "sum");
  test.builder.node("Add", {"y", "mean"}, {"sum"});
  for (int i = nodes->size() - 1; i > 3; --i) nodes->SwapElements(i, i - 1);
  const auto tensors = test.tensors("int4-g16");
  ASSERT_TRUE(test.imported->graph.nodes().size() >= 5U);
  test.write(ModelPatch(*test.imported, tensors, options_of("qdq")), tensors);
  const proto::ModelProto found = test.written();
  EXPECT_EQ(found.opset_import(0).version(), 21);
  EXPECT_EQ(found.ir_version(), 10);
  const auto is_mean = [](const proto::NodeProto& node) { return node.op_type() == "ReduceMean"; };
  const auto raised = std::find_if(found.graph().node().begin(), found.graph().node().end(), is_mean);
  ASSERT_NE(raised, found.graph().node().end());
  EXPECT_EQ(raised->input_size(), 2);
  EXPECT_EQ(raised->attribute_size(), 0);
}

TEST(ModelPatch, SymbolsBecomeExtents) {
  Case test;
  const auto tensors = test.tensors("int8");
  PatchOptions options = options_of("qdq");
  options.dims = parse_dims("batch=1,length=5");
  test.write(ModelPatch(*test.imported, tensors, options), tensors);
  const auto written = test.written();
  const auto& shape = written.graph().input(0).type().tensor_type().shape();
  EXPECT_EQ(shape.dim(0).dim_value(), 1);
  EXPECT_EQ(shape.dim(1).dim_value(), 5);
  options.dims = parse_dims("heads=4");
  test::expect_error(ErrorCode::kUsage, "no input has an axis 'heads'",
                     [&] { ModelPatch(*test.imported, tensors, options); });
  for (const char* bad : {"length", "length=", "length=0", "length=-1", "=3", "length=4,length=5", "length=1x"}) {
    test::expect_error(ErrorCode::kUsage, "--shape", [&] { parse_dims(bad); });
  }
}

TEST(ModelPatch, WhatAKindCannotHoldIsRefusedByName) {
  Case test;
  const auto tensors = test.tensors("int4-g16-min");
  test::expect_error(ErrorCode::kUsage, "onnx cannot hold 'w' as int4-g16-min",
                     [&] { ModelPatch(*test.imported, tensors, options_of("matmulnbits")); });
}

}  // namespace
}  // namespace kerf::formats::onnx
