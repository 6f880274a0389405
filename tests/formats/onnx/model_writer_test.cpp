#include "formats/onnx/model_writer.h"

#include <fstream>
#include <numeric>
#include <sstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::onnx {
namespace {

proto::ModelProto two_tensors(std::uint64_t first, std::uint64_t second) {
  proto::ModelProto model;
  model.set_ir_version(10);
  model.mutable_graph()->set_name("graph");
  for (const std::uint64_t bytes : {first, second}) {
    auto* tensor = model.mutable_graph()->add_initializer();
    tensor->set_name("t" + std::to_string(bytes));
    tensor->set_data_type(proto::TensorProto::UINT8);
    tensor->add_dims(static_cast<std::int64_t>(bytes));
    tensor->mutable_place()->set_bytes(bytes);
  }
  auto* small = model.mutable_graph()->add_initializer();
  small->set_name("small");
  small->set_raw_data("abc");
  return model;
}

/// Bytes 0, 1, 2, ... in pieces.
void count_up(const proto::TensorProto& tensor, const ByteSink& sink) {
  std::vector<std::byte> bytes(tensor.place().bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  const std::size_t half = bytes.size() / 2;
  sink(std::span(bytes).first(half));
  sink(std::span(bytes).subspan(half));
}

std::string counted(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i);
  return bytes;
}

proto::ModelProto parsed(const std::string& path) {
  proto::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(read_file(path, 1 << 24)));
  return model;
}

TEST(ModelWriter, OneFileIsTheMessageWithItsValues) {
  const test::TempDir folder;
  const ModelWriter writer(two_tensors(5000, 300), {.name = "model.onnx.data"});
  EXPECT_FALSE(writer.has_data_file());
  EXPECT_EQ(writer.streamed_bytes(), 5300U);
  OutputFile file(folder / "model.onnx");
  writer.write(file, nullptr, count_up);
  file.commit();
  EXPECT_EQ(InputFile::open(folder / "model.onnx")->size(), writer.model_bytes());
  const proto::ModelProto model = parsed(folder / "model.onnx");
  ASSERT_EQ(model.graph().initializer_size(), 3);
  EXPECT_EQ(model.graph().initializer(0).raw_data(), counted(5000));
  EXPECT_EQ(model.graph().initializer(1).raw_data(), counted(300));
  EXPECT_FALSE(model.graph().initializer(0).has_place());
  EXPECT_EQ(model.graph().initializer(2).raw_data(), "abc");
}

TEST(ModelWriter, LargeTensorsLieAtPagesOfTheirOwnFile) {
  const test::TempDir folder;
  const ModelWriter writer(two_tensors(5000, 100000), {.name = "model.onnx.data", .always = true});
  ASSERT_TRUE(writer.has_data_file());
  OutputFile file(folder / "model.onnx"), data(folder / "model.onnx.data");
  writer.write(file, &data, count_up);
  file.commit();
  data.commit();
  EXPECT_EQ(InputFile::open(folder / "model.onnx")->size(), writer.model_bytes());
  EXPECT_EQ(InputFile::open(folder / "model.onnx.data")->size(), writer.data_bytes());
  const proto::ModelProto model = parsed(folder / "model.onnx");
  const auto& second = model.graph().initializer(1);
  EXPECT_EQ(second.data_location(), proto::TensorProto::EXTERNAL);
  EXPECT_EQ(second.external_data(0).value(), "model.onnx.data");
  EXPECT_EQ(second.external_data(1).value(), "8192");
  EXPECT_EQ(second.external_data(2).value(), "100000");
  EXPECT_EQ(read_file(folder / "model.onnx.data", 1 << 24).substr(8192), counted(100000));
}

/// Sizes alone: nothing of three gigabytes is made.
TEST(ModelWriter, BeyondTwoGigabytesThereIsADataFile) {
  const ModelWriter writer(two_tensors(std::uint64_t{3} << 30, 10), {.name = "model.onnx.data"});
  EXPECT_TRUE(writer.has_data_file());
  EXPECT_LT(writer.model_bytes(), 1000U);
  EXPECT_EQ(writer.data_bytes(), std::uint64_t{3} << 30);
}

TEST(ModelWriter, OtherNumbersOfBytesThanPlannedAreRefused) {
  const test::TempDir folder;
  const ModelWriter writer(two_tensors(100, 200), {});
  OutputFile file(folder / "model.onnx");
  test::expect_error(ErrorCode::kUsage, "100 bytes were planned, 0 came",
                     [&] { writer.write(file, nullptr, [](const proto::TensorProto&, const ByteSink&) {}); });
}

}  // namespace
}  // namespace kerf::formats::onnx
