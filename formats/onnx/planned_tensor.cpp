#include "formats/onnx/planned_tensor.h"

#include <cstring>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/stored_tensor.h"

namespace kerf::formats::onnx {
namespace {

DType dtype_of(std::int32_t data_type) {
  switch (data_type) {
    case proto::TensorProto::FLOAT16:
      return DType::kF16;
    case proto::TensorProto::BFLOAT16:
      return DType::kBF16;
    default:
      return DType::kF32;
  }
}

}  // namespace

std::uint64_t PlannedTensor::bytes() const {
  const auto bits = static_cast<std::uint64_t>(numel(shape)) * static_cast<std::uint64_t>(stored_bits(data_type));
  return div_up<std::uint64_t>(bits, 8);
}

std::vector<std::byte> exact_floats(const PlannedTensor& tensor, const std::vector<float>& values) {
  const DType dtype = dtype_of(tensor.data_type);
  for (const float value : values) {
    if (codec::round_to(dtype, value) == value) continue;
    throw_input(tensor.name, "", fmt::format("the value {} is not exact in {}", value, dtype_name(dtype)));
  }
  std::vector<std::byte> bytes(values.size() * dtype_bytes(dtype));
  codec::encode_floats(dtype, values, bytes);
  return bytes;
}

std::vector<std::byte> packed_nibbles(const std::vector<std::uint8_t>& codes) {
  std::vector<std::byte> bytes(div_up<std::size_t>(codes.size(), 2));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    bytes[i / 2] |= static_cast<std::byte>((codes[i] & 15) << (i % 2 == 0 ? 0 : 4));
  }
  return bytes;
}

std::int32_t float_type(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return proto::TensorProto::FLOAT16;
    case DType::kBF16:
      return proto::TensorProto::BFLOAT16;
    default:
      return proto::TensorProto::FLOAT;
  }
}

bool holds(std::int32_t outer, DType inner) { return outer == proto::TensorProto::FLOAT || outer == float_type(inner); }

}  // namespace kerf::formats::onnx
