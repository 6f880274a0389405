#include "formats/onnx/patch/fixed_dims.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::onnx {
namespace {

proto::GraphProto graph_of(const std::vector<std::string>& ids, const std::vector<std::string>& mask) {
  ModelBuilder builder;
  builder.input("input_ids", ids);
  builder.input("attention_mask", mask);
  builder.output("logits");
  ModelBuilder::set_type(*builder.graph().mutable_output(0), proto::TensorProto::FLOAT, {"B", "N", "11"});
  return builder.graph();
}

std::string dims_of(const proto::ValueInfoProto& value) {
  std::string text;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    text += (dim.has_dim_value() ? std::to_string(dim.dim_value()) : dim.dim_param()) + " ";
  }
  return text;
}

TEST(OnnxFixedDims, AListIsRead) {
  EXPECT_EQ(parse_dims("batch=1,length=128"), (FixedDims{{"batch", 1}, {"length", 128}}));
  for (const char* wrong :
       {"", "batch", "=3", "batch=", "batch=0", "batch=-1", "batch=1x", "batch=99999999999999999999"}) {
    test::expect_error(ErrorCode::kUsage, "expected NAME=EXTENT", [&] { parse_dims(wrong); });
  }
  test::expect_error(ErrorCode::kUsage, "'batch' is given twice", [] { parse_dims("batch=1,batch=2"); });
}

TEST(OnnxFixedDims, MeaningsStandForTheSymbolsOfTheFile) {
  proto::GraphProto graph = graph_of({"B", "N"}, {"B", "N"});
  EXPECT_TRUE(fix_dims({{"batch", 1}, {"length", 12}}, graph));
  EXPECT_EQ(dims_of(graph.input(0)), "1 12 ");
  EXPECT_EQ(dims_of(graph.input(1)), "1 12 ");
  EXPECT_EQ(dims_of(graph.output(0)), "1 12 11 ");
  EXPECT_FALSE(fix_dims({{"batch", 1}}, graph)) << "it is so already";
}

TEST(OnnxFixedDims, OneSymbolByItsName) {
  proto::GraphProto graph = graph_of({"B", "N"}, {"B", "M"});
  EXPECT_TRUE(fix_dims({{"M", 5}}, graph));
  EXPECT_EQ(dims_of(graph.input(0)), "B N ");
  EXPECT_EQ(dims_of(graph.input(1)), "B 5 ");
}

/// Where inputs have several symbols for one meaning, and where an axis has none.
TEST(OnnxFixedDims, AxesWithoutASymbolToo) {
  proto::GraphProto graph = graph_of({"A", "N"}, {"B", "M"});
  graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->clear_dim_param();
  EXPECT_TRUE(fix_dims({{"batch", 3}, {"length", 7}}, graph));
  EXPECT_EQ(dims_of(graph.input(0)), "3 7 ");
  EXPECT_EQ(dims_of(graph.input(1)), "3 7 ");
}

TEST(OnnxFixedDims, WhatIsNotThereOrFixedOtherwiseIsRefused) {
  proto::GraphProto graph = graph_of({"B", "16"}, {"B", "16"});
  test::expect_error(ErrorCode::kUsage, "--shape: length=12, but input 'input_ids' has 16 there", [&] {
    fix_dims({{"length", 12}}, graph);
  });
  test::expect_error(ErrorCode::kUsage, "--shape: no input has an axis 'heads'", [&] {
    fix_dims({{"heads", 2}}, graph);
  });
  EXPECT_FALSE(fix_dims({{"length", 16}}, graph));
}

}  // namespace
}  // namespace kerf::formats::onnx
