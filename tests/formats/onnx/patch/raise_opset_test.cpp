#include "formats/onnx/patch/raise_opset.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "formats/onnx/node_builder.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

TEST(OnnxRaiseOpset, AxesOfReductionsBecomeAnInput) {
  const auto node =
      NodeBuilder("ReduceMean").reads({"x"}).makes({"y"}).with("axes", Ints{-1}).with("keepdims", 0).build();
  EXPECT_TRUE(changes_meaning(node, 13, 21));
  EXPECT_FALSE(changes_meaning(node, 13, 17));
  EXPECT_FALSE(changes_meaning(node, 18, 21));
  const auto made = raised(node, 13, 21);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].op_type(), "Constant");
  EXPECT_EQ(made[0].attribute(0).ints(0), -1);
  ASSERT_EQ(made[1].input_size(), 2);
  EXPECT_EQ(made[1].input(1), made[0].output(0));
  ASSERT_EQ(made[1].attribute_size(), 1);
  EXPECT_EQ(made[1].attribute(0).name(), "keepdims");
}

TEST(OnnxRaiseOpset, EqualPartsOfASplitAreCounted) {
  const auto node = NodeBuilder("Split").reads({"x"}).makes({"a", "b", "c"}).build();
  const auto made = raised(node, 13, 21);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].attribute(0).name(), "num_outputs");
  EXPECT_EQ(made[0].attribute(0).i(), 3);
  EXPECT_FALSE(changes_meaning(NodeBuilder("Split").reads({"x", "sizes"}).makes({"a", "b"}).build(), 13, 21));
}

TEST(OnnxRaiseOpset, SubgraphsAreRaisedToo) {
  proto::NodeProto node = NodeBuilder("If").reads({"c"}).makes({"y"}).build();
  auto* branch = node.add_attribute();
  branch->set_name("then_branch");
  *branch->mutable_g()->add_node() = NodeBuilder("ReduceMax").reads({"x"}).makes({"m"}).with("axes", Ints{0}).build();
  EXPECT_TRUE(changes_meaning(node, 17, 21));
  const auto made = raised(node, 17, 21);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].attribute(0).g().node_size(), 2);
}

TEST(OnnxRaiseOpset, WhatHasNoCounterpartIsRefusedByName) {
  const auto node = NodeBuilder("GroupNormalization").named("n").reads({"x", "s", "b"}).makes({"y"}).build();
  EXPECT_THROW(raised(node, 18, 21), Error);
  EXPECT_FALSE(changes_meaning(NodeBuilder("GroupNormalization", "other").reads({"x"}).makes({"y"}).build(), 18, 21));
}

TEST(OnnxRaiseOpset, FormatsFollowOpsets) {
  EXPECT_EQ(ir_version_of(13), 7);
  EXPECT_EQ(ir_version_of(21), 10);
  EXPECT_EQ(ir_version_of(23), 11);
}

}  // namespace
}  // namespace kerf::formats::onnx
