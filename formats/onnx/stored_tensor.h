#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/tensor.h"
#include "formats/onnx/byte_source.h"
#include "formats/onnx/external_files.h"
#include "formats/onnx/schema.h"
#include "graph/tensor_source.h"

namespace kerf::formats::onnx {

/// A tensor of an ONNX model, its values where they are: in the model's file, in one beside it, or, if they are few or
/// written as numbers, in memory. Copies share them. Thread-safe.
class StoredTensor {
 public:
  /// Checks dtype, shape and place against each other and the files: Error(kInput) naming the model and the tensor.
  /// Strings, complex numbers and sparse tensors are refused.
  StoredTensor(const proto::TensorProto& tensor, const ByteSourcePtr& model, ExternalFiles& external, std::string name);

  const std::string& name() const { return name_; }
  std::int32_t data_type() const { return data_type_; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return numel(shape_); }
  bool is_float() const;
  /// "tensor 'name'"
  std::string place() const;
  std::uint64_t stored_bytes() const { return bytes_; }
  /// Bytes [offset, offset + into.size()) of the values as raw_data has them.
  void read_bytes(std::uint64_t offset, std::span<std::byte> into) const;

  /// The dtype that kerf computes with in place of the stored one: f32 for every float; i8 and u8 for 4 bits; i32 for
  /// 16 bits; i64 for unsigned 32 and 64 bits.
  DType dtype() const;
  /// The same values under another shape of as many elements.
  StoredTensor reshaped(Shape shape) const;
  /// All of it. Infinities are values: masks are made of them.
  Tensor read() const;
  /// The values of a float tensor, read when needed, each checked to be finite.
  graph::SourcePtr source() const;

 private:
  [[noreturn]] void fail(std::string message) const;
  void take_typed_values(const proto::TensorProto& tensor);
  void find_external(const proto::TensorProto& tensor, ExternalFiles& external);

  std::string name_;
  std::int32_t data_type_ = 0;
  Shape shape_;
  std::string model_path_;
  ByteSourcePtr file_;  ///< null: the values are in memory_
  std::shared_ptr<const std::string> memory_;
  std::uint64_t offset_ = 0, bytes_ = 0;
};

/// The dtype that kerf computes with in place of an ONNX one; nullopt: it computes with none such.
std::optional<DType> computing_dtype(std::int32_t data_type);
/// Bits of a stored element; 0 for dtypes that kerf does not read.
int stored_bits(std::int32_t data_type);

}  // namespace kerf::formats::onnx
