#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/shape.h"
#include "formats/gguf/header_reader.h"
#include "formats/gguf/value.h"

namespace kerf::formats::gguf {

inline constexpr std::uint32_t kDefaultAlignment = 32;
/// ggml's limit of dimensions.
inline constexpr std::size_t kMaxDims = 4;

/// Where a tensor is in the file. `shape` is outermost first, the reverse of the file's order: a PyTorch weight
/// [out, in] is {in, out} in the file and {out, in} here.
struct TensorInfo {
  std::string name;
  Shape shape;
  std::uint32_t type = 0;    ///< ggml's number, always one that find_ggml_type knows
  std::uint64_t offset = 0;  ///< bytes from the start of the file
  std::uint64_t bytes = 0;
};

/// Bytes that a tensor of this type and shape takes; Error(kInput) naming `file` and `place` if the type is unknown,
/// the row length is not a multiple of the type's block, a dimension is not positive, or a product overflows.
std::uint64_t tensor_bytes(std::uint32_t type, const Shape& shape, std::string_view file, std::string_view place);

/// The header of a GGUF file: everything but the tensors' values.
struct Container {
  std::uint32_t version = 3;
  std::uint64_t alignment = kDefaultAlignment;
  std::uint64_t data_offset = 0;  ///< bytes; where the tensors' values begin
  Metadata metadata;
  std::vector<TensorInfo> tensors;  ///< in the file's order
};

bool has_tensor(const Container& container, std::string_view name);

/// Reads and checks the header of a GGUF file, version 2 or 3, of `file_bytes` bytes. Counts and lengths are compared
/// with the file's size before anything is allocated for them; keys and names are unique; every tensor is aligned,
/// inside the file and overlaps no other. Error(kInput) naming `label` and the key, tensor or offset.
Container parse_container(const ReadAt& read, std::uint64_t file_bytes, const std::string& label);
Container read_container(const InputFile& file);

}  // namespace kerf::formats::gguf
