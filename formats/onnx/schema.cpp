#include "formats/onnx/schema.h"

#include <fmt/format.h>

namespace kerf::formats::onnx {

std::string data_type_name(std::int32_t data_type) {
  if (!proto::TensorProto::DataType_IsValid(data_type)) return fmt::format("dtype {}", data_type);
  return proto::TensorProto::DataType_Name(static_cast<proto::TensorProto::DataType>(data_type));
}

}  // namespace kerf::formats::onnx
