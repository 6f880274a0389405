#include "formats/onnx/skeleton.h"

#include <string>

#include <gtest/gtest.h>

#include "formats/onnx/model_file.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::onnx {
namespace {

ModelBuilder with_weight(const Shape& shape) {
  ModelBuilder builder;
  builder.weight("w", shape, 1);
  return builder;
}

TEST(OnnxSkeleton, LargeValuesStayInTheFile) {
  const ModelBuilder builder = with_weight({100, 100});
  const auto source = ModelBuilder::source_of(builder.bytes());
  EXPECT_LT(read_skeleton(*source).size(), 200U);
  const ModelFile file = open_model_file(source);
  const proto::TensorProto& tensor = file.model.graph().initializer(0);
  ASSERT_TRUE(tensor.has_place());
  EXPECT_EQ(tensor.place().bytes(), 40'000U);
  const std::string& values = builder.model.graph().initializer(0).raw_data();
  EXPECT_EQ(builder.bytes().substr(tensor.place().offset(), 40'000), values);
}

TEST(OnnxSkeleton, SmallValuesAndEverythingElseAreThere) {
  const ModelBuilder builder = with_weight({3});
  const ModelFile file = open_model_file(ModelBuilder::source_of(builder.bytes()));
  EXPECT_EQ(file.model.SerializeAsString(), builder.bytes());
}

/// A place is the reader's own: one in a file is not believed.
TEST(OnnxSkeleton, PlacesInTheFileAreIgnored) {
  ModelBuilder builder = with_weight({3});
  builder.graph().mutable_initializer(0)->mutable_place()->set_offset(1 << 30);
  const ModelFile file = open_model_file(ModelBuilder::source_of(builder.bytes()));
  EXPECT_FALSE(file.model.graph().initializer(0).has_place());
}

TEST(OnnxSkeleton, AFileCutAnywhereIsRefusedOrShorter) {
  ModelBuilder builder;
  builder.embed();
  builder.head("x");
  const std::string bytes = builder.bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    try {
      import_model(ModelBuilder::source_of(bytes.substr(0, length)), Json());
      ADD_FAILURE() << "accepted at " << length;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInput) << error.what();
    }
  }
}

TEST(OnnxSkeleton, BytesThatAreNoModelAreRefused) {
  const auto refuse = [](const std::string& bytes, const std::string& message) {
    test::expect_error(ErrorCode::kInput, message, [&] { open_model_file(ModelBuilder::source_of(bytes)); });
  };
  refuse("", "is not an ONNX model");
  refuse("\x08\x08", "it has no graph or no version");
  refuse(std::string("\x00\x01", 2), "a field without a number");
  refuse("\x0b", "found wire type 3");
  refuse("\x3a\x7f", "found a field of 127 bytes where 0 are left");
  refuse("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "more than ten bytes");
}

/// Subgraphs in attributes of nodes of subgraphs.
TEST(OnnxSkeleton, DepthIsLimited) {
  ModelBuilder builder;
  proto::GraphProto* graph = &builder.graph();
  for (int depth = 0; depth < 33; ++depth) graph = graph->add_node()->add_attribute()->mutable_g();
  graph->set_name("deepest");
  test::expect_error(ErrorCode::kInput, "subgraphs nested deeper than 32",
                     [&] { open_model_file(ModelBuilder::source_of(builder.bytes())); });
}

/// Two bytes a node in the file, far more in memory.
TEST(OnnxSkeleton, CountsAreLimited) {
  std::string nodes;
  for (int i = 0; i < (1 << 20) + 2; ++i) nodes.append("\x0a\x00", 2);
  std::string bytes = "\x08\x08\x3a";
  for (std::size_t length = nodes.size(); length > 0; length >>= 7) {
    bytes.push_back(static_cast<char>((length & 0x7f) | (length >= 128 ? 0x80 : 0)));
  }
  test::expect_error(ErrorCode::kInput, "more than 1048576 messages",
                     [&] { open_model_file(ModelBuilder::source_of(bytes + nodes)); });
}

}  // namespace
}  // namespace kerf::formats::onnx
