#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"
#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// An initializer that is to be written, before its values exist.
struct PlannedTensor {
  std::string name;
  std::int32_t data_type = proto::TensorProto::FLOAT;
  Shape shape;

  /// Of its values as raw_data has them.
  std::uint64_t bytes() const;
};

/// Values as raw_data has them, of tensors in the order in which they were planned.
using TensorBytes = std::vector<std::vector<std::byte>>;

/// Floats in FLOAT, FLOAT16 or BFLOAT16, each of which must hold them exactly: Error(kInput) naming the tensor if not.
std::vector<std::byte> exact_floats(const PlannedTensor& tensor, const std::vector<float>& values);
/// Two codes a byte, the first in the low half; the last byte of an odd number is filled with 0.
std::vector<std::byte> packed_nibbles(const std::vector<std::uint8_t>& codes);

/// The ONNX dtype of a float that is computed with: FLOAT, FLOAT16 or BFLOAT16.
std::int32_t float_type(DType dtype);
/// Does every value of `inner` (f32, f16, bf16) have one in the ONNX dtype `outer`?
bool holds(std::int32_t outer, DType inner);

}  // namespace kerf::formats::onnx
