#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/dtype.h"

namespace kerf::formats::gguf {

/// A type of tensor elements: what a container needs to know of it (sizes), whether or not this build can decode it.
struct GgmlType {
  std::uint32_t id;
  std::string_view name;    ///< "q4_0"
  std::int64_t block_size;  ///< values; 1 for plain types
  std::int64_t block_bytes;
  int file_type = -1;                         ///< general.file_type of a file that is mostly of this type; -1: none
  std::optional<DType> dtype = std::nullopt;  ///< plain types
};

/// nullptr if the number is not a type, or one that was removed from the format.
const GgmlType* find_ggml_type(std::uint32_t id);
/// The plain type that holds a floating dtype (f32, f16 or bf16); nullptr for others.
const GgmlType* find_ggml_type(DType dtype);
/// "q4_0", or "unknown type 77".
std::string ggml_type_label(std::uint32_t id);

}  // namespace kerf::formats::gguf
