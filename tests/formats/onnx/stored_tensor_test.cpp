#include "formats/onnx/stored_tensor.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "formats/onnx/constant.h"
#include "formats/onnx/dtypes.h"
#include "formats/onnx/external_files.h"
#include "formats/onnx/schema.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::onnx {
namespace {

using Type = proto::TensorProto;

StoredTensor stored(const proto::TensorProto& tensor) {
  ExternalFiles none("model.onnx");
  return StoredTensor(tensor, ModelBuilder::source_of(""), none, "t");
}

proto::TensorProto tensor_of(std::int32_t type, std::int64_t count) {
  proto::TensorProto tensor;
  tensor.set_data_type(type);
  tensor.add_dims(count);
  return tensor;
}

std::vector<double> values_of(const Tensor& tensor) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    switch (tensor.dtype()) {
      case DType::kF32:
        values.push_back(static_cast<double>(tensor.data<float>()[i]));
        break;
      case DType::kI64:
        values.push_back(static_cast<double>(tensor.data<std::int64_t>()[i]));
        break;
      case DType::kI32:
        values.push_back(tensor.data<std::int32_t>()[i]);
        break;
      case DType::kI8:
        values.push_back(tensor.data<std::int8_t>()[i]);
        break;
      default:
        values.push_back(std::to_integer<int>(tensor.raw()[i]));
        break;
    }
  }
  return values;
}

TEST(OnnxTensor, TypedFieldsOfEveryDType) {
  using Values = std::vector<double>;
  const auto integers = [](std::int32_t type, std::vector<std::int32_t> numbers) {
    auto tensor = tensor_of(type, std::ssize(numbers));
    for (const std::int32_t number : numbers) tensor.add_int32_data(number);
    return values_of(stored(tensor).read());
  };
  EXPECT_EQ(integers(Type::INT32, {-5, 7}), (Values{-5, 7}));
  EXPECT_EQ(integers(Type::INT16, {-5, 7}), (Values{-5, 7}));
  EXPECT_EQ(integers(Type::INT8, {-5, 7}), (Values{-5, 7}));
  EXPECT_EQ(integers(Type::UINT8, {250, 7}), (Values{250, 7}));
  EXPECT_EQ(integers(Type::UINT16, {65000, 7}), (Values{65000, 7}));
  EXPECT_EQ(integers(Type::BOOL, {1, 0}), (Values{1, 0}));
  EXPECT_EQ(integers(Type::FLOAT16, {0x3c00, 0xc100}), (Values{1, -2.5}));
  EXPECT_EQ(integers(Type::BFLOAT16, {0x3f80, 0xc020}), (Values{1, -2.5}));
  auto floats = tensor_of(Type::FLOAT, 2);
  floats.add_float_data(1.5F);
  floats.add_float_data(-INFINITY);
  EXPECT_EQ(values_of(stored(floats).read()), (Values{1.5, -INFINITY}));
  auto doubles = tensor_of(Type::DOUBLE, 1);
  doubles.add_double_data(0.1);
  EXPECT_EQ(values_of(stored(doubles).read()), (Values{static_cast<double>(0.1F)}));
  auto wide = tensor_of(Type::INT64, 1);
  wide.add_int64_data(-(std::int64_t{1} << 40));
  EXPECT_EQ(values_of(stored(wide).read()), (Values{-std::ldexp(1, 40)}));
  auto unsigned32 = tensor_of(Type::UINT32, 1);
  unsigned32.add_uint64_data(4'000'000'000U);
  EXPECT_EQ(values_of(stored(unsigned32).read()), (Values{4e9}));
}

TEST(OnnxTensor, FourBitsTwoAByteLowHalfFirst) {
  auto tensor = tensor_of(Type::INT4, 3);
  tensor.set_raw_data(std::string("\xf8\x07", 2));
  EXPECT_EQ(values_of(stored(tensor).read()), (std::vector<double>{-8, -1, 7}));
  tensor.set_data_type(Type::UINT4);
  EXPECT_EQ(values_of(stored(tensor).read()), (std::vector<double>{8, 15, 7}));
  EXPECT_EQ(stored(tensor).dtype(), DType::kU8);
}

TEST(OnnxTensor, SourcesAreReadByRowsAndFinite) {
  auto tensor = tensor_of(Type::FLOAT, 2);
  tensor.add_dims(2);
  for (const float value : {1.0F, 2.0F, 3.0F, 4.0F}) tensor.add_float_data(value);
  float row[2] = {};
  stored(tensor).source()->read_rows(1, 1, row);
  EXPECT_EQ(row[0], 3.0F);
  EXPECT_EQ(row[1], 4.0F);
  tensor.set_float_data(3, NAN);
  test::expect_error(ErrorCode::kInput, "tensor 't': value at [1, 1] is NaN",
                     [&] { stored(tensor).source()->read_rows(0, 2, std::vector<float>(4).data()); });
}

TEST(OnnxTensor, ViewsOfConstantsAreReadLate) {
  auto tensor = tensor_of(Type::FLOAT, 2);
  tensor.add_dims(3);
  for (int i = 0; i < 6; ++i) tensor.add_float_data(static_cast<float>(i));
  const Constant constant(stored(tensor), "w");
  const Constant turned = transposed(constant);
  EXPECT_EQ(turned.shape(), (Shape{3, 2}));
  EXPECT_FALSE(turned.in_memory());
  EXPECT_EQ(values_of(turned.values()), (std::vector<double>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(transposed(turned).source(), constant.source());
  const Constant flat = reshaped(constant, {6});
  float part[2] = {};
  flat.source()->read_rows(2, 2, part);
  EXPECT_EQ(part[0], 2.0F);
  EXPECT_EQ(part[1], 3.0F);
  EXPECT_EQ(flat.initializers(), std::vector<std::string>{"w"});
}

TEST(OnnxTensor, WhatDoesNotFitIsRefused) {
  const auto refuse = [](const proto::TensorProto& tensor, const std::string& message) {
    test::expect_error(ErrorCode::kInput, "model.onnx: tensor 't': " + message, [&] { stored(tensor); });
  };
  refuse(tensor_of(Type::FLOAT, 2), "found 0 bytes of values, expected 8 for FLOAT of shape [2]");
  refuse(tensor_of(Type::STRING, 2), "found values of type STRING");
  refuse(tensor_of(Type::COMPLEX64, 2), "found values of type COMPLEX64");
  refuse(tensor_of(99, 2), "found values of type dtype 99");
  refuse(tensor_of(Type::FLOAT, -1), "found the shape [-1]");
  auto deep = tensor_of(Type::FLOAT, 1);
  for (int i = 0; i < 9; ++i) deep.add_dims(1);
  refuse(deep, "found the shape");
}

proto::TensorProto external(const std::string& location) {
  auto tensor = tensor_of(Type::FLOAT, 1);
  tensor.set_data_location(Type::EXTERNAL);
  auto* entry = tensor.add_external_data();
  entry->set_key("location");
  entry->set_value(location);
  return tensor;
}

TEST(OnnxExternalFiles, StayInTheFolder) {
  const test::TempDir folder;
  folder.write("model/model.onnx", "");
  folder.write("model/data", "abcd");
  folder.write("secret", "abcd");
  std::filesystem::create_symlink(folder / "secret", folder / "model/link");
  std::filesystem::create_symlink("data", folder / "model/near");
  ExternalFiles files(folder / "model/model.onnx");
  const auto open = [&](const std::string& location) {
    return StoredTensor(external(location), ModelBuilder::source_of(""), files, "t").read();
  };
  EXPECT_EQ(open("data").size(), 1);
  EXPECT_EQ(open("near").size(), 1);
  EXPECT_EQ(files.files().size(), 2U);
  for (const std::string& location : {std::string("../secret"), folder / "secret", std::string("link")}) {
    test::expect_error(ErrorCode::kInput, "tensor 't'", [&] { open(location); });
  }
  test::expect_error(ErrorCode::kInput, "its values are in 'nothing', which is not beside the model",
                     [&] { open("nothing"); });
}

/// The Hub's cache: names that are links to files in one folder elsewhere.
TEST(OnnxExternalFiles, FollowLinksToWhereTheModelItselfIs) {
  const test::TempDir folder;
  folder.write("blobs/1", "");
  folder.write("blobs/2", "abcd");
  std::filesystem::create_directories(folder / "snapshot");
  std::filesystem::create_symlink("../blobs/1", folder / "snapshot/model.onnx");
  std::filesystem::create_symlink("../blobs/2", folder / "snapshot/model.onnx_data");
  ExternalFiles files(folder / "snapshot/model.onnx");
  EXPECT_EQ(files.open("model.onnx_data", "tensor 't'")->size, 4U);
}

TEST(OnnxDTypes, NumbersThereAndBack) {
  for (const DType dtype : {DType::kF32, DType::kI64, DType::kI32, DType::kI8, DType::kU8, DType::kBool}) {
    EXPECT_EQ(computing_dtype(static_cast<std::int32_t>(data_type_of(dtype))), dtype);
  }
  EXPECT_EQ(computing_dtype(Type::STRING), std::nullopt);
  EXPECT_EQ(data_type_name(Type::INT4), "INT4");
  EXPECT_EQ(data_type_name(-1), "dtype -1");
  EXPECT_EQ(canonical_domain("ai.onnx"), "");
}

}  // namespace
}  // namespace kerf::formats::onnx
